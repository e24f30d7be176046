/**
 * Turns counters of processor time into rates. A rate needs two readings; the older one is kept until it is at least a
 * second old, so that two readers in quick succession don't see noise. A rate over more than a minute says nothing about
 * now: then the reader takes two readings a second apart.
 */
export const warmUpMs = 1_000;
/** Less, since a runtime reads its counters a little earlier or later than it is asked. */
const windowMsMin = 900;
const windowMsMax = 60_000;

interface Reading {
  readonly atMs: number;
  readonly nanoSeconds: bigint;
}

export class CpuRates {
  #older = new Map<string, Reading>();
  #rates = new Map<string, number>();
  #readMs = Number.NEGATIVE_INFINITY;

  /** Whether a reading now gives a rate of now. */
  ready(nowMs: number): boolean {
    return nowMs - this.#readMs <= windowMsMax && nowMs >= this.#readMs;
  }

  /** Call once for each round of readings. */
  begin(nowMs: number): void {
    if (!this.ready(nowMs)) {
      this.#older.clear();
      this.#rates.clear();
    }
    this.#readMs = nowMs;
  }

  /**
   * Billionths of a core in use; undefined until there are two readings. What was started within the last minute had a
   * reading of zero then. Counters that fell begin anew.
   */
  rate(key: string, now: Reading, startedAtMs = Number.NEGATIVE_INFINITY): number | undefined {
    const young = now.atMs - startedAtMs <= windowMsMax;
    const older = this.#older.get(key) ?? (young ? { atMs: startedAtMs, nanoSeconds: 0n } : undefined);
    if (!older || now.nanoSeconds < older.nanoSeconds) {
      this.#older.set(key, now);
      this.#rates.delete(key);
    } else if (now.atMs - older.atMs >= windowMsMin) {
      const nanoSeconds = Number(now.nanoSeconds - older.nanoSeconds);
      this.#rates.set(key, Math.round((nanoSeconds * 1000) / (now.atMs - older.atMs)));
      this.#older.set(key, now);
    }
    return this.#rates.get(key);
  }

  /** Forgets what isn't among `keys`: containers that are gone. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#older.keys()) {
      if (keys.has(key)) continue;
      this.#older.delete(key);
      this.#rates.delete(key);
    }
  }
}
