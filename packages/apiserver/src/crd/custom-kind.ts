import {
  applyDefaults,
  builtinSchemas,
  validateObjectMetaUpdate,
  type KindInfo,
  type Schema,
  type SchemaSet,
} from '@skerry/api';
import { CustomValidation } from '#crd/custom-validation.ts';
import type { Definition, DefinitionVersion } from '#crd/definition.ts';
import { finalizerWarnings } from '#crd/finalizer-warnings.ts';
import { columnsOf } from '#crd/printer-columns.ts';
import type { RawSchema } from '#crd/schema/nodes.ts';
import { rootSchema, schemaFrom } from '#crd/structural-schema.ts';

export interface CustomKind {
  readonly info: KindInfo;
  readonly schemas: SchemaSet;
}

/** In the order that stock servers tell. */
const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const readWrite = ['get', 'patch', 'update'];

/** One served version of a definition as the registry serves any kind. */
export function customKind(definition: Definition, version: DefinitionVersion): CustomKind {
  const { group, scope, versions } = definition.spec;
  const { names } = definition.spec;
  const stored = versions.find(({ storage }) => storage) ?? version;
  const name = schemaName(group, version.name, names.kind);
  const schema = rootSchema(
    version.schema?.openAPIV3Schema ?? { 'x-kubernetes-preserve-unknown-fields': true },
  );
  const schemas: SchemaSet = { schemas: { ...sharedSchemas(), [name]: schema } };
  const validation = new CustomValidation(schemas, withOwnMetadata(schema, version), version);
  const info: KindInfo = {
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind,
    resource: names.plural,
    singular: names.singular || names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    // What is going takes no new instances.
    verbs: definition.metadata?.deletionTimestamp ? verbs.filter((verb) => verb !== 'create') : verbs,
    subresources: [
      ...(version.subresources?.status ? [{ name: 'status', verbs: readWrite }] : []),
      ...(version.subresources?.scale
        ? [{ name: 'scale', verbs: readWrite, body: { group: 'autoscaling', version: 'v1', kind: 'Scale' } }]
        : []),
    ],
    hasGeneration: true,
    schema: name,
    columns: columnsOf(version),
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
    storage: { group, version: stored.name, resource: names.plural },
    strategy: {
      setDefaults: (object) => applyDefaults(schemas, schema, object),
      validate: (object) => validation.validate(object),
      // Rules that all kinds share find what is wrong with metadata, and so do those of custom resources.
      validateUpdate: (object, old, subresource = '') => [
        ...validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {}),
        ...validation.validateChange(object, old, subresource),
      ],
      warnings: (object, old) => [
        ...(version.deprecated
          ? [version.deprecationWarning ?? `${group}/${version.name} ${names.kind} is deprecated`]
          : []),
        ...finalizerWarnings(object, old),
        ...validation.warnings(object),
      ],
    },
  };
  return { info, schemas };
}

/** What a definition says of names, which the schema of metadata that all kinds share does not. */
function withOwnMetadata(schema: Schema, { schema: own }: DefinitionVersion): Schema {
  const metadata = (own?.openAPIV3Schema as RawSchema | undefined)?.properties?.['metadata'];
  if (!metadata?.properties) return schema;
  return { ...schema, allOf: [...(schema.allOf ?? []), { properties: { metadata: schemaFrom(metadata) } }] };
}

/** As OpenAPI documents call it: the words of the group turned round, as in a Java package. */
function schemaName(group: string, version: string, kind: string): string {
  return [...group.split('.').reverse(), version, kind].join('.');
}

const metaPrefix = 'io.k8s.apimachinery.pkg.';
let shared: Readonly<Record<string, Schema>> | undefined;

/** The schemas of metadata, which every custom kind refers to. */
function sharedSchemas(): Readonly<Record<string, Schema>> {
  shared ??= Object.fromEntries(
    Object.entries(builtinSchemas.schemas).filter(([name]) => name.startsWith(metaPrefix)),
  );
  return shared;
}
