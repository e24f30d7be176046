/**
 * Numbers of a range that are in use. Free ones are looked for from a random place on, upwards and around, so that two
 * neighbours in time are none in number; the low band is only taken from when the rest is full, which leaves it to those
 * who name their number.
 */
export class NumberRange {
  readonly first: number;
  readonly last: number;
  readonly #lowBand: number;
  readonly #random: () => number;
  readonly #used = new Set<number>();

  constructor(range: { first: number; last: number; lowBand?: number; random: () => number }) {
    this.first = range.first;
    this.last = range.last;
    this.#lowBand = Math.min(range.lowBand ?? 0, range.last - range.first);
    this.#random = range.random;
  }

  includes(value: number): boolean {
    return value >= this.first && value <= this.last;
  }

  has(value: number): boolean {
    return this.#used.has(value);
  }

  /** False when it is taken. */
  take(value: number): boolean {
    if (this.#used.has(value)) return false;
    this.#used.add(value);
    return true;
  }

  /** Undefined when the range is full. */
  takeAny(): number | undefined {
    const middle = this.first + this.#lowBand;
    const value = this.#free(middle, this.last) ?? this.#free(this.first, middle - 1);
    if (value !== undefined) this.#used.add(value);
    return value;
  }

  release(value: number): void {
    this.#used.delete(value);
  }

  #free(first: number, last: number): number | undefined {
    const size = last - first + 1;
    if (size <= 0) return undefined;
    const start = Math.floor(this.#random() * size);
    for (let i = 0; i < size; i++) {
      const value = first + ((start + i) % size);
      if (!this.#used.has(value)) return value;
    }
    return undefined;
  }
}
