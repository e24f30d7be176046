/**
 * Which pods serve a Service, on which ports; free of I/O.
 * Rules: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
 */
import type { DiscoveryEndpointPort, Endpoint, Node, Pod, Service, ServicePort } from '@skerry/api';
import { nodePoolLabel } from '#edge/node-pool/definition.ts';
import { isFinished, isReady } from '#runtime/pods.ts';
import { canonicalJson } from '#runtime/canonical.ts';

type AddressType = 'IPv4' | 'IPv6';

/**
 * Endpoints that share an address family, the pool of their nodes and, since named ports may differ between pods, their
 * port numbers. By pool, so that a machine can watch the slices alone that it has a use for.
 */
export interface EndpointGroup {
  readonly addressType: AddressType;
  /** Undefined for pods on nodes without a pool, and where there are no endpoints. */
  readonly pool: string | undefined;
  readonly ports: readonly DiscoveryEndpointPort[];
  readonly endpoints: Endpoint[];
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None';
}

/** Whether its endpoints are ours to find: those of a Service without selector are somebody else's. */
export function hasOwnEndpoints({ spec, metadata }: Service): boolean {
  return Boolean(
    !metadata.deletionTimestamp &&
    spec?.type !== 'ExternalName' &&
    spec?.selector &&
    Object.keys(spec.selector).length > 0,
  );
}

/** At least one group per address family, with no endpoints where there are none. */
export function endpointGroups(
  service: Service,
  { pods, nodeOf }: { readonly pods: readonly Pod[]; nodeOf: (name: string) => Node | undefined },
): EndpointGroup[] {
  const groups = new Map<string, EndpointGroup>();
  for (const addressType of familiesOf(service)) {
    let hasGroup = false;
    for (const pod of pods) {
      const endpoint = endpointOf(service, pod, { addressType, nodeOf });
      if (!endpoint) continue;
      const ports = portsOf(service, pod);
      const pool = poolOf(nodeOf(endpoint.nodeName ?? ''));
      const key = canonicalJson([addressType, pool ?? '', ports]);
      const group = groups.get(key) ?? { addressType, pool, ports, endpoints: [] };
      group.endpoints.push(endpoint);
      groups.set(key, group);
      hasGroup = true;
    }
    if (!hasGroup) groups.set(addressType, { addressType, pool: undefined, ports: [], endpoints: [] });
  }
  return [...groups.values()];
}

export function poolOf(node: Node | undefined): string | undefined {
  return node?.metadata.labels?.[nodePoolLabel] || undefined;
}

function familiesOf({ spec }: Service): AddressType[] {
  const families = spec?.ipFamilies?.filter((family) => family === 'IPv4' || family === 'IPv6') ?? [];
  if (families.length > 0) return families;
  return [spec?.clusterIP?.includes(':') ? 'IPv6' : 'IPv4'];
}

function addressOf({ status }: Pod, addressType: AddressType): string | undefined {
  const addresses = status?.podIPs?.map(({ ip }) => ip) ?? (status?.podIP ? [status.podIP] : []);
  return addresses.find((ip) => (ip.includes(':') ? 'IPv6' : 'IPv4') === addressType);
}

function endpointOf(
  service: Service,
  pod: Pod,
  { addressType, nodeOf }: { addressType: AddressType; nodeOf: (name: string) => Node | undefined },
): Endpoint | undefined {
  const address = addressOf(pod, addressType);
  const nodeName = pod.spec?.nodeName;
  if (!address || isFinished(pod) || !nodeName) return undefined;
  const node = nodeOf(nodeName);
  if (!node) return undefined;
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const { hostname, subdomain } = pod.spec ?? {};
  const zone = node.metadata.labels?.['topology.kubernetes.io/zone'];
  const { namespace, name, uid } = pod.metadata;
  return {
    addresses: [address],
    conditions: {
      ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    targetRef: { kind: 'Pod', namespace, name, uid },
    nodeName,
    ...(zone ? { zone } : {}),
    ...(hostname && subdomain === service.metadata.name ? { hostname } : {}),
  };
}

function portsOf({ spec }: Service, pod: Pod): DiscoveryEndpointPort[] {
  return (spec?.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = port;
    return [{ name, protocol, port: number, ...(appProtocol ? { appProtocol } : {}) }];
  });
}

function targetPort(
  { targetPort: target, port, protocol = 'TCP' }: ServicePort,
  pod: Pod,
): number | undefined {
  if (target === undefined || target === 0 || target === '') return port;
  if (typeof target === 'number') return target;
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const { ports } of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const named = ports?.find((one) => one.name === target && (one.protocol ?? 'TCP') === protocol);
    if (named) return named.containerPort;
  }
  return undefined;
}

/** By what an endpoint is known again: its pod and address. */
export function endpointKey({ addresses, targetRef }: Endpoint): string {
  return `${targetRef?.uid ?? ''}/${addresses.join(',')}`;
}
