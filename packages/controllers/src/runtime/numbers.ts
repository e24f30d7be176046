/**
 * Numbers of single controllers, beside those of their queues. A controller's families are made once in a process, however
 * often its controllers begin anew under another term of leadership.
 */
import { MetricRegistry } from '@skerry/base';
import type { Metrics } from '#runtime/metrics.ts';

export class Numbers {
  readonly #metrics: Metrics;
  readonly #made = new Map<unknown, unknown>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  of<T>(make: (metrics: Metrics) => T): T {
    if (!this.#made.has(make)) this.#made.set(make, make(this.#metrics));
    return this.#made.get(make) as T;
  }
}

/** Those of a context; where nobody gathers them, some that nobody reads. */
export function numbersOf<T>({ numbers }: { readonly numbers?: Numbers }, make: (metrics: Metrics) => T): T {
  return (numbers ?? new Numbers(new MetricRegistry())).of(make);
}

export function exponential(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start * factor ** index);
}
