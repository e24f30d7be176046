/** Query and path parameters as OpenAPI tells them, in words of our own. */
import type { Dialect, Document } from '#openapi/schema-document.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'boolean' | 'integer';
  readonly description: string;
}

function query(name: string, description: string, type: Parameter['type'] = 'string'): Parameter {
  return { name, in: 'query', type, description };
}

function path(name: string, description: string): Parameter {
  return { name, in: 'path', type: 'string', description };
}

export const pretty = query('pretty', "If 'true', the answer is indented for people.");
const dryRun = query('dryRun', 'All: go through every stage but do not persist the change.');
const fieldManager = query('fieldManager', 'Who makes the change, at most 128 printable characters.');
const fieldValidation = query(
  'fieldValidation',
  'What to do with unknown and duplicate fields: Ignore, Warn (the default) or Strict.',
);
export const force = query('force', 'For apply only: take over fields that others own.', 'boolean');
export const writeParameters: readonly Parameter[] = [dryRun, fieldManager, fieldValidation];

export const watchParameter = query('watch', 'Whether changes follow instead of a list.', 'boolean');

export const resourceVersion = query(
  'resourceVersion',
  'How fresh the answer must be, or what a watch continues from.',
);

/** Of a list, but `watch`. */
const selection: readonly Parameter[] = [
  query('continue', 'Where a paged list goes on, from the metadata of the page before.'),
  query('fieldSelector', 'Restricts the list by fields. Everything by default.'),
  query('labelSelector', 'Restricts the list by labels. Everything by default.'),
  query('limit', 'The most items that a page may have.', 'integer'),
  resourceVersion,
  query('resourceVersionMatch', 'How resourceVersion is meant: NotOlderThan or Exact.'),
  query('sendInitialEvents', 'Whether a watch begins with what is there.', 'boolean'),
  query(
    'shardSelector',
    'Restricts the list to a part of all objects. Not served unless asked for by a gate.',
  ),
  query('timeoutSeconds', 'How long a watch lasts.', 'integer'),
];

export const listParameters: readonly Parameter[] = [
  query('allowWatchBookmarks', 'Whether events of type BOOKMARK are wanted.', 'boolean'),
  ...selection,
  watchParameter,
];

export const deleteParameters: readonly Parameter[] = [
  dryRun,
  query('gracePeriodSeconds', 'Seconds until the object is deleted; 0 at once.', 'integer'),
  query(
    'ignoreStoreReadErrorWithClusterBreakingPotential',
    'Delete what cannot be read, whatever depends on it.',
    'boolean',
  ),
  query('orphanDependents', 'Deprecated by propagationPolicy.', 'boolean'),
  query('propagationPolicy', 'What happens to dependents: Orphan, Background or Foreground.'),
];

export const deleteCollectionParameters: readonly Parameter[] = [...deleteParameters, ...selection];

const streams: readonly Parameter[] = [
  query('container', 'The container; the only one of the pod unless told.'),
  query('stderr', 'Whether its standard error is wanted.', 'boolean'),
  query('stdin', 'Whether it is given standard input.', 'boolean'),
  query('stdout', 'Whether its standard output is wanted.', 'boolean'),
  query('tty', 'Whether it is given a terminal.', 'boolean'),
];

/** Of what is connected to, by the kind of its options. */
export const connectParameters: Readonly<Record<string, readonly Parameter[]>> = {
  PodAttachOptions: streams,
  PodExecOptions: [query('command', 'The command and its arguments, one each.'), ...streams],
  PodPortForwardOptions: [query('ports', 'Ports of the pod.', 'integer')],
  PodProxyOptions: [query('path', 'The path that is asked for.')],
  ServiceProxyOptions: [query('path', 'The path that is asked for.')],
  NodeProxyOptions: [query('path', 'The path that is asked for.')],
};

export const logParameters: readonly Parameter[] = [
  query('container', 'The container; the only one of the pod unless told.'),
  query('follow', 'Whether to go on with what is written later.', 'boolean'),
  query('insecureSkipTLSVerifyBackend', "Whether the node's certificate may be anyone's.", 'boolean'),
  query('limitBytes', 'The most bytes of the answer.', 'integer'),
  query('previous', 'Whether the log of the container before is wanted.', 'boolean'),
  query('sinceSeconds', 'How far back, in seconds.', 'integer'),
  query('stream', 'All, Stdout or Stderr.'),
  query('tailLines', 'How many of the last lines.', 'integer'),
  query('timestamps', 'Whether each line begins with its time.', 'boolean'),
];

const inPath: Readonly<Record<string, Parameter>> = {
  name: path('name', 'name of the object'),
  namespace: path('namespace', 'namespace of the object'),
  path: path('path', 'path to the resource'),
};

/** The parameters that a path has in braces. */
export function pathParameters(text: string): Parameter[] {
  return [...text.matchAll(/\{(\w+)\}/g)].flatMap(([, name = '']) => inPath[name] ?? []);
}

/** By name, then by place. */
export function sorted(parameters: readonly Parameter[]): Parameter[] {
  return parameters.toSorted((a, b) => order(a.name, b.name) || order(a.in, b.in));
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function isSame(a: Parameter, b: Parameter): boolean {
  return a.name === b.name && a.in === b.in;
}

export function parameterDocument(parameter: Parameter, dialect: Dialect): Document {
  const { name, type, description } = parameter;
  const value = { type, uniqueItems: true };
  return {
    name,
    in: parameter.in,
    description,
    ...(parameter.in === 'path' ? { required: true } : {}),
    ...(dialect.name === 'v3' ? { schema: value } : value),
  };
}
