/**
 * Values at run time. Scalars are the language's own: an int is a bigint, a double a number. What has no counterpart is a
 * class. A fault is a value too: it goes up through every strict operation, and `&&`, `||` and `?:` may forgive it.
 */
import type { Optional } from '#values/optional.ts';
import type { Duration, Timestamp } from '#values/time.ts';
import type { Uint } from '#values/uint.ts';
import type { Type } from '#types/type.ts';

export type Value =
  | boolean
  | bigint
  | Uint
  | number
  | string
  | Uint8Array
  | null
  | List
  | Mapping
  | Timestamp
  | Duration
  | Type
  | Optional
  | Opaque;

/** Why there is no value. */
export class Fault {
  readonly message: string;
  /** The evaluation must end; nothing forgives it. */
  readonly final: boolean;

  constructor(message: string, { final = false }: { readonly final?: boolean } = {}) {
    this.message = message;
    this.final = final;
  }
}

export type Outcome = Value | Fault;

/** A sequence; elements may be made when they are asked for. */
export abstract class List {
  abstract readonly length: number;
  /** Only for 0 ≤ index < length. */
  abstract at(index: number): Outcome;
  /** As sets or as maps by key, which lists of custom resources may be; undefined for element by element. */
  readonly equality: ListEquality | undefined;

  constructor(equality?: ListEquality) {
    this.equality = equality;
  }
}

export type ListEquality = { readonly kind: 'set' } | { readonly kind: 'map'; keyOf(element: Value): string };

/** Keys to values: a map, or an object with fields. */
export abstract class Mapping {
  abstract readonly size: number;
  /** Undefined when the key is not there. Numbers of all types find each other. */
  abstract get(key: Value): Outcome | undefined;
  abstract keys(): Iterable<Value>;
  /** Set for objects with declared fields. */
  readonly struct: Type | undefined;

  constructor(struct?: Type) {
    this.struct = struct;
  }
}

/** A value of a library: equal to others of its kind as it says. */
export abstract class Opaque {
  abstract readonly type: Type;
  abstract equals(other: Opaque): boolean;
  /** For costs; 1 unless the value has an extent. */
  get size(): number {
    return 1;
  }
}
