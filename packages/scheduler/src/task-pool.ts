import { describeError } from '@skerry/base';
import type { Logger } from '@skerry/base';

/**
 * Runs tasks side by side, a bounded number at once. Tasks of one key never overlap, and of those that wait only the
 * latest is kept: it speaks for the ones before it, so no more wait than there are keys. A task that throws is logged.
 */
export class TaskPool {
  readonly #runningMax: number;
  readonly #log: Logger;
  readonly #running = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, () => Promise<void>>();

  constructor({ runningMax, log }: { runningMax: number; log: Logger }) {
    this.#runningMax = runningMax;
    this.#log = log;
  }

  get full(): boolean {
    return this.#running.size >= this.#runningMax;
  }

  submit(key: string, task: () => Promise<void>): void {
    this.#waiting.set(key, task);
    this.#fill();
  }

  /** Resolves when one of the running tasks has ended. */
  async oneEnded(): Promise<void> {
    if (this.#running.size > 0) await Promise.race(this.#running.values());
  }

  async allEnded(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  #fill(): void {
    for (const [key, task] of this.#waiting) {
      if (this.full) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      this.#running.set(key, this.#run(key, task));
    }
  }

  async #run(key: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.#log.error('task failed', { key, error: describeError(error) });
    } finally {
      this.#running.delete(key);
      this.#fill();
    }
  }
}
