/** A cluster's own API, and the management API, as the caller. */
import { ApiError, notFound } from '@skerry/api';
import { type ClusterAccess, managementCluster } from '#access/cluster-access.ts';
import { type KubernetesPath, parseKubernetesPath } from '#access/kubernetes-path.ts';
import {
  acceptOf,
  bodyBytesMax,
  bodyTypes,
  checkPassable,
  isSecret,
  needsProof,
  queryOf,
} from '#access/proxy-rules.ts';
import { paths } from '#contract/paths.ts';
import type { CenterRequest, CenterResponse, Method, Route } from '#http/route.ts';
import { decodeSegment } from '#http/router.ts';
import { requireStepUp } from '#sessions/gate.ts';

const methods: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const answerBytesMax = 64 << 20;
/** What an answer may say it is; anything else is bytes to keep. */
const answerTypes = /^(?:application\/(?:json|yaml)|text\/plain)\b/;

export function proxyRoutes(access: ClusterAccess): Route[] {
  return methods.flatMap((method): Route[] => [
    {
      method,
      pattern: paths.kubernetes(':cluster', '*'),
      contentTypes: bodyTypes,
      handle: (request) => passOn(access, request, request.params['cluster'] ?? ''),
    },
    {
      method,
      pattern: paths.management('*'),
      contentTypes: bodyTypes,
      handle: (request) => passOn(access, request, managementCluster),
    },
  ]);
}

async function passOn(
  access: ClusterAccess,
  request: CenterRequest,
  cluster: string,
): Promise<CenterResponse> {
  const { caller, method, audit, params, header, signal } = request;
  const target = params['*'] ?? '';
  const path = parseKubernetesPath(decoded(target));
  if (!path) throw notFound({ group: '', resource: 'paths' }, `/${target}`);
  audit.action = `${method} ${path.resource ?? 'document'}${path.subresource ? `/${path.subresource}` : ''}`;
  audit.object = objectText(path);
  audit.keep ||= isSecret(path);
  checkPassable(path);
  const accept = acceptOf(header('accept'));
  if (needsProof({ method, accept }, path)) requireStepUp(caller);
  const query = queryOf(request.query, { method, path, accept });
  const body = method === 'GET' ? undefined : await request.body(bodyBytesMax);
  const answer = await access.transport(caller, cluster).request({
    method,
    path: `/${target}${query}`,
    headers: {
      accept,
      'user-agent': 'skerry-console',
      ...(body?.length ? { 'content-type': header('content-type') ?? 'application/json' } : {}),
    },
    ...(body?.length ? { body } : {}),
    signal,
  });
  if (answer.status >= 400) audit.message = `HTTP ${answer.status}`;
  const type = answer.headers['content-type'] ?? '';
  const warning = answer.headers['warning'];
  return {
    status: answer.status,
    headers: {
      'content-type': answerTypes.test(type) ? type : 'application/octet-stream',
      ...(warning ? { warning } : {}),
    },
    body: bounded(answer.body),
  };
}

/** What is looked at must be what the cluster will read, so every segment is decoded, once. */
function decoded(target: string): string {
  return target.split('/').map(decodeSegment).join('/');
}

async function* bounded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > answerBytesMax) throw new ApiError('RequestEntityTooLarge', 'the answer is too large');
    yield chunk;
  }
}

function objectText({ group, resource, namespace, name }: KubernetesPath): string {
  const kind = resource && group ? `${resource}.${group}` : (resource ?? '');
  return [kind, namespace, name].filter(Boolean).join('/');
}
