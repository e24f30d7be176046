/**
 * Latencies in buckets that are 5 % wide each, from 0.1 ms to ten minutes: constant memory, whatever the number, and
 * percentiles that are off by at most 5 %.
 */
const growth = 1.05;
const firstMs = 0.1;
const bucketCount = Math.ceil(Math.log(600_000 / firstMs) / Math.log(growth)) + 1;

export class LatencyHistogram {
  readonly #buckets = new Uint32Array(bucketCount);
  #count = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return round(this.#maxMs);
  }

  add(ms: number): void {
    const at = ms <= firstMs ? 0 : Math.ceil(Math.log(ms / firstMs) / Math.log(growth));
    const bucket = Math.min(at, bucketCount - 1);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count++;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  /** `share` from 0 to 1; undefined where there is none. */
  percentile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [index, count] of this.#buckets.entries()) {
      seen += count;
      if (seen >= wanted) return round(Math.min(firstMs * growth ** index, this.#maxMs));
    }
    return this.maxMs;
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
