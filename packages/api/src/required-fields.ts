import { cloneJson } from '#patch/json-value.ts';
import { resolveSchema, type Schema, type SchemaSet } from '#schema.ts';

/** An absent selector is a fault of its own; an empty one selects everything. */
const labelSelector = 'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector';

/**
 * Gives required fields that are absent their type's empty value, in place and at any depth, as an object has them after
 * a stock server has read it into its types. So what is stored always has them, readers needn't ask, and validation finds
 * an empty name instead of none. Instants have no empty value and stay absent.
 *
 * Not for configurations that are applied: there a field that is absent is a statement. Fields of the names in `settled`
 * have all that they need.
 */
export function fillRequired(
  set: SchemaSet,
  schema: Schema,
  value: unknown,
  settled?: ReadonlySet<string>,
): void {
  fill(set, schema, value, { fillingsOf: requiredOf, emptyLists: false, settled });
}

/**
 * Also gives fields that needn't be there what a stock server tells in their place: `{}` for a part of its types that is
 * no pointer, a zero, and with `nulls`, `null` for an instant or a list.
 */
export function fillUnset(
  set: SchemaSet,
  schema: Schema,
  value: unknown,
  { nulls = true, emptyLists = true, settled }: UnsetOptions = {},
): void {
  fill(set, schema, value, { fillingsOf: nulls ? unsetOf : plainUnsetOf, emptyLists, settled });
}

export interface UnsetOptions {
  readonly nulls?: boolean;
  /** Whether a list that was given empty counts as not given. */
  readonly emptyLists?: boolean;
  /** Names of fields that are left alone. */
  readonly settled?: ReadonlySet<string>;
}

type Fillings = readonly { readonly name: string; readonly value: unknown }[];

interface Filling {
  readonly fillingsOf: (set: SchemaSet, schema: Schema) => Fillings;
  readonly emptyLists: boolean;
  readonly settled: ReadonlySet<string> | undefined;
}

function fill(
  set: SchemaSet,
  schema: Schema,
  value: unknown,
  { fillingsOf, emptyLists, settled }: Filling,
): void {
  const plan = plansOf(set, fillingsOf).of(schema);
  if (plan) fillBy(plan, value, emptyLists, settled);
}

/** What is to be filled in at one place and below it; there is none where nothing ever is. */
interface Plan {
  fillings: Fillings;
  readonly fields: Map<string, Plan>;
  /** Of elements of a list and of entries that have no name of their own. */
  rest: Plan | undefined;
}

function fillBy(plan: Plan, value: unknown, emptyLists: boolean, settled?: ReadonlySet<string>): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    if (plan.rest) for (const item of value) fillBy(plan.rest, item, emptyLists);
    return;
  }
  const object = value as Record<string, unknown>;
  for (const filling of plan.fillings) {
    const held = object[filling.name];
    // A list that needn't be there and is empty reads as none: an empty one doesn't outlive a stock server's store.
    const isEmptyList = emptyLists && filling.value === null && Array.isArray(held) && held.length === 0;
    if (held === undefined || isEmptyList) object[filling.name] = standIn(filling.value);
  }
  if (plan.fields.size === 0 && !plan.rest) return;
  for (const key in object) {
    const below = plan.fields.get(key) ?? plan.rest;
    if (below && !settled?.has(key)) fillBy(below, object[key], emptyLists);
  }
}

function standIn(value: unknown): unknown {
  const made = cloneJson(value);
  if (Array.isArray(made)) filledIn.add(made);
  return made;
}

const filledIn = new WeakSet<unknown[]>();

/** Whether a list stands in for one that its object doesn't have. */
export function isFilledIn(list: unknown[]): boolean {
  return list.length === 0 && filledIn.has(list);
}

/** The plans of one set of schemas: schemas don't change, and every write walks them several times. */
class Plans {
  readonly #set: SchemaSet;
  readonly #fillingsOf: Filling['fillingsOf'];
  readonly #known = new WeakMap<Schema, Plan | null>();

  constructor(set: SchemaSet, fillingsOf: Filling['fillingsOf']) {
    this.#set = set;
    this.#fillingsOf = fillingsOf;
  }

  of(given: Schema): Plan | undefined {
    const schema = resolveSchema(this.#set, given);
    const known = this.#known.get(schema);
    if (known !== undefined) return known ?? undefined;
    const plan: Plan = { fillings: this.#fillingsOf(this.#set, schema), fields: new Map(), rest: undefined };
    // A schema that holds itself finds its plan here, and counts as having something to fill.
    this.#known.set(schema, plan);
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const below = this.of(property);
      if (below) plan.fields.set(name, below);
    }
    const rest = schema.items ?? schema.additionalProperties;
    plan.rest = rest && this.of(rest);
    if (plan.fillings.length > 0 || plan.fields.size > 0 || plan.rest) return plan;
    this.#known.set(schema, null);
    return undefined;
  }
}

const plans = new WeakMap<SchemaSet, Map<Filling['fillingsOf'], Plans>>();

function plansOf(set: SchemaSet, fillingsOf: Filling['fillingsOf']): Plans {
  let ofSet = plans.get(set);
  if (!ofSet) plans.set(set, (ofSet = new Map()));
  let found = ofSet.get(fillingsOf);
  if (!found) ofSet.set(fillingsOf, (found = new Plans(set, fillingsOf)));
  return found;
}

function requiredOf(set: SchemaSet, schema: Schema): Fillings {
  const fillings: { name: string; value: unknown }[] = [];
  for (const name of schema.required ?? []) {
    const property = schema.properties?.[name];
    if (!property || property.ref === labelSelector) continue;
    // What stock tells to be absent: a pointer, or a list, of which an empty one would be something else.
    if (property.unset === null) continue;
    const empty = emptyValue(resolveSchema(set, property));
    if (empty !== undefined) fillings.push({ name, value: empty });
  }
  return fillings;
}

function unsetOf(set: SchemaSet, schema: Schema): Fillings {
  const told = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    property.unset === undefined ? [] : [{ name, value: property.unset }],
  );
  return besidesRequired(set, schema, told);
}

function plainUnsetOf(set: SchemaSet, schema: Schema): Fillings {
  return besidesRequired(
    set,
    schema,
    unsetOf(set, schema).filter(({ value }) => value !== null),
  );
}

/** What is told comes in place of a required field's empty value. */
function besidesRequired(set: SchemaSet, schema: Schema, told: Fillings): Fillings {
  const names = new Set(told.map(({ name }) => name));
  return [...requiredOf(set, schema).filter(({ name }) => !names.has(name)), ...told];
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
