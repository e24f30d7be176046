/**
 * What a Kubernetes server doesn't keep of an object: fields that are empty, where empty means the same as unset. In its
 * types these are plain values, lists and maps whose JSON leaves them out when empty; pointers and required fields stay
 * whatever they hold, and so do nested structs. An object thus reads the same however its author wrote "nothing".
 */
import { wireMessage, type WireMessage } from '#protobuf/messages.ts';
import { resolveSchema, type Schema, type SchemaSet } from '#schema.ts';

/** Removes empty fields from `object`, in place. `schema` is that of a built-in kind. */
export function dropEmptyFields(set: SchemaSet, schema: Schema, object: unknown): void {
  const { properties, additionalProperties, items, required } = resolveSchema(set, schema);
  if (Array.isArray(object)) {
    if (items && holdsFields(set, items)) for (const item of object) dropEmptyFields(set, items, item);
    return;
  }
  if (typeof object !== 'object' || object === null) return;
  const fields = object as Record<string, unknown>;
  if (properties) {
    const plain = plainFields(schema.ref);
    for (const [name, value] of Object.entries(fields)) {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (!property) continue;
      const told = required?.includes(name) || property.unset !== undefined;
      if (value === null || (!told && isEmpty(set, property, value, plain.has(name)))) delete fields[name];
      else if (typeof value === 'object') dropEmptyFields(set, property, value);
    }
  } else if (additionalProperties && holdsFields(set, additionalProperties)) {
    for (const value of Object.values(fields)) dropEmptyFields(set, additionalProperties, value);
  }
}

function isEmpty(set: SchemaSet, property: Schema, value: unknown, plain: boolean): boolean {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return plain && !value;
    case 'object': {
      if (value === null) return true;
      const { type, additionalProperties } = resolveSchema(set, property);
      if (type === 'array') return Array.isArray(value) && value.length === 0;
      return additionalProperties !== undefined && Object.keys(value).length === 0;
    }
    default:
      return false;
  }
}

function holdsFields(set: SchemaSet, schema: Schema): boolean {
  const { properties, items, additionalProperties } = resolveSchema(set, schema);
  return properties !== undefined || items !== undefined || additionalProperties !== undefined;
}

const none: ReadonlySet<string> = new Set();
const known = new Map<string, ReadonlySet<string>>();

/** Scalar fields of a named struct that are left out when they are zero. */
function plainFields(ref: string | undefined): ReadonlySet<string> {
  if (ref === undefined) return none;
  let fields = known.get(ref);
  if (!fields) {
    const message = wireMessage(
      ref.replace(/^io\.k8s\./, 'k8s.io.').replace('apiextensions-apiserver', 'apiextensions_apiserver'),
    );
    known.set(ref, (fields = message ? new Set(plainOf(message)) : none));
  }
  return fields;
}

function* plainOf(message: WireMessage): Generator<string> {
  for (const field of message.fields) {
    if (field.inline) {
      const inner = wireMessage(field.type);
      if (inner) yield* plainOf(inner);
    } else if (field.shape === 'single' && !field.isMessage && !field.keepsZero) yield field.name;
  }
}
