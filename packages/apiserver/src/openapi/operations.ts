/**
 * The paths of a kind with their operations, as stock servers tell them: names of operations, actions, parameters, bodies
 * and answers. Clients are generated from these, so the names are part of the API.
 */
import type { KindInfo, SubresourceInfo } from '@skerry/api';
import { type Operation, pathDocument } from '#openapi/operation-document.ts';
import {
  connectParameters,
  deleteCollectionParameters,
  deleteParameters,
  force,
  listParameters,
  logParameters,
  type Parameter,
  pathParameters,
  pretty,
  resourceVersion,
  writeParameters,
} from '#openapi/parameters.ts';
import { capitalize, groupTag } from '#openapi/root-documents.ts';
import type { Dialect, Document } from '#openapi/schema-document.ts';
import { isAnsweredWithObject } from '#registry/kind-rules.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
export const patchSchema = `${meta}Patch`;
export const statusSchema = `${meta}Status`;
export const deleteOptionsSchema = `${meta}DeleteOptions`;
export const listMetaSchema = `${meta}ListMeta`;
export const watchEventSchema = `${meta}WatchEvent`;

/** A kind of a document, with what the operations need beyond its facts. */
export interface DocumentedKind {
  readonly info: KindInfo;
  /** Custom kinds take no strategic merge patch and no protobuf. */
  readonly custom: boolean;
  /** Full name of the schema of a body of another kind. */
  bodySchema(body: NonNullable<SubresourceInfo['body']>): string | undefined;
}

export function listKindOf({ kind, listKind }: KindInfo): string {
  return listKind ?? `${kind}List`;
}

/** Lists have a schema beside that of their kind. */
export function listSchemaOf(info: KindInfo): string {
  return `${info.schema.slice(0, -info.kind.length)}${listKindOf(info)}`;
}

const json = 'application/json';
const yaml = 'application/yaml';
const protobuf = 'application/vnd.kubernetes.protobuf';

/** Paths of one kind, with their operations. */
export function kindPaths(kind: DocumentedKind, dialect: Dialect): Record<string, Document> {
  return Object.fromEntries(
    [...operationsOf(kind)].map(([path, operations]) => [path, pathDocument(operations, dialect)]),
  );
}

function operationsOf(kind: DocumentedKind): Map<string, Operation[]> {
  const { info } = kind;
  const root = info.group === '' ? `/api/${info.version}` : `/apis/${info.group}/${info.version}`;
  const scope = info.namespaced ? '/namespaces/{namespace}' : '';
  const collection = `${root}${scope}/${info.resource}`;
  const paths = new Map<string, Operation[]>();
  const add = (path: string, operations: readonly Operation[]) => {
    if (operations.length === 0) return;
    const inPath = pathParameters(path);
    paths.set(
      path,
      operations.map((each) => ({ ...each, parameters: [...inPath, ...each.parameters] })),
    );
  };
  const having = (verb: string, make: () => Operation): Operation[] =>
    info.verbs.includes(verb) ? [make()] : [];
  add(collection, [
    ...having('list', () => list(kind, `list${groupWord(kind)}${scopeWord(kind)}${info.kind}`)),
    ...having('create', () => create(kind)),
    ...having('deletecollection', () => deleteCollection(kind)),
  ]);
  add(`${collection}/{name}`, [
    ...having('get', () => read(kind)),
    ...having('update', () => replace(kind)),
    ...having('delete', () => remove(kind)),
    ...having('patch', () => patch(kind)),
  ]);
  for (const part of info.subresources) {
    add(`${collection}/{name}/${part.name}`, subresourceOperations(kind, part));
    if (part.name === 'proxy')
      add(`${collection}/{name}/proxy/{path}`, connectOperations(kind, part, 'WithPath'));
  }
  if (info.namespaced)
    add(
      `${root}/${info.resource}`,
      having('list', () => list(kind, `list${groupWord(kind)}${info.kind}ForAllNamespaces`)),
    );
  if (!kind.custom && info.verbs.includes('watch')) addWatches(kind, { root, scope, add });
  return paths;
}

