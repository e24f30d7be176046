/** Where a `…/proxy` request goes: a pod, a pod behind a Service, or a node's own server. */
import { BlockList, isIP } from 'node:net';
import { ApiError, badRequest, notFound, type EndpointSlice, type Service } from '@skerry/api';
import { findPod, nodeOf } from '#proxy/pod-target.ts';
import { parseProxyName, type ProxyName } from '#proxy/proxy-path.ts';
import type { ResourceRequest } from '#request-info.ts';
import type { ObjectReader } from '#security.ts';

export type Backend =
  | {
      readonly kind: 'pod';
      readonly node: string;
      readonly address: string;
      readonly port: number;
      readonly secure: boolean;
    }
  | { readonly kind: 'node'; readonly node: string };

const services = { group: '', resource: 'services' };
const nodes = { group: '', resource: 'nodes' };
const endpointSlices = { group: 'discovery.k8s.io', resource: 'endpointslices' };
const serviceNameLabel = 'kubernetes.io/service-name';

export function backendOf(read: ObjectReader, info: ResourceRequest, random: () => number): Backend {
  const target = parseProxyName(info.name);
  switch (info.resource) {
    case 'nodes':
      if (!read.get(nodes, target.name)) throw notFound(nodes, target.name);
      return { kind: 'node', node: target.name };
    case 'services':
      return serviceBackend(read, info.namespace, { target, random });
    default:
      return podBackend(read, info, target);
  }
}

function podBackend(read: ObjectReader, info: ResourceRequest, { scheme, name, port }: ProxyName): Backend {
  const pod = findPod(read, info, name);
  const node = nodeOf(pod);
  const address = pod.status?.podIP;
  if (!address) throw badRequest(`pod ${name} has no address yet`);
  if (isOwnAddress(address)) throw badRequest(`address not allowed: pod ${name} says that it has ${address}`);
  const declared = pod.spec?.containers.flatMap((container) => container.ports ?? []) ?? [];
  const secure = scheme === 'https';
  const number = port === '' ? (declared[0]?.containerPort ?? (secure ? 443 : 80)) : Number(port);
  const named = declared.find((each) => each.name === port)?.containerPort;
  return { kind: 'pod', node, address, port: validPort(named ?? number, port), secure };
}

function serviceBackend(
  read: ObjectReader,
  namespace: string,
  { target, random }: { target: ProxyName; random: () => number },
): Backend {
  const { name, port, scheme } = target;
  const service = read.get<Service>(services, name, namespace);
  if (!service) throw notFound(services, name);
  const ports = service.spec?.ports ?? [];
  const wanted =
    port === '' && ports.length === 1
      ? ports[0]
      : ports.find((each) => (port !== '' && each.name === port) || String(each.port) === port);
  if (!wanted) throw unavailable(`no service port "${port}" found for service "${name}"`);
  const choices = read
    .list<EndpointSlice>(endpointSlices, namespace)
    .filter((slice) => slice.metadata.labels?.[serviceNameLabel] === name)
    .flatMap((slice) => {
      const number = slice.ports?.find((each) => (each.name ?? '') === (wanted.name ?? ''))?.port;
      if (number === undefined) return [];
      return (slice.endpoints ?? [])
        .filter((endpoint) => endpoint.conditions?.ready !== false)
        .flatMap(({ nodeName, addresses }) =>
          nodeName && addresses[0] && !isOwnAddress(addresses[0])
            ? [{ node: nodeName, address: addresses[0], port: number }]
            : [],
        );
    });
  const chosen = choices[Math.floor(random() * choices.length)];
  if (!chosen) throw unavailable(`no endpoints available for service "${name}"`);
  return { kind: 'pod', ...chosen, secure: scheme === 'https' };
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

function isOwnAddress(address: string): boolean {
  const family = isIP(address);
  return family === 0 || ownAddresses.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function validPort(port: number, asked: string): number {
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw badRequest(`port ${JSON.stringify(asked)} is neither a number nor the name of a port of the pod`);
}

function unavailable(message: string): ApiError {
  return new ApiError('ServiceUnavailable', message);
}
