import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from '#types.generated.ts';
import { invalidValues } from '#validation/faults.ts';
import { validateIngress, validateNetworkPolicy } from '#validation/networking.ts';
import { cidrFaults } from '#validation/names.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn, selectorText } from '#kinds/columns.ts';
import { loadBalancerText } from '#kinds/core/service.ts';

const hostsShownMax = 3;

function hostsText({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const hosts: string[] = [];
  let more = false;
  for (const { host } of rules) {
    if (hosts.length === hostsShownMax) more = true;
    if (!more && host) hosts.push(host);
  }
  if (hosts.length === 0) return '*';
  return more ? `${hosts.join(',')} + ${rules.length - hostsShownMax} more...` : hosts.join(',');
}

export const ingressBehaviour = behaviour<Ingress>({
  columns: [
    nameColumn,
    column<Ingress>('Class', ({ spec }) => spec?.ingressClassName ?? '<none>'),
    column<Ingress>('Hosts', hostsText),
    column<Ingress>('Address', ({ status }) => loadBalancerText(status?.loadBalancer?.ingress)),
    column<Ingress>('Ports', ({ spec }) => (spec?.tls?.length ? '80, 443' : '80')),
    ageColumn,
  ],
  strategy: {
    setDefaults(ingress) {
      ingress.status ??= {};
      ingress.status.loadBalancer ??= {};
    },
    validate: validateIngress,
  },
});

const defaultClassAnnotation = 'ingressclass.kubernetes.io/is-default-class';

export const ingressClassBehaviour = behaviour<IngressClass>({
  columns: [
    {
      ...nameColumn,
      cell: ({ metadata }) =>
        `${metadata?.name ?? ''}${metadata?.annotations?.[defaultClassAnnotation] === 'true' ? ' (default)' : ''}`,
    },
    column<IngressClass>('Controller', ({ spec }) => spec?.controller),
    column<IngressClass>('Parameters', ({ spec }) => {
      const parameters = spec?.parameters;
      if (!parameters) return '<none>';
      const group = parameters.apiGroup ? `.${parameters.apiGroup}` : '';
      return `${parameters.kind}${group}/${parameters.name}`;
    }),
    ageColumn,
  ],
  strategy: {
    setDefaults({ spec }) {
      if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
    },
  },
});

export const networkPolicyBehaviour = behaviour<NetworkPolicy>({
  columns: [
    nameColumn,
    column<NetworkPolicy>('Pod-Selector', ({ spec }) => selectorText(spec?.podSelector)),
    ageColumn,
  ],
  strategy: {
    setDefaults({ spec }) {
      if (!spec) return;
      spec.podSelector ??= {};
      for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
        for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
      if (!spec.policyTypes?.length)
        spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
    },
    validate: validateNetworkPolicy,
  },
});

export const serviceCidrBehaviour = behaviour<ServiceCIDR>({
  columns: [nameColumn, column<ServiceCIDR>('CIDRs', ({ spec }) => (spec?.cidrs ?? []).join(',')), ageColumn],
  strategy: {
    validate: ({ spec }) =>
      (spec?.cidrs ?? []).flatMap((cidr, index) =>
        invalidValues(`spec.cidrs[${index}]`, cidr, cidrFaults(cidr)),
      ),
  },
});

export const ipAddressBehaviour = behaviour<IPAddress>({
  columns: [
    nameColumn,
    column<IPAddress>('ParentRef', ({ spec }) => {
      const parent = spec?.parentRef;
      if (!parent) return '<none>';
      const group = parent.group ? `.${parent.group}` : '';
      return [`${parent.resource ?? ''}${group}`.toLowerCase(), parent.namespace, parent.name]
        .filter(Boolean)
        .join('/');
    }),
    ageColumn,
  ],
  // The name is the address itself; IPv6 has colons.
  nameRule: () => [],
});
