import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from '#types.generated.ts';
import {
  addressNameFaults,
  validateIPAddress,
  validateIPAddressUpdate,
  validateServiceCIDR,
  validateServiceCIDRUpdate,
} from '#validation/networking/addresses.ts';
import {
  classAnnotation,
  validateIngress,
  validateIngressClass,
  validateIngressClassUpdate,
  validateIngressStatus,
  validateIngressUpdate,
} from '#validation/networking/ingress.ts';
import { validateNetworkPolicy, validateNetworkPolicyUpdate } from '#validation/networking/network-policy.ts';
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
  metaTold: 'twice',
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
    validateUpdate: validateIngressUpdate,
    validateStatus: validateIngressStatus,
    warnings: ({ metadata }, old) =>
      old || metadata.annotations?.[classAnnotation] === undefined
        ? []
        : [
            `annotation ${JSON.stringify(classAnnotation)} is deprecated, please use 'spec.ingressClassName' instead`,
          ],
  },
});

const defaultClassAnnotation = 'ingressclass.kubernetes.io/is-default-class';

export const ingressClassBehaviour = behaviour<IngressClass>({
  metaTold: 'twice',
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
    validate: validateIngressClass,
    validateUpdate: validateIngressClassUpdate,
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
    validateUpdate: validateNetworkPolicyUpdate,
  },
});

export const serviceCidrBehaviour = behaviour<ServiceCIDR>({
  columns: [nameColumn, column<ServiceCIDR>('CIDRs', ({ spec }) => (spec?.cidrs ?? []).join(',')), ageColumn],
  strategy: { validate: validateServiceCIDR, validateUpdate: validateServiceCIDRUpdate },
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
  nameRule: addressNameFaults,
  strategy: { validate: validateIPAddress, validateUpdate: validateIPAddressUpdate },
});
