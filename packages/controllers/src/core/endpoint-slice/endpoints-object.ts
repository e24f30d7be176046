/** The older Endpoints object of a Service, which some clients still read: one object, at most 1,000 addresses. */
import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Service } from '@skerry/api';
import { isHeadless } from '#core/endpoint-slice/service-endpoints.ts';
import type { EndpointGroup } from '#core/endpoint-slice/service-endpoints.ts';

export const managedByLabel = 'endpoints.kubernetes.io/managed-by';
export const manager = 'endpoint-controller';

const addressesMax = 1_000;
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';

export function endpointsObject(service: Service, groups: readonly EndpointGroup[]): Endpoints {
  const { name, namespace, labels } = service.metadata;
  const primary = groups[0]?.addressType;
  const subsets: EndpointSubset[] = [];
  let room = addressesMax;
  let isTruncated = false;
  for (const { addressType, ports, endpoints } of groups) {
    if (addressType !== primary || endpoints.length === 0) continue;
    const addresses: EndpointAddress[] = [];
    const notReadyAddresses: EndpointAddress[] = [];
    for (const { addresses: ips, conditions, nodeName, targetRef, hostname } of endpoints) {
      // The old API knows no pods that are on their way out.
      const isHidden = conditions?.terminating && !conditions.ready;
      if (isHidden) continue;
      if (room === 0) {
        isTruncated = true;
        continue;
      }
      room--;
      const address = { ip: ips[0] ?? '', nodeName, targetRef, ...(hostname ? { hostname } : {}) };
      (conditions?.ready ? addresses : notReadyAddresses).push(address);
    }
    if (addresses.length + notReadyAddresses.length === 0) continue;
    const byIp = (a: EndpointAddress, b: EndpointAddress) => (a.ip < b.ip ? -1 : 1);
    subsets.push({
      ...(addresses.length > 0 ? { addresses: addresses.sort(byIp) } : {}),
      ...(notReadyAddresses.length > 0 ? { notReadyAddresses: notReadyAddresses.sort(byIp) } : {}),
      ports: ports.map(({ name: portName, port, protocol, appProtocol }): EndpointPort => ({
        ...(portName ? { name: portName } : {}),
        port: port ?? 0,
        protocol,
        ...(appProtocol ? { appProtocol } : {}),
      })),
    });
  }
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
