/** The older Endpoints object of a Service, which some clients still read: one object, at most 1,000 addresses. */
import type {
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  Endpoint,
  Endpoints,
  Service,
} from '@skerry/api';
import { canonicalJson } from '#runtime/canonical.ts';
import { isHeadless } from '#core/endpoint-slice/service-endpoints.ts';
import type { EndpointGroup } from '#core/endpoint-slice/service-endpoints.ts';

export const managedByLabel = 'endpoints.kubernetes.io/managed-by';
export const manager = 'endpoint-controller';
export const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';

const addressesMax = 1_000;

/** Subsets are by ports alone: the old API knows no pools. */
interface Subset {
  readonly ports: EndpointGroup['ports'];
  readonly ready: Endpoint[];
  readonly notReady: Endpoint[];
}

export function endpointsObject(service: Service, groups: readonly EndpointGroup[]): Endpoints {
  const { name, namespace, labels } = service.metadata;
  const all = subsetsOf(groups);
  const { kept, isTruncated } = truncated(all);
  const subsets = kept.filter(({ ready, notReady }) => ready.length + notReady.length > 0).map(subsetObject);
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name,
      namespace,
      labels: {
        ...labels,
        [managedByLabel]: manager,
        ...(isHeadless(service) ? { 'service.kubernetes.io/headless': '' } : {}),
      },
      ...(isTruncated ? { annotations: { [overCapacityAnnotation]: 'truncated' } } : {}),
    },
    ...(subsets.length > 0 ? { subsets } : {}),
  };
}

function subsetsOf(groups: readonly EndpointGroup[]): Subset[] {
  const primary = groups[0]?.addressType;
  const subsets = new Map<string, Subset>();
  for (const { addressType, ports, endpoints } of groups) {
    if (addressType !== primary) continue;
    const key = canonicalJson(ports);
    const subset = subsets.get(key) ?? { ports, ready: [], notReady: [] };
    subsets.set(key, subset);
    for (const endpoint of endpoints) {
      const { ready, terminating } = endpoint.conditions ?? {};
      // It knows no pods that are on their way out either.
      if (ready) subset.ready.push(endpoint);
      else if (!terminating) subset.notReady.push(endpoint);
    }
  }
  return [...subsets.values()];
}

/** Ready addresses come first; each subset keeps a share by its size. */
function truncated(subsets: readonly Subset[]): { kept: readonly Subset[]; isTruncated: boolean } {
  const ready = subsets.reduce((sum, subset) => sum + subset.ready.length, 0);
  const notReady = subsets.reduce((sum, subset) => sum + subset.notReady.length, 0);
  if (ready + notReady <= addressesMax) return { kept: subsets, isTruncated: false };
  const readyRoom = Math.min(ready, addressesMax);
  const readyShares = shares(
    subsets.map((subset) => subset.ready.length),
    readyRoom,
  );
  const notReadyShares = shares(
    subsets.map((subset) => subset.notReady.length),
    addressesMax - readyRoom,
  );
  const kept = subsets.map((subset, index) => ({
    ports: subset.ports,
    ready: subset.ready.toSorted(byAddress).slice(0, readyShares[index]),
    notReady: subset.notReady.toSorted(byAddress).slice(0, notReadyShares[index]),
  }));
  return { kept, isTruncated: true };
}

/** `room` dealt out in proportion to counts that add up to `room` or more. */
function shares(counts: readonly number[], room: number): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return counts.map(() => 0);
  const dealt = counts.map((count) => Math.floor((count * room) / total));
  let left = room - dealt.reduce((sum, count) => sum + count, 0);
  return dealt.map((count, index) =>
    left > 0 && count < (counts[index] ?? 0) ? (left--, count + 1) : count,
  );
}

function subsetObject({ ports, ready, notReady }: Subset): EndpointSubset {
  const addresses = ready.toSorted(byAddress).map(addressObject);
  const notReadyAddresses = notReady.toSorted(byAddress).map(addressObject);
  return {
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
    ports: ports.map(({ name: portName, port, protocol, appProtocol }): EndpointPort => ({
      ...(portName ? { name: portName } : {}),
      port: port ?? 0,
      protocol,
      ...(appProtocol ? { appProtocol } : {}),
    })),
  };
}

function addressObject({ addresses, nodeName, targetRef, hostname }: Endpoint): EndpointAddress {
  return { ip: addresses[0] ?? '', nodeName, targetRef, ...(hostname ? { hostname } : {}) };
}

function byAddress(a: Endpoint, b: Endpoint): number {
  return (a.addresses[0] ?? '') < (b.addresses[0] ?? '') ? -1 : 1;
}
