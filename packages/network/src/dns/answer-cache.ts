/**
 * Answers of upstreams, for as long as they may be given; what was used last goes last when there is no more room. What
 * has run out stays a while longer for the time when no upstream can be reached: an old address is better than none.
 * https://www.rfc-editor.org/rfc/rfc8767
 */
import type { Clock } from '@skerry/base';
import type { UpstreamAnswer } from '#dns/upstream-answer.ts';

export interface CachedAnswer {
  readonly answer: UpstreamAnswer;
  readonly ageSeconds: number;
  /** Past its time: only for want of something better. */
  readonly isStale: boolean;
}

const entriesMax = 10_000;
const bytesMax = 8 << 20;
/** About what an entry costs beside its records. */
const entryBytes = 200;
const staleSecondsMax = 24 * 3_600;

export class AnswerCache {
  readonly #clock: Clock;
  readonly #entries = new Map<string, { readonly answer: UpstreamAnswer; readonly storedMs: number }>();
  #bytes = 0;

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): CachedAnswer | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    const { answer, storedMs } = entry;
    const ageSeconds = Math.floor((this.#clock.monotonic() - storedMs) / 1_000);
    const staleSeconds = ageSeconds - (answer.lifeSeconds ?? 0);
    if (staleSeconds > staleSecondsMax) {
      this.#delete(key);
      return undefined;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return { answer, ageSeconds, isStale: staleSeconds >= 0 };
  }

  set(key: string, answer: UpstreamAnswer): void {
    if (!answer.lifeSeconds) return;
    this.#delete(key);
    this.#entries.set(key, { answer, storedMs: this.#clock.monotonic() });
    this.#bytes += sizeOf(key, answer);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= entriesMax && this.#bytes <= bytesMax) break;
      this.#delete(oldest);
    }
  }

  #delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, entry.answer);
  }
}

function sizeOf(key: string, { records }: UpstreamAnswer): number {
  return key.length + records.length + entryBytes;
}
