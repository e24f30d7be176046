import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import type { Clock } from '@skerry/base';

/** What a small heap may grow by before all of it is looked through again. */
const roomBytes = 64 * 1024 * 1024;
/** What a heap may grow by at least, of what was alive; and from the start of a process. */
export const growthPercentLeast = 40;
const intervalMs = 5000;
/** Smaller changes are not worth a word. */
const stepPercent = 10;

/**
 * V8 looks through a heap when it has grown by a share of what was alive. The share that keeps a heap of a gigabyte within
 * its bounds lets one of fifty megabytes grow by twenty, which a busy API server fills in three seconds, to look through it
 * again. So the share follows the size: `growthPercentLeast`, or what makes `roomBytes` if
 * that is more. Asked of V8 again every few seconds, since what is alive changes by data, not by start. Ends with the signal.
 */
export function keepHeapRoom(clock: Clock, signal: AbortSignal): void {
  let told = growthPercentLeast;
  const look = () => {
    if (signal.aborted) return;
    const percent = growthPercent(getHeapStatistics().used_heap_size);
    if (Math.abs(percent - told) >= stepPercent) {
      told = percent;
      setFlagsFromString(`--heap-growing-percent=${percent}`);
    }
    clock.after(intervalMs, look);
  };
  look();
}

/** In whole percent; `used` holds garbage too, so the room is rather too small than too large. */
export function growthPercent(used: number): number {
  return Math.max(growthPercentLeast, Math.round((100 * roomBytes) / used));
}
