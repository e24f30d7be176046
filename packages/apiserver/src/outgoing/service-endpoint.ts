/** Who answers for a Service: the ready endpoints of one of its ports, or the name outside that it stands for. */
import { BlockList, isIP } from 'node:net';
import {
  ApiError,
  type EndpointSlice,
  type GroupResource,
  type Service,
  type ServicePort,
} from '@skerry/api';
import type { ObjectReader } from '#security.ts';

export interface ServiceEndpoint {
  /** The node of the pod; undefined for an address that somebody wrote down by hand. */
  readonly node: string | undefined;
  readonly address: string;
  readonly port: number;
}

export const services: GroupResource = { group: '', resource: 'services' };
export const endpointSlices: GroupResource = { group: 'discovery.k8s.io', resource: 'endpointslices' };
const serviceNameLabel = 'kubernetes.io/service-name';

/** Endpoints that are ready, in the order of their slices. */
export function readyEndpoints(read: ObjectReader, service: Service, port: ServicePort): ServiceEndpoint[] {
  return slicesOf(read, service).flatMap((slice) => endpointsIn(slice, port));
}

export function slicesOf(read: ObjectReader, { metadata }: Service): EndpointSlice[] {
  return read
    .list<EndpointSlice>(endpointSlices, metadata.namespace)
    .filter((slice) => slice.metadata.labels?.[serviceNameLabel] === metadata.name);
}

function endpointsIn({ ports, endpoints }: EndpointSlice, port: ServicePort): ServiceEndpoint[] {
  const number = ports?.find((each) => (each.name ?? '') === (port.name ?? ''))?.port;
  if (number === undefined) return [];
  return (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ nodeName, addresses: [address] }) =>
      address && !isOwnAddress(address) ? [{ node: nodeName || undefined, address, port: number }] : [],
    );
}

/** Any of them; 503 when there is none. */
export function chooseEndpoint(
  service: string,
  choices: readonly ServiceEndpoint[],
  random: () => number,
): ServiceEndpoint {
  const chosen = choices[Math.floor(random() * choices.length)];
  if (chosen) return chosen;
  throw new ApiError('ServiceUnavailable', `no endpoints available for service "${service}"`);
}

/** Addresses that mean the machine which dials, or its link: what writes a status must not lead others there. */
const ownAddresses = new BlockList();
ownAddresses.addSubnet('127.0.0.0', 8, 'ipv4');
ownAddresses.addSubnet('0.0.0.0', 8, 'ipv4');
ownAddresses.addSubnet('169.254.0.0', 16, 'ipv4');
ownAddresses.addSubnet('224.0.0.0', 4, 'ipv4');
ownAddresses.addAddress('::', 'ipv6');
ownAddresses.addAddress('::1', 'ipv6');
ownAddresses.addSubnet('fe80::', 10, 'ipv6');
ownAddresses.addSubnet('ff00::', 8, 'ipv6');

export function isOwnAddress(address: string): boolean {
  const family = isIP(address);
  return family === 0 || ownAddresses.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
