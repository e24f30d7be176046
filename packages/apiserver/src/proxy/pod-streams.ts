/** Logs, exec, attach and port-forward: the request is put to the node's own server, whose answer goes back as it is. */
import { ApiError, badRequest, type Pod } from '@skerry/api';
import { joinPath } from '#proxy/proxy-path.ts';
import { assertLogExists, chooseContainer, findPod, nodeOf } from '#proxy/pod-target.ts';
import { isTrue, type ResourceRequest } from '#request-info.ts';
import type { ObjectReader } from '#security.ts';

/** Where on a node a request belongs. */
export interface NodeTarget {
  readonly node: string;
  /** Path and query. */
  readonly path: string;
}

const logParameters = [
  'follow',
  'previous',
  'sinceSeconds',
  'sinceTime',
  'timestamps',
  'tailLines',
  'limitBytes',
  'stream',
];

/** Undefined for a pod that has no node yet: its log is empty. */
export function logTarget(
  read: ObjectReader,
  info: ResourceRequest,
  query: URLSearchParams,
): NodeTarget | undefined {
  validateLogOptions(info.name, query);
  const pod = findPod(read, info);
  const container = chooseContainer(pod, query.get('container'));
  if (!pod.spec?.nodeName) return undefined;
  const previous = query.get('previous');
  assertLogExists(pod, container, previous === 'true' || previous === '1');
  const forwarded = new URLSearchParams();
  for (const name of logParameters) {
    const value = query.get(name);
    if (value !== null && value !== '') forwarded.set(name, value);
  }
  return at(pod, 'containerLogs', container, forwarded);
}

export function streamTarget(read: ObjectReader, info: ResourceRequest, query: URLSearchParams): NodeTarget {
  const pod = findPod(read, info);
  const forwarded = new URLSearchParams();
  if (info.subresource === 'portforward') {
    nodeOf(pod);
    for (const port of query.getAll('ports').flatMap((text) => text.split(',')))
      forwarded.append('port', port);
    return at(pod, 'portForward', undefined, forwarded);
  }
  const container = chooseContainer(pod, query.get('container'));
  nodeOf(pod);
  const streams = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' };
  for (const [asked, name] of Object.entries(streams)) {
    if (isTrue(query.get(asked))) forwarded.set(name, '1');
  }
  if (!['input', 'output', 'error'].some((name) => forwarded.has(name))) {
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  }
  if (info.subresource === 'exec') {
    const command = query.getAll('command');
    if (command.length === 0) throw badRequest('you must specify a command to run');
    for (const word of command) forwarded.append('command', word);
  }
  return at(pod, info.subresource, container, forwarded);
}

function at(pod: Pod, kind: string, container: string | undefined, query: URLSearchParams): NodeTarget {
  const { namespace = '', name = '' } = pod.metadata;
  const segments = [kind, namespace, name, ...(container ? [container] : [])];
  return {
    node: nodeOf(pod),
    path: joinPath(`/${segments.map(encodeURIComponent).join('/')}`, query.toString()),
  };
}

/** Rules: validation of PodLogOptions. */
function validateLogOptions(pod: string, query: URLSearchParams): void {
  const faults: string[] = [];
  for (const [name, min] of [
    ['tailLines', 0],
    ['limitBytes', 1],
    ['sinceSeconds', 1],
  ] as const) {
    const text = query.get(name);
    if (!text) continue;
    const value = Number(text);
    if (!Number.isInteger(value)) throw badRequest(`${name}: "${text}" is not a whole number`);
    if (value < min) {
      const rule = min === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0';
      faults.push(`${name}: Invalid value: ${value}: ${rule}`);
    }
  }
  if (query.get('sinceSeconds') && query.get('sinceTime')) {
    faults.push('sinceSeconds: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified');
  }
  if (query.get('tailLines') && ['Stdout', 'Stderr'].includes(query.get('stream') ?? '')) {
    faults.push('tailLines: Forbidden: `tailLines` and specific `stream` are mutually exclusive for now');
  }
  if (faults.length === 0) return;
  const listed = faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`;
  throw new ApiError('Invalid', `PodLogOptions "${pod}" is invalid: ${listed}`);
}
