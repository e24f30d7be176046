/**
 * The one shape for what a kind's fields are. Built-in kinds (from `schemas.generated.json`) and CRDs (from their
 * structural schema) both end in it; pruning, defaulting, validation, strategic merge, server-side apply and OpenAPI walk
 * it. Named types refer to each other by `ref`, so a set is small and may be recursive.
 */
export interface Schema {
  /** Name of another schema in the same set; then all else but patch and list facts is absent. */
  readonly ref?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  /** Values of a map. */
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  /** Of a built-in kind's field that needn't be given and is told all the same: what stands for nothing. */
  readonly unset?: unknown;
  readonly nullable?: boolean;
  /** Either an integer or a string: `maxUnavailable`, quantities. */
  readonly intOrString?: boolean;
  /** Fields that the schema does not name are kept: `x-kubernetes-preserve-unknown-fields`, RawExtension, FieldsV1. */
  readonly preserveUnknownFields?: boolean;
  /** `x-kubernetes-embedded-resource`. */
  readonly embeddedResource?: boolean;
  /** Lists under server-side apply; atomic when absent. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  /** Objects and maps under server-side apply; granular when absent. */
  readonly mapType?: 'atomic' | 'granular';
  /** Under strategic merge patch: `merge`, `replace`, `retainKeys`, or `merge,retainKeys`. */
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  /** CEL rules of a CRD: `x-kubernetes-validations`. */
  readonly validations?: readonly {
    readonly rule: string;
    readonly message?: string;
    readonly messageExpression?: string;
    readonly reason?: string;
    readonly fieldPath?: string;
    readonly optionalOldSelf?: boolean;
  }[];
  readonly description?: string;
  readonly title?: string;
  readonly example?: unknown;
  readonly externalDocs?: { readonly description?: string; readonly url?: string };
}

/** Named schemas that may refer to each other. */
export interface SchemaSet {
  readonly schemas: Readonly<Record<string, Schema>>;
}

/** The schema behind `schema.ref`, or the schema itself. A missing name is a bug. */
export function resolveSchema(set: SchemaSet, schema: Schema): Schema {
  if (schema.ref === undefined) return schema;
  const target = set.schemas[schema.ref];
  if (!target) throw new Error(`schema ${schema.ref} is not in the set`);
  return target;
}