/** The older way to watch, which a stock server has for its own kinds. */
function addWatches(
  kind: DocumentedKind,
  at: { root: string; scope: string; add: (path: string, operations: readonly Operation[]) => void },
): void {
  const { info } = kind;
  const one = `watch${groupWord(kind)}${scopeWord(kind)}${info.kind}`;
  at.add(`${at.root}/watch${at.scope}/${info.resource}`, [watching(kind, `${one}List`, 'watchlist')]);
  at.add(`${at.root}/watch${at.scope}/${info.resource}/{name}`, [watching(kind, one, 'watch')]);
  if (info.namespaced) {
    const all = `watch${groupWord(kind)}${info.kind}ListForAllNamespaces`;
    at.add(`${at.root}/watch/${info.resource}`, [watching(kind, all, 'watchlist')]);
  }
}

function scopeWord({ info }: DocumentedKind): string {
  return info.namespaced ? 'Namespaced' : '';
}

/** `AppsV1`: the group's first word and the version, as operation ids have them. */
function groupWord({ info }: DocumentedKind): string {
  return capitalize(groupTag(info.group)) + capitalize(info.version);
}

function tagOf({ info }: DocumentedKind): string {
  return `${groupTag(info.group)}_${info.version}`;
}

function idOf(kind: DocumentedKind, verb: string, part = ''): string {
  return `${verb}${groupWord(kind)}${scopeWord(kind)}${kind.info.kind}${capitalize(part)}`;
}

/** What the operations of a kind have in common. */
function common(kind: DocumentedKind): Pick<Operation, 'tag' | 'gvk' | 'answerTypes' | 'consumes'> {
  const { group, version, kind: name } = kind.info;
  return {
    tag: tagOf(kind),
    gvk: { group, version, kind: name },
    answerTypes: kind.custom ? [json, yaml] : [json, protobuf, yaml],
    consumes: kind.custom ? [json, yaml] : ['*/*'],
  };
}

function bodyOf(kind: DocumentedKind, schema: string, required = true): Operation['body'] {
  return { schema, types: kind.custom ? [json, yaml] : ['*/*'], required };
}

function list(kind: DocumentedKind, id: string): Operation {
  return {
    ...common(kind),
    method: 'get',
    action: 'list',
    id,
    description: `list or watch objects of kind ${kind.info.kind}`,
    parameters: [pretty, ...listParameters],
    answer: listSchemaOf(kind.info),
    ...(kind.custom ? {} : { answerTypes: streamTypes }),
    codes: ['200'],
  };
}

const streamTypes = [json, `${json};stream=watch`, protobuf, `${protobuf};stream=watch`, yaml];

function watching(kind: DocumentedKind, id: string, action: 'watch' | 'watchlist'): Operation {
  return {
    ...common(kind),
    method: 'get',
    action,
    id,
    description: `watch objects of kind ${kind.info.kind}; deprecated by the watch parameter of a list`,
    parameters: [pretty, ...listParameters],
    answer: watchEventSchema,
    answerTypes: streamTypes,
    codes: ['200'],
  };
}

function create(kind: DocumentedKind, part = '', schema = kind.info.schema): Operation {
  return {
    ...common(kind),
    method: 'post',
    action: 'post',
    id: idOf(kind, 'create', part),
    description: part ? `create ${part} of a ${kind.info.kind}` : `create a ${kind.info.kind}`,
    parameters: [pretty, ...writeParameters],
    body: bodyOf(kind, schema),
    answer: schema,
    codes: ['200', '201', '202'],
  };
}

function deleteCollection(kind: DocumentedKind): Operation {
  return {
    ...common(kind),
    method: 'delete',
    action: 'deletecollection',
    id: `delete${groupWord(kind)}Collection${scopeWord(kind)}${kind.info.kind}`,
    description: `delete collection of ${kind.info.kind}`,
    // Of custom kinds, it is told as a list whose answer is another.
    ...(kind.custom
      ? { parameters: [pretty, ...listParameters] }
      : {
          parameters: [pretty, ...deleteCollectionParameters],
          body: bodyOf(kind, deleteOptionsSchema, false),
        }),
    answer: statusSchema,
    codes: ['200'],
  };
}

