/** Decoded JSON as values: of no known type here, by a schema in `types/from-schema.ts`. Parts are made when looked at. */
import { opaqueType, type Type } from '#types/type.ts';
import { sameJson } from '@skerry/api';
import { Fault, List, type ListEquality, Mapping, Opaque, type Outcome, type Value } from '#values/value.ts';

/** Whole numbers are ints, as they are in Kubernetes' own decoded form. */
export function fromJson(raw: unknown): Outcome {
  switch (typeof raw) {
    case 'string':
    case 'boolean':
      return raw;
    case 'number':
      return Number.isSafeInteger(raw) ? BigInt(raw) : raw;
    case 'bigint':
      return raw;
    case 'object':
      if (raw === null) return null;
      if (Array.isArray(raw)) return new JsonList(raw, fromJson);
      return new JsonMap(raw as Readonly<Record<string, unknown>>, fromJson);
    default:
      return new Fault('unsupported value');
  }
}

export class JsonList extends List {
  readonly length: number;
  readonly raw: readonly unknown[];
  readonly #toValue: (raw: unknown) => Outcome;

  constructor(raw: readonly unknown[], toValue: (raw: unknown) => Outcome, equality?: ListEquality) {
    super(equality);
    this.raw = raw;
    this.length = raw.length;
    this.#toValue = toValue;
  }

  override at(index: number): Outcome {
    return this.#toValue(this.raw[index]);
  }
}

/** A map of any names. */
export class JsonMap extends Mapping {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly #toValue: (raw: unknown) => Outcome;

  constructor(raw: Readonly<Record<string, unknown>>, toValue: (raw: unknown) => Outcome) {
    super();
    this.raw = raw;
    this.#toValue = toValue;
  }

  override get size(): number {
    return Object.keys(this.raw).length;
  }

  override get(key: Value): Outcome | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.raw, key)) return undefined;
    const value = this.raw[key];
    return value === undefined ? undefined : this.#toValue(value);
  }

  override keys(): Iterable<Value> {
    return Object.keys(this.raw);
  }
}

export interface JsonField {
  /** As the JSON has it, which the language may not be able to say. */
  readonly name: string;
  toValue(raw: unknown): Outcome;
}

/** An object of declared fields, by the names that the language can say. */
export class JsonObject extends Mapping {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly #fields: ReadonlyMap<string, JsonField>;

  constructor(raw: Readonly<Record<string, unknown>>, fields: ReadonlyMap<string, JsonField>, struct: Type) {
    super(struct);
    this.raw = raw;
    this.#fields = fields;
  }

  override get size(): number {
    return Object.keys(this.raw).length;
  }

  override get(key: Value): Outcome | undefined {
    const field = typeof key === 'string' ? this.#fields.get(key) : undefined;
    if (!field || !Object.hasOwn(this.raw, field.name)) return undefined;
    const value = this.raw[field.name];
    return value === undefined ? undefined : field.toValue(value);
  }

  override *keys(): Iterable<Value> {
    for (const [key, { name }] of this.#fields) if (Object.hasOwn(this.raw, name)) yield key;
  }
}

const preservedType = opaqueType('unknown');

/** What no schema describes: it can be compared and nothing else. */
export class Preserved extends Opaque {
  readonly type = preservedType;
  readonly raw: unknown;

  constructor(raw: unknown) {
    super();
    this.raw = raw;
  }

  override equals(other: Opaque): boolean {
    return other instanceof Preserved && sameJson(this.raw, other.raw);
  }
}
