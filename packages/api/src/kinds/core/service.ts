import type { Endpoints, LoadBalancerIngress, Service } from '#types.generated.ts';
import { dns1035LabelFaults } from '#validation/names.ts';
import { validateService, validateServiceUpdate } from '#validation/service.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, firstThree, labelsText, nameColumn } from '#kinds/columns.ts';

/** Addresses or host names, each once, sorted. */
export function loadBalancerText(
  ingress: readonly Pick<LoadBalancerIngress, 'ip' | 'hostname'>[] | undefined,
): string {
  const targets = (ingress ?? [])
    .map(({ ip, hostname }) => ip || hostname || '')
    .filter((text) => text !== '');
  return [...new Set(targets)].sort().join(',');
}

function externalText(service: Service): string {
  const { type, externalIPs = [], externalName } = service.spec ?? {};
  switch (type) {
    case 'ClusterIP':
    case 'NodePort':
      return externalIPs.join(',') || '<none>';
    case 'LoadBalancer': {
      const balancer = loadBalancerText(service.status?.loadBalancer?.ingress);
      return [...(balancer ? [balancer] : []), ...externalIPs].join(',') || '<pending>';
    }
    case 'ExternalName':
      return externalName ?? '';
    default:
      return '<unknown>';
  }
}

function portsText(service: Service): string {
  const texts = (service.spec?.ports ?? []).map(({ port, nodePort, protocol = 'TCP' }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return texts.join(',') || '<none>';
}

function setServiceDefaults(service: Service): void {
  const spec = (service.spec ??= {});
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (
    spec.sessionAffinity === 'ClientIP' &&
    spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined
  )
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10_800 } };
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    port.targetPort ||= port.port;
  }
  const external =
    spec.type === 'NodePort' ||
    spec.type === 'LoadBalancer' ||
    (spec.type === 'ClusterIP' && !!spec.externalIPs?.length);
  if (external) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  service.status ??= {};
  service.status.loadBalancer ??= {};
  if (spec.type === 'LoadBalancer')
    for (const ingress of service.status.loadBalancer.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
}

export const serviceBehaviour = behaviour<Service>({
  nameRule: dns1035LabelFaults,
  columns: [
    nameColumn,
    column<Service>('Type', (service) => service.spec?.type),
    column<Service>('Cluster-IP', (service) => service.spec?.clusterIPs?.[0] ?? '<none>'),
    column<Service>('External-IP', externalText),
    column<Service>('Port(s)', portsText),
    ageColumn,
    column<Service>('Selector', (service) => labelsText(service.spec?.selector), { wide: true }),
  ],
  strategy: {
    setDefaults: setServiceDefaults,
    validate: validateService,
    validateUpdate: validateServiceUpdate,
    prepareForUpdate(service, old) {
      // Replacing a Service without naming what was allocated for it keeps it.
      const spec = (service.spec ??= {});
      const before = old.spec ?? {};
      if (spec.type === 'ExternalName') return;
      if (before.type !== 'ExternalName' && !spec.clusterIP && !spec.clusterIPs?.length) {
        spec.clusterIP = before.clusterIP;
        spec.clusterIPs = before.clusterIPs;
      }
      spec.ipFamilies ??= before.ipFamilies;
      spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
      if (spec.type === 'ClusterIP' || before.type === 'ClusterIP') return;
      for (const port of spec.ports ?? []) {
        const same = before.ports?.find(
          (other) => other.port === port.port && (other.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
        );
        port.nodePort ||= same?.nodePort;
      }
    },
    fieldValue(service, field) {
      if (field === 'spec.clusterIP') return service.spec?.clusterIP ?? '';
      return field === 'spec.type' ? (service.spec?.type ?? '') : undefined;
    },
  },
});

function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function endpointsText(endpoints: Endpoints): string {
  const subsets = endpoints.subsets ?? [];
  if (subsets.length === 0) return '<none>';
  const targets = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => joinHostPort(ip, port))),
  );
  return firstThree(targets, '');
}

export const endpointsBehaviour = behaviour<Endpoints>({
  columns: [nameColumn, column<Endpoints>('Endpoints', endpointsText), ageColumn],
  strategy: {
    setDefaults(endpoints) {
      for (const subset of endpoints.subsets ?? [])
        for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
    },
    warnings: () => ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  },
});
