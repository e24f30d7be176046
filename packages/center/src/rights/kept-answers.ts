/** Answers kept for a time, and asked for once however many wait. The oldest go when there are too many. */
import type { Clock } from '@skerry/base';
import { TransportError } from '@skerry/client';

interface Kept<T> {
  /** When it was asked for. */
  readonly atMs: number;
  /** Of what the answer was made; another one makes it void. */
  readonly generation: number;
  readonly answer: Promise<T>;
  /** When the answer was true: earlier than `atMs` where there was no newer one to be had. */
  trueMs: number;
}

export interface KeptAnswersOptions {
  readonly clock: Clock;
  readonly keptMs: number;
  readonly entriesMax: number;
  /** While whoever is asked can't be reached, how long the last answer still stands; not at all unless given. */
  readonly unreachableMs?: number;
}

export class KeptAnswers<T> {
  readonly #options: KeptAnswersOptions;
  readonly #answers = new Map<string, Kept<T>>();

  constructor(options: KeptAnswersOptions) {
    this.#options = options;
  }

  /** A failure is told to all that wait and is not kept. */
  get(key: string, generation: number, ask: () => Promise<T>): Promise<T> {
    const { clock, keptMs } = this.#options;
    const held = this.#answers.get(key);
    const nowMs = clock.monotonic();
    if (held && held.generation === generation && nowMs - held.atMs < keptMs) return held.answer;
    this.#answers.delete(key);
    this.#makePlace();
    const entry: Kept<T> = {
      atMs: nowMs,
      generation,
      trueMs: nowMs,
      answer: ask().catch((error: unknown) => {
        if (!held || !this.#stillStands(held, error)) throw error;
        entry.trueMs = held.trueMs;
        return held.answer;
      }),
    };
    this.#answers.set(key, entry);
    entry.answer.catch(() => {
      if (this.#answers.get(key) === entry) this.#answers.delete(key);
    });
    return entry.answer;
  }

  #stillStands({ trueMs }: Kept<T>, error: unknown): boolean {
    const { clock, unreachableMs = 0 } = this.#options;
    return error instanceof TransportError && clock.monotonic() - trueMs < unreachableMs;
  }

  #makePlace(): void {
    if (this.#answers.size < this.#options.entriesMax) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }
}
