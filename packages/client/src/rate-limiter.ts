import { sleep } from '@skerry/base';
import type { Clock } from '@skerry/base';

/** Lets callers through at a bounded rate. */
export interface RateLimiter {
  /** Resolves when the caller may go on, in the order of asking. */
  wait(signal?: AbortSignal): Promise<void>;
}

/** A token bucket: `burst` at once, then `perSecond`. */
export function createRateLimiter({
  perSecond,
  burst,
  clock,
}: {
  readonly perSecond: number;
  readonly burst: number;
  readonly clock: Clock;
}): RateLimiter {
  let tokens = burst;
  let filledAtMs = clock.monotonic();
  return {
    async wait(signal) {
      const nowMs = clock.monotonic();
      tokens = Math.min(burst, tokens + ((nowMs - filledAtMs) / 1000) * perSecond);
      filledAtMs = nowMs;
      // Below zero the bucket is owed: whoever comes later waits longer, which keeps the order.
      tokens -= 1;
      if (tokens >= 0) return;
      try {
        await sleep(clock, (-tokens / perSecond) * 1000, signal);
      } catch (error) {
        tokens += 1;
        throw error;
      }
    },
  };
}
