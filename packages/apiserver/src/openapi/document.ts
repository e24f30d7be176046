/**
 * OpenAPI documents, made from the same facts and schemas that requests are served by, so that they can't tell other
 * things than the server does. What kubectl looks for: the PATCH operation of a kind with `fieldValidation` among its
 * parameters, the strategic merge patch among its bodies, merge keys in the schemas, and descriptions for `explain`.
 * Rules: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition
 */
import {
  builtinKinds,
  builtinSchemas,
  type KindInfo,
  kindOf,
  type Schema,
  type SchemaSet,
} from '@skerry/api';
import {
  type DocumentedKind,
  deleteOptionsSchema,
  kindPaths,
  listKindOf,
  listMetaSchema,
  listSchemaOf,
  patchSchema,
  statusSchema,
  watchEventSchema,
} from '#openapi/operations.ts';
import { withFacts } from '#openapi/type-facts.ts';
import { discoverySchemas, metaPrefix } from '#openapi/discovery-schemas.ts';
import { pathDocument } from '#openapi/operation-document.ts';
import { resourceListDocument, rootDocuments, type RootDocument } from '#openapi/root-documents.ts';
import {
  type Descriptions,
  type Dialect,
  customDocument,
  type Document,
  metadataWords,
  scalarTypes,
  schemaDocument,
  type SchemaWriter,
  v2,
  v3,
} from '#openapi/schema-document.ts';

/** A served kind and where its schema is. */
export interface KindSource {
  readonly info: KindInfo;
  readonly schemas: SchemaSet;
  /** From a CustomResourceDefinition. */
  readonly custom?: boolean;
}

/** The v3 document of one group and version, such as `api/v1` or `apis/apps/v1`. */
export function buildOpenApiV3(kinds: readonly KindSource[], descriptions: Descriptions = {}): Document {
  const [first] = kinds;
  const lists =
    first && !kinds.some(({ custom }) => custom)
      ? [resourceListDocument(first.info.group, first.info.version)]
      : [];
  return v3Document(build(kinds, lists, descriptions, v3));
}

/** The v3 document of one path that is about no kind. */
export function buildRootDocument(root: RootDocument, descriptions: Descriptions = {}): Document {
  return v3Document(build([], [root], descriptions, v3));
}

function v3Document({ paths, schemas }: { paths: Document; schemas: Document }): Document {
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: '1.36' },
    paths,
    components: {
      ...(Object.keys(schemas).length > 0 ? { schemas } : {}),
      securitySchemes: {
        BearerToken: {
          type: 'apiKey',
          name: 'authorization',
          in: 'header',
          description: 'Bearer Token authentication',
        },
      },
    },
  };
}

/** The one v2 document of everything that is served. */
export function buildOpenApiV2(
  kinds: readonly KindSource[],
  version: string,
  descriptions: Descriptions = {},
): Document {
  const { paths, schemas } = build(kinds, rootsOf(kinds), descriptions, v2);
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths,
    definitions: schemas,
    securityDefinitions: {
      BearerToken: {
        type: 'apiKey',
        name: 'authorization',
        in: 'header',
        description: 'Bearer Token authentication',
      },
    },
    security: [{ BearerToken: [] }],
  };
}

/** All paths that lead to built-in kinds. */
function rootsOf(kinds: readonly KindSource[]): RootDocument[] {
  const versions = new Map(
    kinds.filter(({ custom }) => !custom).map(({ info }) => [`${info.group}/${info.version}`, info] as const),
  );
  const groups = [...new Set([...versions.values()].map(({ group }) => group))].filter(
    (group) => group !== '',
  );
  return [
    ...rootDocuments(groups).values(),
    ...[...versions.values()].map(({ group, version }) => resourceListDocument(group, version)),
  ];
}

function build(
  kinds: readonly KindSource[],
  roots: readonly RootDocument[],
  descriptions: Descriptions,
  dialect: Dialect,
): { paths: Document; schemas: Document } {
  const paths: Document = {};
  const components = new Components(kinds, descriptions, dialect);
  for (const source of kinds) {
    const kind: DocumentedKind = { info: source.info, custom: source.custom ?? false, bodySchema };
    Object.assign(paths, kindPaths(kind, dialect));
    components.addKind(source);
  }
  for (const { path, operation } of roots) {
    paths[path] = pathDocument([operation], dialect);
    if (operation.answer) components.add(operation.answer);
  }
  return { paths: sortedByKey(paths), schemas: components.finish() };
}

function bodySchema(body: { group: string; version: string; kind: string }): string | undefined {
  const known = kindOf(body.group, body.version, body.kind);
  if (known) return known.schema;
  // Scale, Eviction and TokenRequest are bodies and no resources of their own.
  const word = body.group === '' ? 'core' : (body.group.split('.')[0] ?? '');
  const name = `io.k8s.api.${word}.${body.version}.${body.kind}`;
  return Object.hasOwn(builtinSchemas.schemas, name) ? name : undefined;
}

/** Words about the fields that every object has, which a definition doesn't describe. */
function envelopeWords(descriptions: Descriptions): Readonly<Record<string, string>> {
  const { apiVersion, kind } = descriptions['io.k8s.api.core.v1.ConfigMap'] ?? {};
  return {
    ...(apiVersion ? { apiVersion } : {}),
    ...(kind ? { kind } : {}),
    metadata: metadataWords,
  };
}

/** Which fields of a custom kind field selectors may name. */
function selectable({ selectableFields }: KindInfo): Document {
  if (selectableFields.length === 0) return {};
  return { 'x-kubernetes-selectable-fields': selectableFields.map((fieldPath) => ({ fieldPath })) };
}

