import type { KindInfo, SubresourceInfo } from '@skerry/api';
import type { Dialect, Document } from '#openapi/schema-document.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
export const patchSchema = `${meta}Patch`;
export const statusSchema = `${meta}Status`;
export const deleteOptionsSchema = `${meta}DeleteOptions`;
export const listMetaSchema = `${meta}ListMeta`;

/** A kind of a document, with what the operations need beyond its facts. */
export interface DocumentedKind {
  readonly info: KindInfo;
  /** Custom kinds take no strategic merge patch and no protobuf. */
  readonly custom: boolean;
  /** Full name of the schema of a body of another kind. */
  bodySchema(body: NonNullable<SubresourceInfo['body']>): string | undefined;
}

type Where = 'query' | 'path';
type Words = readonly [name: string, description: string, type?: 'string' | 'boolean' | 'integer'];

const pretty: Words = ['pretty', "If 'true', the answer is indented for people."];
const dryRun: Words = ['dryRun', 'All: go through every stage but do not persist the change.'];
const fieldManager: Words = [
  'fieldManager',
  'Name of who makes the change, at most 128 printable characters.',
];
const fieldValidation: Words = [
  'fieldValidation',
  'What to do with unknown and duplicate fields: Ignore, Warn (the default) or Strict.',
];
const force: Words = ['force', 'For apply only: take over fields that others own.', 'boolean'];
const listWords: readonly Words[] = [
  ['allowWatchBookmarks', 'Whether events of type BOOKMARK are wanted.', 'boolean'],
  ['continue', 'Where a paged list goes on, from the metadata of the page before.'],
  ['fieldSelector', 'Restricts the list by fields. Everything by default.'],
  ['labelSelector', 'Restricts the list by labels. Everything by default.'],
  ['limit', 'The most items that a page may have.', 'integer'],
  ['resourceVersion', 'How fresh the answer must be, or what a watch continues from.'],
  ['resourceVersionMatch', 'How resourceVersion is meant: NotOlderThan or Exact.'],
  ['sendInitialEvents', 'Whether a watch begins with what is there.', 'boolean'],
  ['timeoutSeconds', 'How long a watch lasts.', 'integer'],
  ['watch', 'Whether changes follow instead of a list.', 'boolean'],
];
const deleteWords: readonly Words[] = [
  dryRun,
  ['gracePeriodSeconds', 'Seconds until the object is deleted; 0 at once.', 'integer'],
  ['orphanDependents', 'Deprecated by propagationPolicy.', 'boolean'],
  ['propagationPolicy', 'What happens to dependents: Orphan, Background or Foreground.'],
];
const writeWords = [dryRun, fieldManager, fieldValidation];

/** Parts of an operation that the two dialects write differently. */
interface Operation {
  readonly verb: string;
  readonly action: string;
  readonly id: string;
  readonly description: string;
  readonly gvk: { readonly group: string; readonly version: string; readonly kind: string };
  readonly parameters: readonly Words[];
  readonly body?: { readonly schema: string; readonly types: readonly string[]; readonly required: boolean };
  readonly answer?: string;
  readonly statuses: readonly ('200' | '201' | '202')[];
}

const statusWords = { 200: 'OK', 201: 'Created', 202: 'Accepted' } as const;

/** Paths of one kind, with their operations. */
export function kindPaths(kind: DocumentedKind, dialect: Dialect): Record<string, Document> {
  const { info } = kind;
  const prefix = info.group === '' ? `/api/${info.version}` : `/apis/${info.group}/${info.version}`;
  const scoped = info.namespaced
    ? `${prefix}/namespaces/{namespace}/${info.resource}`
    : `${prefix}/${info.resource}`;
  const paths: Record<string, Document> = {};
  const collection = [
    ...(has(info, 'list') ? [listOperation(kind, scopeWord(info))] : []),
    ...(has(info, 'create') ? [createOperation(kind)] : []),
    ...(has(info, 'deletecollection') ? [deleteCollectionOperation(kind)] : []),
  ];
  if (collection.length > 0)
    paths[scoped] = pathDocument(kind, collection, dialect, info.namespaced ? ['namespace'] : []);
  if (info.namespaced && has(info, 'list'))
    paths[`${prefix}/${info.resource}`] = pathDocument(
      kind,
      [listOperation(kind, 'ForAllNamespaces')],
      dialect,
      [],
    );
  const names = info.namespaced ? ['name', 'namespace'] : ['name'];
  const single = [
    ...(has(info, 'get') ? [readOperation(kind, '')] : []),
    ...(has(info, 'update') ? [replaceOperation(kind, '')] : []),
    ...(has(info, 'patch') ? [patchOperation(kind, '')] : []),
    ...(has(info, 'delete') ? [deleteOperation(kind)] : []),
  ];
  if (single.length > 0) paths[`${scoped}/{name}`] = pathDocument(kind, single, dialect, names);
  for (const part of info.subresources) {
    const operations = subresourceOperations(kind, part);
    if (operations.length > 0)
      paths[`${scoped}/{name}/${part.name}`] = pathDocument(kind, operations, dialect, names);
  }
  return paths;
}

