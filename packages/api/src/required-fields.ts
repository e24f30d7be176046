import { cloneJson } from '#patch/json-value.ts';
import { resolveSchema, type Schema, type SchemaSet } from '#schema.ts';

/** An absent selector is a fault of its own; an empty one selects everything. */
const labelSelector = 'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector';

/**
 * Gives required fields that are absent their type's empty value, in place and at any depth, as an object has them after
 * a stock server has read it into its types. So what is stored always has them, readers needn't ask, and validation finds
 * an empty name instead of none. Instants have no empty value and stay absent.
 *
 * Not for configurations that are applied: there a field that is absent is a statement.
 */
export function fillRequired(set: SchemaSet, schema: Schema, value: unknown): void {
  fill(set, schema, value, { fillingsOf: requiredOf, emptyLists: false });
}

/**
 * Also gives fields that needn't be there what a stock server tells in their place: `{}` for a part of its types that is
 * no pointer, a zero, and with `nulls`, `null` for an instant or a list.
 */
export function fillUnset(
  set: SchemaSet,
  schema: Schema,
  value: unknown,
  { nulls = true, emptyLists = true }: { readonly nulls?: boolean; readonly emptyLists?: boolean } = {},
): void {
  fill(set, schema, value, { fillingsOf: nulls ? unsetOf : plainUnsetOf, emptyLists });
}

type Fillings = readonly (readonly [name: string, value: unknown])[];

interface Filling {
  readonly fillingsOf: (set: SchemaSet, schema: Schema) => Fillings;
  /** Whether a list that was given empty counts as not given. */
  readonly emptyLists: boolean;
}

function fill(set: SchemaSet, given: Schema, value: unknown, how: Filling): void {
  const schema = resolveSchema(set, given);
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) fill(set, schema.items, item, how);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const object = value as Record<string, unknown>;
  for (const [name, filling] of how.fillingsOf(set, schema)) {
    const held = object[name];
    // A list that needn't be there and is empty reads as none: an empty one doesn't outlive a stock server's store.
    const isEmptyList = how.emptyLists && filling === null && Array.isArray(held) && held.length === 0;
    if (held === undefined || isEmptyList) object[name] = cloneJson(filling);
  }
  if (!schema.properties && schema.additionalProperties && isPlain(set, schema.additionalProperties)) return;
  for (const key of Object.keys(object)) {
    const item = object[key];
    if (typeof item !== 'object' || item === null) continue;
    const own =
      schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const property = own ?? schema.additionalProperties;
    if (property) fill(set, property, item, how);
  }
}

const required = new WeakMap<Schema, Fillings>();
const unset = new WeakMap<Schema, Fillings>();
const plainUnset = new WeakMap<Schema, Fillings>();

function requiredOf(set: SchemaSet, schema: Schema): Fillings {
  let known = required.get(schema);
  if (!known) {
    const fillings: [string, unknown][] = [];
    for (const name of schema.required ?? []) {
      const property = schema.properties?.[name];
      if (!property || property.ref === labelSelector) continue;
      const empty = emptyValue(resolveSchema(set, property));
      if (empty !== undefined) fillings.push([name, empty]);
    }
    required.set(schema, (known = fillings));
  }
  return known;
}

function unsetOf(set: SchemaSet, schema: Schema): Fillings {
  let known = unset.get(schema);
  if (!known) {
    const told = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
      property.unset === undefined ? [] : [[name, property.unset] as const],
    );
    const names = new Set(told.map(([name]) => name));
    const needed = requiredOf(set, schema).filter(([name]) => !names.has(name));
    unset.set(schema, (known = [...needed, ...told]));
  }
  return known;
}

function plainUnsetOf(set: SchemaSet, schema: Schema): Fillings {
  let known = plainUnset.get(schema);
  if (!known) {
    const told = unsetOf(set, schema).filter(([, value]) => value !== null);
    const names = new Set(told.map(([name]) => name));
    const needed = requiredOf(set, schema).filter(([name]) => !names.has(name));
    plainUnset.set(schema, (known = [...needed, ...told]));
  }
  return known;
}

function emptyValue(schema: Schema): unknown {
  if (schema.intOrString) return schema.format === 'quantity' ? '0' : 0;
  if (schema.preserveUnknownFields) return undefined;
  switch (schema.type) {
    case 'string':
      return schema.format === 'date-time' ? undefined : '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return undefined;
  }
}

/** Whether values hold nothing to fill: a map of texts may have tens of thousands. */
function isPlain(set: SchemaSet, schema: Schema): boolean {
  const { type } = resolveSchema(set, schema);
  return type !== undefined && type !== 'object' && type !== 'array';
}
