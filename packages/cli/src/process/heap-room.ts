import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import type { Clock } from '@skerry/base';

/** What a heap may grow by at least, of what was alive; and from the start of a process. */
export const growthPercentLeast = 40;
/** What a small heap may grow by before all of it is looked through again: little while it is idle, more the faster it fills. */
const roomBytes = { least: 64 * 1024 * 1024, most: 192 * 1024 * 1024 };
/** The time in which it may fill. */
const fillSeconds = 30;
const lookSeconds = 5;
/** Smaller changes are not worth a word. */
const stepPercent = 10;

/**
 * V8 looks through a heap when it has grown by a share of what was alive. The share that keeps a heap of a gigabyte within
 * its bounds lets one of fifty megabytes grow by twenty, which a busy API server fills in three seconds, to look through it
 * again: a fourth of its processor time went there. So the share follows the size and the pace: `growthPercentLeast`, or what
 * makes the room if that is more. Both are asked of V8 every few seconds. Ends with the signal.
 */
export function keepHeapRoom(clock: Clock, signal: AbortSignal): void {
  let told = growthPercentLeast;
  const pace = new FillPace();
  const look = () => {
    if (signal.aborted) return;
    const percent = growthPercent(getHeapStatistics().used_heap_size, pace.room(oldBytes()));
    if (Math.abs(percent - told) >= stepPercent) {
      told = percent;
      setFlagsFromString(`--heap-growing-percent=${percent}`);
    }
    clock.after(lookSeconds * 1000, look);
  };
  look();
}

/** How fast what outlived its youth adds up. After a collection, which hides it, the pace before counts for a minute. */
export class FillPace {
  #last: number | undefined;
  readonly #grown: number[] = [];

  /** @param bytes of the old generation, at every look */
  room(bytes: number): number {
    if (this.#last !== undefined) this.#grown.push(Math.max(0, bytes - this.#last));
    this.#last = bytes;
    if (this.#grown.length > 60 / lookSeconds) this.#grown.shift();
    const fastest = Math.max(0, ...this.#grown) / lookSeconds;
    return Math.min(roomBytes.most, Math.max(roomBytes.least, fastest * fillSeconds));
  }
}

/** In whole percent; `used` holds garbage too, so the room is rather too small than too large. */
export function growthPercent(used: number, room: number): number {
  return Math.max(growthPercentLeast, Math.round((100 * room) / used));
}

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0;
}
