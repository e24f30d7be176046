/** The endpoints that a hand-made Endpoints object stands for, by what slices can hold together; free of I/O. */
import { isIP } from 'node:net';
import type { DiscoveryEndpointPort, Endpoint, EndpointAddress, Endpoints } from '@skerry/api';
import { canonicalJson } from '#runtime/canonical.ts';
import type { EndpointGroup } from '#core/endpoint-slice/service-endpoints.ts';

export const addressesPerSubsetMax = 1_000;

export interface Mirrored {
  readonly groups: readonly EndpointGroup[];
  readonly invalidAddresses: number;
  readonly skippedAddresses: number;
}

export function mirroredEndpoints({ subsets = [] }: Endpoints): Mirrored {
  const groups = new Map<string, EndpointGroup & { readonly seen: Set<string> }>();
  let invalidAddresses = 0;
  let skippedAddresses = 0;
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    const all = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ];
    let taken = 0;
    for (const { address, ready } of all) {
      const addressType = typeOf(address.ip);
      if (!addressType) invalidAddresses++;
      if (!addressType || taken === addressesPerSubsetMax) {
        skippedAddresses++;
        continue;
      }
      taken++;
      const slicePorts = ports.map(
        ({ name = '', port, protocol = 'TCP', appProtocol }): DiscoveryEndpointPort => ({
          name,
          port,
          protocol,
          ...(appProtocol ? { appProtocol } : {}),
        }),
      );
      const key = canonicalJson([addressType, slicePorts]);
      const group = groups.get(key) ?? {
        addressType,
        pool: undefined,
        ports: slicePorts,
        endpoints: [],
        seen: new Set<string>(),
      };
      groups.set(key, group);
      // Twice in one object, it is ready where it came first.
      if (!group.seen.has(address.ip)) group.endpoints.push(endpointOf(address, ready));
      group.seen.add(address.ip);
    }
  }
  return { groups: [...groups.values()], invalidAddresses, skippedAddresses };
}

function endpointOf({ ip, nodeName, hostname, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(targetRef ? { targetRef } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(hostname ? { hostname } : {}),
  };
}

function typeOf(address: string): EndpointGroup['addressType'] | undefined {
  const family = isIP(address);
  return family === 0 ? undefined : family === 4 ? 'IPv4' : 'IPv6';
}