function sortedByKey(document: Document): Document {
  return Object.fromEntries(Object.entries(document).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const coreKinds: ReadonlySet<string> = new Set([
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
  'Status',
]);
const everyGroupsKinds: ReadonlySet<string> = new Set(['DeleteOptions', 'WatchEvent']);

/** The named schemas of a document: those of its kinds and all that these refer to. */
class Components {
  readonly #done = new Map<string, Document>();
  readonly #pending: string[] = [];
  readonly #sources: readonly KindSource[];
  readonly #writer: SchemaWriter;
  readonly #scalars: Readonly<Record<string, Document>>;

  constructor(sources: readonly KindSource[], descriptions: Descriptions, dialect: Dialect) {
    this.#sources = sources;
    this.#scalars = scalarTypes(dialect);
    this.#writer = { dialect, descriptions, refer: (name) => void this.#pending.push(name) };
  }

  add(name: string): void {
    this.#pending.push(name);
  }

  addKind({ info, custom }: KindSource): void {
    this.#pending.push(info.schema);
    if (info.verbs.includes('delete')) this.#pending.push(statusSchema, deleteOptionsSchema);
    if (info.verbs.includes('patch'))
      this.#done.set(patchSchema, { type: 'object', description: 'A partial object, or operations on one.' });
    if (info.verbs.includes('watch') && !custom) this.#pending.push(watchEventSchema);
    for (const { body } of info.subresources) {
      const name = body ? bodySchema(body) : undefined;
      if (name !== undefined) this.#pending.push(name);
    }
    if (info.verbs.includes('list')) this.#done.set(listSchemaOf(info), this.#list(info, custom ?? false));
  }

  #list(info: KindInfo, custom: boolean): Document {
    const { prefix, name } = this.#writer.dialect;
    this.#pending.push(listMetaSchema);
    const always = (target: string): Document => {
      const reference = { $ref: prefix + target };
      if (custom) return name === 'v2' || target !== listMetaSchema ? reference : { allOf: [reference] };
      return name === 'v2' ? reference : { default: {}, allOf: [reference] };
    };
    return {
      description: `${listKindOf(info)} is a list of ${info.kind}`,
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string', description: 'The version of this representation.' },
        items: { type: 'array', items: always(info.schema) },
        kind: { type: 'string', description: 'The kind of this list.' },
        metadata: always(listMetaSchema),
      },
      'x-kubernetes-group-version-kind': [
        { group: info.group, version: info.version, kind: listKindOf(info) },
      ],
      ...(custom ? selectable(info) : {}),
    };
  }

  finish(): Document {
    for (let name = this.#pending.pop(); name !== undefined; name = this.#pending.pop()) {
      if (this.#done.has(name)) continue;
      const document = this.#scalars[name] ?? withFacts(name, this.#schema(name), this.#writer.dialect);
      this.#done.set(name, document);
      const gvks = this.#kindsOf(name);
      if (gvks.length > 0) document['x-kubernetes-group-version-kind'] = gvks;
    }
    return sortedByKey(Object.fromEntries(this.#done));
  }

  #schema(name: string): Document {
    const { descriptions } = this.#writer;
    const custom = this.#sources.find((source) => source.custom && source.info.schema === name);
    const schema = custom?.schemas.schemas[name] ?? this.#find(name);
    return custom
      ? { ...customDocument(this.#writer, schema, envelopeWords(descriptions)), ...selectable(custom.info) }
      : schemaDocument({ ...this.#writer, builtin: true }, schema, descriptions[name]);
  }

  #find(name: string): Schema {
    const own = this.#sources.find(({ schemas }) => Object.hasOwn(schemas.schemas, name))?.schemas.schemas[
      name
    ];
    const schema = own ?? builtinSchemas.schemas[name] ?? discoverySchemas.schemas[name];
    if (!schema) throw new Error(`schema ${name} is referred to and not defined`);
    return schema;
  }

  /** Kinds of the API itself: of the core group, and some of every group besides. */
  #metaKinds(name: string): Document[] | undefined {
    if (!name.startsWith(metaPrefix)) return undefined;
    const kind = name.slice(metaPrefix.length);
    const core = { group: '', version: 'v1', kind };
    if (coreKinds.has(kind)) return [core];
    if (!everyGroupsKinds.has(kind)) return undefined;
    const own = this.#sources
      .filter(({ custom }) => !custom)
      .map(({ info: { group, version } }) => ({ group, version, kind }));
    const all = [core, ...own];
    return all.filter(
      (gvk, index) =>
        all.findIndex(({ group, version }) => group === gvk.group && version === gvk.version) === index,
    );
  }

  #kindsOf(name: string): Document[] {
    const meta = this.#metaKinds(name);
    if (meta) return meta;
    const served = [
      ...this.#sources.map(({ info }) => info),
      // A list's items may be of another group.
      ...builtinKinds,
    ].filter(({ schema }) => schema === name);
    const bodies = this.#sources
      .flatMap(({ info }) => info.subresources.map(({ body }) => body))
      .filter((body) => body !== undefined && bodySchema(body) === name);
    const all = [...served, ...bodies].map((kind) => ({
      group: kind?.group ?? '',
      version: kind?.version ?? '',
      kind: kind?.kind ?? '',
    }));
    return all.filter(
      (gvk, index) => all.findIndex((other) => JSON.stringify(other) === JSON.stringify(gvk)) === index,
    );
  }
}
