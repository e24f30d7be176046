/**
 * A type as a schema declares it: what the checker needs (the type), what estimates of costs need (how large a value may
 * be), and how a value of decoded JSON becomes one of the language, as late as it is looked at.
 */
import type { Type } from '#types/type.ts';
import type { Outcome } from '#values/value.ts';

export interface DeclaredParts {
  readonly type: Type;
  /** Most characters, bytes, elements or entries; 0 where a size means nothing. */
  readonly maxElements?: number;
  /** Bytes of the shortest JSON text. */
  readonly minSize: number;
  readonly key?: Declared | undefined;
  readonly element?: Declared | undefined;
  /** Of a map whose entries are named as fields are, what each of them is for an estimate of costs. */
  readonly named?: Declared | undefined;
  /** By escaped name. */
  readonly fields?: ReadonlyMap<string, Declared> | undefined;
  toValue(raw: unknown): Outcome;
}

export class Declared {
  readonly type: Type;
  readonly maxElements: number;
  readonly minSize: number;
  readonly key: Declared | undefined;
  readonly element: Declared | undefined;
  readonly named: Declared | undefined;
  readonly fields: ReadonlyMap<string, Declared> | undefined;
  readonly #toValue: (raw: unknown) => Outcome;

  constructor(parts: DeclaredParts) {
    this.type = parts.type;
    this.maxElements = parts.maxElements ?? 0;
    this.minSize = parts.minSize;
    this.key = parts.key;
    this.element = parts.element;
    this.named = parts.named;
    this.fields = parts.fields;
    this.#toValue = (raw) => parts.toValue(raw);
  }

  /** The same type with values made another way. */
  with(toValue: (raw: unknown) => Outcome): Declared {
    const { type, maxElements, minSize, key, element, named, fields } = this;
    return new Declared({ type, maxElements, minSize, key, element, named, fields, toValue });
  }

  /** A fault for what does not fit the schema. */
  toValue(raw: unknown): Outcome {
    return this.#toValue(raw);
  }
}
