import type { Schema } from '../../packages/api/src/schema.ts';
import type { TypeFacts } from './facts.ts';
import { type NamedModel, parseType, type TypeExpression } from './model-types.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const formats: Record<string, string> = { 'date-time-micro': 'date-time' };

/** Types whose content no schema describes. */
const openTypes: ReadonlySet<string> = new Set([
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  'io.k8s.apimachinery.pkg.runtime.RawExtension',
]);

/** One line per type, sorted, so that a change of Kubernetes reads as a diff of a few lines. */
export function emitSchemas(
  models: readonly NamedModel[],
  fullNameOf: ReadonlyMap<string, string>,
  facts: TypeFacts,
): string {
  const lines = models.map(
    (model) => `${JSON.stringify(model.fullName)}:${JSON.stringify(modelSchema(model, fullNameOf, facts))}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

function modelSchema(model: NamedModel, fullNameOf: ReadonlyMap<string, string>, facts: TypeFacts): Schema {
  const schema: Mutable<Schema> = { type: 'object' };
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const property of model.properties) {
    const field = `${model.fullName}.${property.name}`;
    const quantity = facts.quantities.has(field);
    const base = expressionSchema(parseType(property.type), property.format, quantity, fullNameOf);
    const values = facts.enums.get(field);
    const standIn = facts.defaults.get(field);
    const unset = facts.unset.get(field);
    properties[property.name] = {
      ...base,
      ...(values ? { enum: values } : {}),
      ...(standIn === undefined ? {} : { default: standIn }),
      ...(unset === undefined ? {} : { unset }),
      ...facts.lists.get(field),
    };
    if (property.required) required.push(property.name);
  }
  if (model.properties.length > 0) schema.properties = properties;
  if (required.length > 0) schema.required = required;
  const mapType = facts.types.get(model.fullName)?.mapType;
  if (mapType) schema.mapType = mapType;
  return schema;
}

function expressionSchema(
  type: TypeExpression,
  format: string,
  quantity: boolean,
  fullNameOf: ReadonlyMap<string, string>,
): Schema {
  switch (type.form) {
    case 'array':
      return { type: 'array', items: expressionSchema(type.items, format, quantity, fullNameOf) };
    case 'map':
      return {
        type: 'object',
        additionalProperties: expressionSchema(type.values, format, quantity, fullNameOf),
      };
    case 'model': {
      const ref = fullNameOf.get(type.name);
      if (ref === undefined) throw new Error(`model ${type.name} has no full name`);
      return openTypes.has(ref)
        ? { type: 'object', preserveUnknownFields: true, mapType: 'atomic' }
        : { ref };
    }
    default:
      return scalarSchema(type.name, format, quantity);
  }
}

function scalarSchema(name: string, format: string, quantity: boolean): Schema {
  if (quantity) return { intOrString: true, format: 'quantity' };
  switch (name) {
    case 'Date':
      return { type: 'string', format: 'date-time' };
    case 'IntOrString':
      return { intOrString: true };
    case 'any':
      return { preserveUnknownFields: true, mapType: 'atomic' };
    case 'number':
      return format === 'double' || format === 'float'
        ? { type: 'number', format }
        : { type: 'integer', format: format || 'int64' };
    case 'boolean':
      return { type: 'boolean' };
    default:
      return { type: 'string', ...(format ? { format: formats[format] ?? format } : {}) };
  }
}
