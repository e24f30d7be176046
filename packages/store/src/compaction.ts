import { describeError } from '@skerry/base';
import type { Clock, Logger, Timer } from '@skerry/base';
import type { Store } from '#contract.ts';

/** How much history a store keeps by itself. */
export interface CompactionPolicy {
  /** History at least this old goes. */
  readonly keepMs: number;
  /** At most this many revisions of history, however young. */
  readonly revisionsMax: number;
}

const samplesPerKeep = 5;

/** Compacts a store by age and amount until stopped. A failure is logged and tried again with the next round. */
export function startCompaction(
  store: Store,
  { clock, log, policy }: { clock: Clock; log: Logger; policy: CompactionPolicy },
): { stop(): void } {
  const everyMs = policy.keepMs / samplesPerKeep;
  let samples: { readonly atMs: number; readonly revision: number }[] = [];
  let timer: Timer = clock.after(everyMs, round);
  let stopped = false;
  take();
  return {
    stop() {
      stopped = true;
      timer.cancel();
    },
  };

  function take(): void {
    samples.push({ atMs: clock.monotonic(), revision: store.revision });
  }

  function round(): void {
    const bornMs = clock.monotonic() - policy.keepMs;
    const old = samples.findLast((sample) => sample.atMs <= bornMs);
    if (old) samples = samples.slice(samples.indexOf(old));
    take();
    const revision = Math.max(old?.revision ?? 0, store.revision - policy.revisionsMax);
    const compacted = revision > store.compactedRevision ? store.compact(revision) : Promise.resolve();
    compacted
      .catch((error: unknown) => {
        if (!stopped) log.warn('compaction failed', { revision, error: describeError(error) });
      })
      .finally(() => {
        if (!stopped) timer = clock.after(everyMs, round);
      });
  }
}
