import type { Value } from '#values/value.ts';

/** A value that may be absent: what `a.?b` gives. */
export class Optional {
  readonly value: Value | undefined;

  constructor(value: Value | undefined) {
    this.value = value;
  }

  static readonly none = new Optional(undefined);
}
