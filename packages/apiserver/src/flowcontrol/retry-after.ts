const retryAfterMax = 32;

interface Drops {
  /** Refusals by second, newest last. */
  history: { second: number; count: number }[];
  retryAfter: number;
  raisedAt: number;
}

/**
 * How long refused clients are told to stay away, by priority level: one second, doubled while many are refused, and one
 * less with each second in which few are.
 */
export class RetryAfter {
  readonly #levels = new Map<string, Drops>();

  /** Counts a refusal; returns seconds. */
  refuse(level: string, nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    let drops = this.#levels.get(level);
    if (!drops) this.#levels.set(level, (drops = { history: [], retryAfter: 1, raisedAt: 0 }));
    const last = drops.history.at(-1);
    if (last?.second === second) {
      last.count++;
      return drops.retryAfter;
    }
    adjust(drops, second);
    drops.history.push({ second, count: 1 });
    return drops.retryAfter;
  }

  forget(level: string): void {
    this.#levels.delete(level);
  }
}

function adjust(drops: Drops, second: number): void {
  drops.history = drops.history.filter((each) => second - each.second <= retryAfterMax);
  const { retryAfter } = drops;
  const recent = drops.history
    .filter((each) => second - each.second <= retryAfter)
    .reduce((sum, { count }) => sum + count, 0);
  if (second - drops.raisedAt >= retryAfter && recent >= 3 * retryAfter) {
    drops.retryAfter = Math.min(retryAfter * 2, retryAfterMax);
    drops.raisedAt = second;
  } else if (recent < retryAfter && retryAfter > 1) {
    drops.retryAfter--;
  }
}
