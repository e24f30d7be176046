import { flushCompileCache } from 'node:module';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '@skerry/base';

/**
 * Gives back what starting needed: a process that then only waits would keep its young generation at the size that loading
 * its code made of it, some 16 MB, for good. What was compiled is kept on disk first, for the next start: the collector
 * throws away functions that ran once, and a process that is killed keeps nothing. To be called once, when nothing waits.
 */
export function settleMemory(): void {
  flushCompileCache();
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect === 'function') collect();
}

/** Until what is done once after a start has been done, by this process and by those who ask it. */
const startingMs = 10_000;

/** Beyond it, most of what is held is data, and looking through it would be noticed by whoever waits for an answer. */
const settledBytesMax = 128 * 1024 * 1024;

/** The same for a process that others keep busy from its first moment on: once, a while after its start. Ends with the signal. */
export function settleMemoryLater(clock: Clock, signal: AbortSignal): void {
  const timer = clock.after(startingMs, () => {
    if (getHeapStatistics().used_heap_size < settledBytesMax) settleMemory();
  });
  signal.addEventListener('abort', () => timer.cancel(), { once: true });
}
