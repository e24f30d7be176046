import type { Endpoints, LoadBalancerIngress, Service, ServiceSpec } from '#types.generated.ts';
import { sameJson } from '#validation/faults.ts';
import { dnsLabelFaults } from '#validation/names.ts';
import {
  validateEndpoints,
  validateEndpointsUpdate,
  validateService,
  validateServiceStatus,
  validateServiceUpdate,
} from '#validation/core/service.ts';
import { serviceWarnings } from '#validation/core/service-warnings.ts';
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

function hasNodePorts({ type }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer';
}

/** What only the former type needed goes with it, where it was not changed as well: patching the type alone is enough. */
function hasHealthPort({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

function dropOfFormerType(spec: ServiceSpec, before: ServiceSpec): void {
  if (spec.type === 'ExternalName' && before.type !== 'ExternalName') {
    if (spec.clusterIP === before.clusterIP) delete spec.clusterIP;
    if (sameJson(spec.clusterIPs, before.clusterIPs)) delete spec.clusterIPs;
    if (sameJson(spec.ipFamilies, before.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === before.ipFamilyPolicy) delete spec.ipFamilyPolicy;
    delete spec.internalTrafficPolicy;
  }
  if (
    hasHealthPort(before) &&
    !hasHealthPort(spec) &&
    spec.healthCheckNodePort === before.healthCheckNodePort
  )
    delete spec.healthCheckNodePort;
  if (hasNodePorts(before) && !hasNodePorts(spec)) {
    const taken = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
    for (const port of spec.ports ?? []) if (taken.has(port.nodePort)) delete port.nodePort;
    if (spec.externalTrafficPolicy === before.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  }
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts)
      delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass;
  }
}

export const serviceBehaviour = behaviour<Service>({
  nameRule: dnsLabelFaults,
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
    validateStatus: validateServiceStatus,
    warnings: serviceWarnings,
    prepareForUpdate(service, old) {
      if (!old.spec) return;
      service.spec ??= {};
      dropOfFormerType(service.spec, old.spec);
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
  metaTold: 'twice',
  columns: [nameColumn, column<Endpoints>('Endpoints', endpointsText), ageColumn],
  strategy: {
    setDefaults(endpoints) {
      for (const subset of endpoints.subsets ?? [])
        for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
    },
    validate: validateEndpoints,
    validateUpdate: validateEndpointsUpdate,
    warnings: () => ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  },
});
