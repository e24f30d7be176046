/** Answers kept for a time, and asked for once however many wait. The oldest go when there are too many. */
import type { Clock } from '@skerry/base';

interface Kept<T> {
  readonly atMs: number;
  /** Of what the answer was made; another one makes it void. */
  readonly generation: number;
  readonly answer: Promise<T>;
}

export class KeptAnswers<T> {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #entriesMax: number;
  readonly #answers = new Map<string, Kept<T>>();

  constructor({ clock, keptMs, entriesMax }: { clock: Clock; keptMs: number; entriesMax: number }) {
    this.#clock = clock;
    this.#keptMs = keptMs;
    this.#entriesMax = entriesMax;
  }

  /** A failure is told to all that wait and is not kept. */
  get(key: string, generation: number, ask: () => Promise<T>): Promise<T> {
    const held = this.#answers.get(key);
    const nowMs = this.#clock.monotonic();
    if (held && held.generation === generation && nowMs - held.atMs < this.#keptMs) return held.answer;
    this.#answers.delete(key);
    if (this.#answers.size >= this.#entriesMax) {
      const [oldest] = this.#answers.keys();
      if (oldest !== undefined) this.#answers.delete(oldest);
    }
    const answer = ask();
    const entry = { atMs: nowMs, generation, answer };
    this.#answers.set(key, entry);
    answer.catch(() => {
      if (this.#answers.get(key) === entry) this.#answers.delete(key);
    });
    return answer;
  }
}
