/**
 * OpenAPI documents, made from the same facts and schemas that requests are served by, so that they can't tell other
 * things than the server does. What kubectl looks for: the PATCH operation of a kind with `fieldValidation` among its
 * parameters, the strategic merge patch among its bodies, merge keys in the schemas, and descriptions for `explain`.
 * Rules: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition
 */
import { builtinSchemas, type KindInfo, kindOf, type Schema, type SchemaSet } from '@skerry/api';
import {
  type DocumentedKind,
  deleteOptionsSchema,
  kindPaths,
  listMetaSchema,
  patchSchema,
  statusSchema,
} from '#openapi/operations.ts';
import {
  type Descriptions,
  type Dialect,
  customDocument,
  type Document,
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
  const { paths, schemas } = build(kinds, descriptions, v3);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths,
    components: {
      schemas,
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
  const { paths, schemas } = build(kinds, descriptions, v2);
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

function build(
  kinds: readonly KindSource[],
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
    metadata:
      "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
  };
}

function sortedByKey(document: Document): Document {
  return Object.fromEntries(Object.entries(document).sort(([a], [b]) => (a < b ? -1 : 1)));
}

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
    this.#pending.push(statusSchema, deleteOptionsSchema, listMetaSchema);
    this.#done.set(patchSchema, { type: 'object', description: 'A partial object, or operations on one.' });
  }

  addKind({ info }: KindSource): void {
    this.#pending.push(info.schema);
    for (const { body } of info.subresources) {
      const name = body ? bodySchema(body) : undefined;
      if (name !== undefined) this.#pending.push(name);
    }
    if (info.verbs.includes('list')) this.#done.set(`${info.schema}List`, this.#list(info));
  }

  #list(info: KindInfo): Document {
    const { prefix } = this.#writer.dialect;
    return {
      description: `A list of ${info.kind}.`,
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string', description: 'The version of this representation.' },
        items: { type: 'array', items: { $ref: prefix + info.schema } },
        kind: { type: 'string', description: 'The kind of this list.' },
        metadata: { $ref: prefix + listMetaSchema },
      },
      'x-kubernetes-group-version-kind': [
        { group: info.group, version: info.version, kind: `${info.kind}List` },
      ],
    };
  }

  finish(): Document {
    for (let name = this.#pending.pop(); name !== undefined; name = this.#pending.pop()) {
      if (this.#done.has(name)) continue;
      const document = this.#scalars[name] ?? this.#schema(name);
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
      ? customDocument(this.#writer, schema, envelopeWords(descriptions))
      : schemaDocument(this.#writer, schema, descriptions[name]);
  }

  #find(name: string): Schema {
    const own = this.#sources.find(({ schemas }) => Object.hasOwn(schemas.schemas, name))?.schemas.schemas[
      name
    ];
    const schema = own ?? builtinSchemas.schemas[name];
    if (!schema) throw new Error(`schema ${name} is referred to and not defined`);
    return schema;
  }

  #kindsOf(name: string): Document[] {
    const served = this.#sources.filter(({ info }) => info.schema === name).map(({ info }) => info);
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
