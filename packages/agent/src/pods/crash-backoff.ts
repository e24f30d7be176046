/**
 * When a container that ended may be started again: at once the first time, then 10 s after its end, doubling to five
 * minutes, and from the start again after it ran for ten. Lost with the agent, like the kubelet's.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
 */
import type { WaitingReason } from '#pods/status.ts';

export interface CrashBackoffOptions {
  readonly baseMs?: number;
  readonly maxMs?: number;
}

interface Entry {
  delayMs: number;
  updatedAtMs: number;
}

export class CrashBackoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor({ baseMs = 10_000, maxMs = 300_000 }: CrashBackoffOptions = {}) {
    this.#baseMs = baseMs;
    this.#maxMs = maxMs;
  }

  /** How long to wait still; 0 means start now, which counts. Times are of the wall clock. */
  check(
    container: string,
    { finishedAtMs, nowMs }: { finishedAtMs: number; nowMs: number },
  ): { leftMs: number; delayMs: number } {
    const entry = this.#entries.get(container);
    if (!entry || finishedAtMs - entry.updatedAtMs > 2 * this.#maxMs) {
      this.#entries.set(container, { delayMs: this.#baseMs, updatedAtMs: nowMs });
      return { leftMs: 0, delayMs: 0 };
    }
    const leftMs = finishedAtMs + entry.delayMs - nowMs;
    if (leftMs > 0) return { leftMs, delayMs: entry.delayMs };
    this.#entries.set(container, { delayMs: Math.min(entry.delayMs * 2, this.#maxMs), updatedAtMs: nowMs });
    return { leftMs: 0, delayMs: entry.delayMs };
  }
}

/** What the status of a container says that is held back. `pod` as messages of the kubelet name it. */
export function crashLoop(container: string, pod: string, delayMs: number): WaitingReason {
  return {
    reason: 'CrashLoopBackOff',
    message: `back-off ${goDuration(delayMs)} restarting failed container=${container} pod=${pod}`,
  };
}

/** As Go prints a duration: `10s`, `1m20s`, `5m0s`. */
function goDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
