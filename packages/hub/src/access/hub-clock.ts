/**
 * The time by which tokens are judged. While the node is cut off it stands still at the moment in which the link broke, so
 * that nothing that was good then ends; and a machine that comes up with a wrong clock, still cut off, goes on from the last
 * moment that was kept, whatever its own clock says.
 */
import type { Clock } from '@skerry/base';
import type { CacheFile } from '#cache/cache-file.ts';
import type { CacheWriter } from '#cache/cache-writer.ts';

const space = 'clock';
const key = 'linked';
const saveEveryMs = 30_000;

export class HubClock implements Clock {
  readonly #clock: Clock;
  readonly #writer: CacheWriter;
  readonly #isLinked: () => boolean;
  #linkedMs: number;
  #savedMs = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly file: CacheFile;
    readonly writer: CacheWriter;
    readonly isLinked: () => boolean;
  }) {
    this.#clock = options.clock;
    this.#writer = options.writer;
    this.#isLinked = options.isLinked;
    const note = options.file.notes(space).get(key);
    this.#linkedMs = note ? Number(Buffer.from(note.value).toString()) || 0 : 0;
  }

  now(): number {
    if (this.#isLinked()) this.tick();
    // Before the first link there is nothing to go by but the machine's clock.
    return this.#linkedMs === 0 ? this.#clock.now() : this.#linkedMs;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, fn: () => void) {
    return this.#clock.after(delayMs, fn);
  }

  /** To be called now and then while there is a link, and when it breaks. */
  tick(): void {
    const nowMs = this.#clock.now();
    // A clock that was set back is believed while the center can be asked.
    this.#linkedMs = nowMs;
    if (Math.abs(nowMs - this.#savedMs) < saveEveryMs) return;
    this.#savedMs = nowMs;
    this.#writer.note(space, key, { value: Buffer.from(String(Math.round(nowMs))), usedMs: nowMs });
  }
}
