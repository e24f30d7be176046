/**
 * Time as a parameter. Only the composition root hands out `systemClock`; everything else is given a `Clock`, which is
 * what lets a test move time and lets thousands of simulated nodes share one process.
 */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the Unix epoch; may jump when the machine's clock is set. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. Use for durations and deadlines. */
  monotonic(): number;
  /** Calls `fn` once after `delayMs`. A timer never keeps the process alive by itself. */
  after(delayMs: number, fn: () => void): Timer;
}

/** The real clock. Read it in a composition root or a test, nowhere else. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, fn) {
    // Node caps a timeout at 2^31-1 ms and fires at once beyond it; a longer wait is cut to the cap.
    const handle = setTimeout(fn, Math.min(Math.max(delayMs, 0), 2_147_483_647));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs`, or rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
