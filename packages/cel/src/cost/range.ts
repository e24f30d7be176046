/** Least and most of a size or a cost. What has no bound ends at 2^64, beyond which nothing is told apart. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

export const limitless = 2 ** 64;

export const unknownSize: Range = { min: 0, max: limitless };
export const zero: Range = { min: 0, max: 0 };

export function exactly(value: number): Range {
  return { min: value, max: value };
}

export function plus(a: Range, b: Range): Range {
  return { min: bounded(a.min + b.min), max: bounded(a.max + b.max) };
}

export function times(a: Range, b: Range): Range {
  return { min: bounded(a.min * b.min), max: bounded(a.max * b.max) };
}

/** Each unit costs `factor`, rounded up. */
export function scaled(a: Range, factor: number): Range {
  return { min: bounded(Math.ceil(a.min * factor)), max: bounded(Math.ceil(a.max * factor)) };
}

/** From the least of both to the most of both. */
export function union(a: Range, b: Range): Range {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

function bounded(value: number): number {
  return Math.min(value, limitless);
}
