/**
 * What a Kubernetes server doesn't keep of an object: fields that are empty, where empty means the same as unset. In its
 * types these are plain values, lists and maps whose JSON leaves them out when empty; pointers and required fields stay
 * whatever they hold, and so do nested structs. An object thus reads the same however its author wrote "nothing".
 *
 * A stock server loses them only when it stores the object: its rules still see which lists and maps were given empty, and
 * print them so. Who asks rules therefore keeps what was dropped, and shows it to them.
 */
import { wireMessage, type WireMessage } from '#protobuf/messages.ts';
import { resolveSchema, type Schema, type SchemaSet } from '#schema.ts';

export interface DropOptions {
  /** Fields of these names have none. */
  readonly settled?: ReadonlySet<string> | undefined;
  /** Takes down the lists and maps that are dropped. */
  readonly dropped?: DroppedFields | undefined;
}

/** Removes empty fields from `object`, in place. `schema` is that of a built-in kind. */
export function dropEmptyFields(
  set: SchemaSet,
  schema: Schema,
  object: unknown,
  { settled, dropped }: DropOptions = {},
): void {
  const plan = plansOf(set).of(schema);
  if (plan) dropBy(plan, object, dropped, settled);
}

/** Lists and maps that were given empty, and where. As many as one object has at most. */
export class DroppedFields {
  readonly #fields: { readonly holder: Record<string, unknown>; readonly name: string; value: unknown }[] =
    [];

  add(holder: Record<string, unknown>, name: string): void {
    this.#fields.push({ holder, name, value: holder[name] });
  }

  /** Asks `rules` of the object as it was given; what has been set since stays. */
  shownTo<T>(rules: () => T): T {
    const shown = this.#fields.filter(({ holder, name }) => holder[name] === undefined);
    for (const { holder, name, value } of shown) holder[name] = value;
    try {
      return rules();
    } finally {
      for (const { holder, name } of shown) delete holder[name];
    }
  }
}

/** What is known of the fields at one place; there is no plan where no schema names any, at any depth. */
interface Plan {
  readonly fields: Map<string, FieldPlan>;
  /** Of elements of a list, and of a map's values. */
  rest: Plan | undefined;
}

interface FieldPlan {
  /** How it looks when it says nothing, besides null; undefined for what is told even so. */
  readonly empty: 'zero' | 'list' | 'map' | undefined;
  readonly below: Plan | undefined;
}

function dropBy(
  { fields, rest }: Plan,
  value: unknown,
  dropped: DroppedFields | undefined,
  settled?: ReadonlySet<string>,
): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    if (rest) for (const item of value) dropBy(rest, item, dropped);
    return;
  }
  const object = value as Record<string, unknown>;
  for (const name in object) {
    if (settled?.has(name)) continue;
    const held = object[name];
    const field = fields.get(name);
    if (!field) {
      if (rest) dropBy(rest, held, dropped);
    } else if (held === null || isEmpty(field, held)) {
      if (dropped && typeof held === 'object' && held !== null) dropped.add(object, name);
      delete object[name];
    } else if (field.below) dropBy(field.below, held, dropped);
  }
}

function isEmpty({ empty }: FieldPlan, value: unknown): boolean {
  switch (empty) {
    case 'zero':
      return value === '' || value === 0 || value === false;
    case 'list':
      return Array.isArray(value) && value.length === 0;
    case 'map':
      return typeof value === 'object' && value !== null && hasNone(value);
    default:
      return false;
  }
}

function hasNone(map: object): boolean {
  for (const _ in map) return false;
  return true;
}

/** The plans of one set of schemas: schemas don't change, and every write walks them several times. */
class Plans {
  readonly #set: SchemaSet;
  readonly #known = new Map<Schema, Map<string | undefined, Plan | null>>();

  constructor(set: SchemaSet) {
    this.#set = set;
  }

  of(given: Schema): Plan | undefined {
    const schema = resolveSchema(this.#set, given);
    let byName = this.#known.get(schema);
    if (!byName) this.#known.set(schema, (byName = new Map()));
    const known = byName.get(given.ref);
    if (known !== undefined) return known ?? undefined;
    const plan: Plan = { fields: new Map(), rest: undefined };
    // A schema that holds itself finds its plan here.
    byName.set(given.ref, plan);
    const plain = plainFields(given.ref);
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const told = schema.required?.includes(name) || property.unset !== undefined;
      plan.fields.set(name, {
        empty: told ? undefined : this.#emptyForm(property, plain.has(name)),
        below: this.of(property),
      });
    }
    const rest = schema.items ?? (schema.properties ? undefined : schema.additionalProperties);
    plan.rest = rest && this.of(rest);
    if (plan.fields.size > 0 || plan.rest) return plan;
    byName.set(given.ref, null);
    return undefined;
  }

  #emptyForm(property: Schema, plain: boolean): FieldPlan['empty'] {
    const { type, additionalProperties } = resolveSchema(this.#set, property);
    if (type === 'array') return 'list';
    if (additionalProperties !== undefined) return 'map';
    return plain ? 'zero' : undefined;
  }
}

const plans = new WeakMap<SchemaSet, Plans>();

function plansOf(set: SchemaSet): Plans {
  let found = plans.get(set);
  if (!found) plans.set(set, (found = new Plans(set)));
  return found;
}

const none: ReadonlySet<string> = new Set();
const known = new Map<string, ReadonlySet<string>>();

/** Scalar fields of a named struct that are left out when they are zero. */
function plainFields(ref: string | undefined): ReadonlySet<string> {
  if (ref === undefined) return none;
  let fields = known.get(ref);
  if (!fields) {
    const message = wireMessage(
      ref
        .replace(/^io\.k8s\./, 'k8s.io.')
        .replace('apiextensions-apiserver', 'apiextensions_apiserver')
        .replace('kube-aggregator', 'kube_aggregator'),
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