function has(info: KindInfo, verb: string): boolean {
  return info.verbs.includes(verb);
}

function scopeWord(info: KindInfo): string {
  return info.namespaced ? 'Namespaced' : '';
}

function gvkOf({ info }: DocumentedKind): Operation['gvk'] {
  return { group: info.group, version: info.version, kind: info.kind };
}

/** `AppsV1`: the group's first word and the version, as operation ids have them. */
function groupWord({ info }: DocumentedKind): string {
  const word = info.group === '' ? 'core' : (info.group.split('.')[0] ?? '');
  return capitalize(word) + capitalize(info.version);
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function operationId(kind: DocumentedKind, verb: string, suffix = ''): string {
  return `${verb}${groupWord(kind)}${scopeWord(kind.info)}${kind.info.kind}${suffix}`;
}

const bodyTypes = (custom: boolean): string[] =>
  custom
    ? ['application/json', 'application/yaml']
    : ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

function listOperation(kind: DocumentedKind, scope: string): Operation {
  const all = scope === 'ForAllNamespaces';
  return {
    verb: 'get',
    action: 'list',
    id: all ? `list${groupWord(kind)}${kind.info.kind}ForAllNamespaces` : operationId(kind, 'list'),
    description: `list or watch objects of kind ${kind.info.kind}`,
    gvk: gvkOf(kind),
    parameters: [pretty, ...listWords],
    answer: `${kind.info.schema}List`,
    statuses: ['200'],
  };
}

function createOperation(kind: DocumentedKind): Operation {
  return {
    verb: 'post',
    action: 'post',
    id: operationId(kind, 'create'),
    description: `create a ${kind.info.kind}`,
    gvk: gvkOf(kind),
    parameters: [pretty, ...writeWords],
    body: { schema: kind.info.schema, types: bodyTypes(kind.custom), required: true },
    answer: kind.info.schema,
    statuses: ['200', '201', '202'],
  };
}

function deleteCollectionOperation(kind: DocumentedKind): Operation {
  return {
    verb: 'delete',
    action: 'deletecollection',
    id: `delete${groupWord(kind)}Collection${scopeWord(kind.info)}${kind.info.kind}`,
    description: `delete collection of ${kind.info.kind}`,
    gvk: gvkOf(kind),
    parameters: [pretty, ...deleteWords, ...listWords.filter(([name]) => name !== 'watch')],
    body: { schema: deleteOptionsSchema, types: bodyTypes(false), required: false },
    answer: statusSchema,
    statuses: ['200'],
  };
}

function readOperation(kind: DocumentedKind, part: string, schema = kind.info.schema): Operation {
  return {
    verb: 'get',
    action: 'get',
    id: operationId(kind, 'read', capitalize(part)),
    description: `read ${part ? `${part} of ` : ''}the specified ${kind.info.kind}`,
    gvk: gvkOf(kind),
    parameters: [pretty],
    answer: schema,
    statuses: ['200'],
  };
}

function replaceOperation(kind: DocumentedKind, part: string, schema = kind.info.schema): Operation {
  return {
    verb: 'put',
    action: 'put',
    id: operationId(kind, 'replace', capitalize(part)),
    description: `replace ${part ? `${part} of ` : ''}the specified ${kind.info.kind}`,
    gvk: gvkOf(kind),
    parameters: [pretty, ...writeWords],
    body: { schema, types: bodyTypes(kind.custom), required: true },
    answer: schema,
    statuses: ['200', '201'],
  };
}

function patchOperation(kind: DocumentedKind, part: string, schema = kind.info.schema): Operation {
  return {
    verb: 'patch',
    action: 'patch',
    id: operationId(kind, 'patch', capitalize(part)),
    description: `partially update ${part ? `${part} of ` : ''}the specified ${kind.info.kind}`,
    gvk: gvkOf(kind),
    parameters: [pretty, ...writeWords, force],
    body: {
      schema: patchSchema,
      types: [
        'application/apply-patch+yaml',
        'application/json-patch+json',
        'application/merge-patch+json',
        ...(kind.custom ? [] : ['application/strategic-merge-patch+json']),
      ],
      required: true,
    },
    answer: schema,
    statuses: ['200', '201'],
  };
}

function deleteOperation(kind: DocumentedKind): Operation {
  return {
    verb: 'delete',
    action: 'delete',
    id: operationId(kind, 'delete'),
    description: `delete a ${kind.info.kind}`,
    gvk: gvkOf(kind),
    parameters: [pretty, ...deleteWords],
    body: { schema: deleteOptionsSchema, types: bodyTypes(false), required: false },
    answer: statusSchema,
    statuses: ['200', '202'],
  };
}

const connected = new Set(['attach', 'exec', 'portforward', 'proxy']);

function subresourceOperations(kind: DocumentedKind, part: SubresourceInfo): Operation[] {
  const schema = part.body ? kind.bodySchema(part.body) : kind.info.schema;
  const gvk = part.body ?? gvkOf(kind);
  if (connected.has(part.name))
    return ['get', 'post'].map((verb) => ({
      verb,
      action: 'connect',
      id: `connect${groupWord(kind)}${capitalize(verb)}${scopeWord(kind.info)}${kind.info.kind}${capitalize(part.name)}`,
      description: `connect ${verb.toUpperCase()} requests to ${part.name} of ${kind.info.kind}`,
      gvk,
      parameters: [],
      statuses: ['200'],
    }));
  if (schema === undefined) return [];
  const operations: Operation[] = [];
  if (part.verbs.includes('get')) operations.push(readOperation(kind, part.name, schema));
  if (part.verbs.includes('update')) operations.push(replaceOperation(kind, part.name, schema));
  if (part.verbs.includes('patch')) operations.push(patchOperation(kind, part.name, schema));
  if (part.verbs.includes('create'))
    operations.push({
      ...createOperation(kind),
      id: operationId(kind, 'create', capitalize(part.name)),
      description: `create ${part.name} of a ${kind.info.kind}`,
      body: { schema, types: bodyTypes(kind.custom), required: true },
      answer: schema,
    });
  return operations.map((operation) => ({ ...operation, gvk }));
}

const pathWords: Record<string, string> = {
  name: 'name of the object',
  namespace: 'namespace of the object',
};

function pathDocument(
  kind: DocumentedKind,
  operations: readonly Operation[],
  dialect: Dialect,
  names: readonly string[],
): Document {
  const { group, version } = kind.info;
  const tag = `${group === '' ? 'core' : (group.split('.')[0] ?? '')}_${version}`;
  const document: Document = {};
  for (const operation of operations) document[operation.verb] = operationDocument(operation, tag, dialect);
  if (names.length > 0)
    document['parameters'] = names.map((name) =>
      parameterDocument([name, pathWords[name] ?? ''], 'path', dialect),
    );
  return document;
}

function parameterDocument(
  [name, description, type = 'string']: Words,
  where: Where,
  dialect: Dialect,
): Document {
  const value = { type, uniqueItems: true };
  return {
    name,
    in: where,
    description,
    ...(where === 'path' ? { required: true } : {}),
    ...(dialect.name === 'v3' ? { schema: value } : value),
  };
}

function operationDocument(operation: Operation, tag: string, dialect: Dialect): Document {
  const parameters = operation.parameters.map((words) => parameterDocument(words, 'query', dialect));
  const common: Document = {
    description: operation.description,
    operationId: operation.id,
    tags: [tag],
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.gvk,
  };
  const content = (types: readonly string[], schema: string): Document =>
    Object.fromEntries(types.map((type) => [type, { schema: { $ref: dialect.prefix + schema } }]));
  const responses = (answer: (schema: string) => Document): Document => ({
    ...Object.fromEntries(
      operation.statuses.map((status) => [
        status,
        { description: statusWords[status], ...(operation.answer ? answer(operation.answer) : {}) },
      ]),
    ),
    401: { description: 'Unauthorized' },
  });
  if (dialect.name === 'v3')
    return {
      ...common,
      parameters,
      ...(operation.body
        ? {
            requestBody: {
              content: content(operation.body.types, operation.body.schema),
              ...(operation.body.required ? { required: true } : {}),
            },
          }
        : {}),
      responses: responses((schema) => ({ content: content(['application/json'], schema) })),
    };
  return {
    ...common,
    consumes: operation.verb === 'patch' ? operation.body?.types : ['*/*'],
    produces: ['application/json'],
    schemes: ['https'],
    parameters: operation.body
      ? [
          ...parameters,
          {
            name: 'body',
            in: 'body',
            ...(operation.body.required ? { required: true } : {}),
            schema: { $ref: dialect.prefix + operation.body.schema },
          },
        ]
      : parameters,
    responses: responses((schema) => ({ schema: { $ref: dialect.prefix + schema } })),
  };
}
