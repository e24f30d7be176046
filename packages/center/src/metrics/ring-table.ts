/**
 * Numbers over time of many things, in fixed memory: each thing has a ring of slots in one array that all share. A typed array
 * for each of fifty thousand pods would cost more than what it holds.
 *
 * Time is cut into steps; what is written falls into the step of its time, and a step that nothing was written in is a gap.
 */
export interface RingTableOptions {
  readonly stepMs: number;
  /** Steps kept. */
  readonly steps: number;
  /** Numbers of each thing and step. */
  readonly values: number;
  /** Things at once; those that were not written to for the whole length make place. */
  readonly thingsMax: number;
}

const rowsAtFirst = 64;

export class RingTable {
  readonly #options: RingTableOptions;
  readonly #rows = new Map<string, { row: number; lastStep: number }>();
  readonly #free: number[] = [];
  #cells: Float32Array;

  constructor(options: RingTableOptions) {
    this.#options = options;
    this.#cells = this.#emptyCells(Math.min(rowsAtFirst, options.thingsMax));
  }

  get size(): number {
    return this.#rows.size;
  }

  get bytes(): number {
    return this.#cells.byteLength;
  }

  /** False: there are too many things already. */
  write(thing: string, timeMs: number, values: readonly number[]): boolean {
    const step = Math.floor(timeMs / this.#options.stepMs);
    const entry = this.#rows.get(thing) ?? this.#enter(thing, step);
    if (!entry) return false;
    // A clock that was set back must not overwrite what came after.
    if (step < entry.lastStep) return true;
    this.#clearBetween(entry.row, entry.lastStep, step);
    entry.lastStep = step;
    const at = this.#at(entry.row, step);
    for (let index = 0; index < this.#options.values; index++)
      this.#cells[at + index] = values[index] ?? Number.NaN;
    return true;
  }

  /** One of the numbers at each step up to `nowMs`, oldest first; null where there is none. */
  read(thing: string, value: number, nowMs: number): (number | null)[] {
    const { steps, stepMs } = this.#options;
    const entry = this.#rows.get(thing);
    const last = Math.floor(nowMs / stepMs);
    return Array.from({ length: steps }, (_, index) => {
      const step = last - steps + 1 + index;
      if (!entry || step > entry.lastStep || step <= entry.lastStep - steps) return null;
      const cell = this.#cells[this.#at(entry.row, step) + value]!;
      return Number.isNaN(cell) ? null : cell;
    });
  }

  /** Seconds since 1970 of each step, as `read` tells them. */
  times(nowMs: number): number[] {
    const { steps, stepMs } = this.#options;
    const last = Math.floor(nowMs / stepMs);
    return Array.from({ length: steps }, (_, index) => ((last - steps + 1 + index) * stepMs) / 1000);
  }

  /** Drops things that nothing was written of for the whole length. */
  sweep(nowMs: number): void {
    const oldest = Math.floor(nowMs / this.#options.stepMs) - this.#options.steps;
    for (const [thing, { row, lastStep }] of this.#rows) {
      if (lastStep > oldest) continue;
      this.#rows.delete(thing);
      this.#free.push(row);
    }
  }

  #enter(thing: string, step: number): { row: number; lastStep: number } | undefined {
    if (this.#rows.size >= this.#options.thingsMax) return undefined;
    const row = this.#free.pop() ?? this.#rows.size;
    this.#grow(row);
    const start = row * this.#rowLength;
    this.#cells.fill(Number.NaN, start, start + this.#rowLength);
    const entry = { row, lastStep: step };
    this.#rows.set(thing, entry);
    return entry;
  }

  #clearBetween(row: number, lastStep: number, step: number): void {
    const from = Math.max(lastStep + 1, step - this.#options.steps + 1);
    for (let skipped = from; skipped < step; skipped++) {
      const at = this.#at(row, skipped);
      this.#cells.fill(Number.NaN, at, at + this.#options.values);
    }
  }

  get #rowLength(): number {
    return this.#options.steps * this.#options.values;
  }

  #at(row: number, step: number): number {
    return row * this.#rowLength + (step % this.#options.steps) * this.#options.values;
  }

  #grow(row: number): void {
    const rows = this.#cells.length / this.#rowLength;
    if (row < rows) return;
    const grown = this.#emptyCells(Math.min(rows * 2, this.#options.thingsMax));
    grown.set(this.#cells);
    this.#cells = grown;
  }

  #emptyCells(rows: number): Float32Array {
    return new Float32Array(rows * this.#rowLength);
  }
}
