/** Where a `…/proxy` request goes: a pod, a pod behind a Service, or a node's own server. */
import { ApiError, badRequest, notFound, type Service } from '@skerry/api';
import {
  chooseEndpoint,
  isOwnAddress,
  readyEndpoints,
  services,
  slicesOf,
} from '#outgoing/service-endpoint.ts';
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

/** As clients name the port of a node's own server; its link leads there whatever the port. */
const ownPort = '10250';
const nodes = { group: '', resource: 'nodes' };

export function backendOf(read: ObjectReader, info: ResourceRequest, random: () => number): Backend {
  switch (info.resource) {
    case 'nodes':
      return nodeBackend(read, parseProxyName(info.name, 'node'));
    case 'services':
      return serviceBackend(read, info, random);
    default:
      return podBackend(read, info, parseProxyName(info.name, 'pod'));
  }
}

function nodeBackend(read: ObjectReader, { name, port }: ProxyName): Backend {
  if (!read.get(nodes, name)) throw notFound(nodes, name);
  if (port !== '' && port !== ownPort)
    throw unavailable(
      `error trying to reach service: a node is only reached at its own server, not at port ${port}`,
    );
  return { kind: 'node', node: name };
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
  { namespace, name: asked }: ResourceRequest,
  random: () => number,
): Backend {
  const { name, port, scheme } = parseProxyName(asked, 'service');
  const service = read.get<Service>(services, name, namespace);
  if (!service) throw notFound(services, name);
  const ports = service.spec?.ports ?? [];
  const wanted =
    port === '' && ports.length === 1
      ? ports[0]
      : ports.find((each) => (port !== '' && each.name === port) || String(each.port) === port);
  if (!wanted && /^\d+$/.test(port))
    throw unavailable(`no service port ${Number(port)} found for service ${JSON.stringify(name)}`);
  // As stock servers: without endpoints of its own, not even ones that aren't ready, there is no such service.
  if (slicesOf(read, service).length === 0) throw notFound(services, name);
  if (!wanted) throw unavailable(`no endpoints available for service ${JSON.stringify(asked)}`);
  // Only what a node holds is reached for a client: an address written down by hand could be anybody's.
  const held = readyEndpoints(read, service, wanted).flatMap(({ node, ...rest }) =>
    node ? [{ node, ...rest }] : [],
  );
  const { node, address, port: number } = chooseEndpoint(asked, held, random);
  return { kind: 'pod', node: node!, address, port: number, secure: scheme === 'https' };
}

function validPort(port: number, asked: string): number {
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw badRequest(`port ${JSON.stringify(asked)} is neither a number nor the name of a port of the pod`);
}

function unavailable(message: string): ApiError {
  return new ApiError('ServiceUnavailable', message);
}