function read(kind: DocumentedKind, part = '', schema = kind.info.schema): Operation {
  return {
    ...common(kind),
    method: 'get',
    action: 'get',
    id: idOf(kind, 'read', part),
    description: `read ${part ? `${part} of ` : ''}the specified ${kind.info.kind}`,
    parameters: kind.custom ? [pretty, resourceVersion] : [pretty],
    answer: schema,
    codes: ['200'],
  };
}

function replace(kind: DocumentedKind, part = '', schema = kind.info.schema): Operation {
  return {
    ...common(kind),
    method: 'put',
    action: 'put',
    id: idOf(kind, 'replace', part),
    description: `replace ${part ? `${part} of ` : ''}the specified ${kind.info.kind}`,
    parameters: [pretty, ...writeParameters],
    body: bodyOf(kind, schema),
    answer: schema,
    codes: ['200', '201'],
  };
}

function patch(kind: DocumentedKind, part = '', schema = kind.info.schema): Operation {
  const types = [
    'application/apply-patch+yaml',
    'application/json-patch+json',
    'application/merge-patch+json',
  ];
  return {
    ...common(kind),
    method: 'patch',
    action: 'patch',
    id: idOf(kind, 'patch', part),
    description: `partially update ${part ? `${part} of ` : ''}the specified ${kind.info.kind}`,
    parameters: [pretty, ...writeParameters, force],
    body: {
      schema: patchSchema,
      types: kind.custom ? types : [...types, 'application/strategic-merge-patch+json'],
      required: true,
    },
    answer: schema,
    codes: kind.custom ? ['200'] : ['200', '201'],
  };
}

function remove(kind: DocumentedKind): Operation {
  return {
    ...common(kind),
    method: 'delete',
    action: 'delete',
    id: idOf(kind, 'delete'),
    description: `delete a ${kind.info.kind}`,
    parameters: [pretty, ...deleteParameters],
    body: bodyOf(kind, deleteOptionsSchema, false),
    // A namespace goes later, and stock servers tell of it as if it went at once.
    answer:
      !kind.custom && isAnsweredWithObject(kind) && kind.info.kind !== 'Namespace'
        ? kind.info.schema
        : statusSchema,
    codes: ['200', '202'],
  };
}

const connected = new Set(['attach', 'exec', 'portforward', 'proxy']);
const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
const optionsWords: Readonly<Record<string, string>> = {
  attach: 'Attach',
  exec: 'Exec',
  portforward: 'PortForward',
  proxy: 'Proxy',
};

function connectOperations(kind: DocumentedKind, part: SubresourceInfo, suffix = ''): Operation[] {
  const options = `${kind.info.kind}${optionsWords[part.name] ?? ''}Options`;
  return (part.name === 'proxy' ? methods : ['get', 'post']).map((method) => ({
    ...common(kind),
    method,
    action: 'connect',
    id: `connect${groupWord(kind)}${capitalize(method)}${scopeWord(kind)}${kind.info.kind}${capitalize(part.name)}${suffix}`,
    description: `connect ${method.toUpperCase()} requests to ${part.name} of ${kind.info.kind}`,
    gvk: { group: '', version: 'v1', kind: options },
    parameters: connectParameters[options] ?? [],
    answer: '',
    answerTypes: ['*/*'],
    codes: ['200'],
  }));
}

function readLog(kind: DocumentedKind): Operation {
  return {
    ...read(kind, 'log'),
    parameters: [pretty, ...logParameters] satisfies Parameter[],
    answer: '',
    answerTypes: [json, protobuf, yaml, 'text/plain'],
  };
}

function subresourceOperations(kind: DocumentedKind, part: SubresourceInfo): Operation[] {
  if (connected.has(part.name)) return connectOperations(kind, part);
  if (part.name === 'log') return [readLog(kind)];
  const schema = part.body ? kind.bodySchema(part.body) : kind.info.schema;
  if (schema === undefined) return [];
  const having = (verb: string, make: typeof read): Operation[] =>
    part.verbs.includes(verb) ? [make(kind, part.name, schema)] : [];
  const operations = [
    ...having('get', read),
    ...having('update', replace),
    ...having('create', create),
    ...having('patch', patch),
  ];
  const { body } = part;
  return body && !kind.custom ? operations.map((operation) => ({ ...operation, gvk: body })) : operations;
}
