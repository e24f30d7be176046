/**
 * Whether a cluster answers. A server that stalls ends no watch, so a copy of it would look true for as long as TCP waits;
 * while somebody looks, it is asked for its health every two seconds, and two seconds without an answer are trouble.
 */
import { describeError, sleep, type Clock } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import { isApiError } from '@skerry/api';
import type { Trouble } from '#cache/observed-source.ts';

const everyMs = 2_000;
const timeoutMs = 2_000;

export class ClusterPulse {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #okMs: number;
  #trouble: Trouble | undefined;
  /** Rises with each answer, so that who waits for one can tell. */
  #beats = 0;

  constructor(client: ApiClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    this.#okMs = clock.now();
  }

  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  get beats(): number {
    return this.#beats;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Asks while `wanted`, until the signal; never rejects. */
  async run(wanted: () => boolean, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (wanted()) await this.#ask(signal);
      await sleep(this.#clock, everyMs, signal).catch(() => undefined);
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const silence = new AbortController();
    const timer = this.#clock.after(timeoutMs, () =>
      silence.abort(new Error(`the cluster gave no answer within ${timeoutMs / 1000} s`)),
    );
    try {
      const asked = this.#client.request('GET', '/version', {
        signal: AbortSignal.any([signal, silence.signal]),
      });
      await Promise.race([asked, aborted(silence.signal)]);
      this.#well();
    } catch (error) {
      if (signal.aborted) return;
      // Whoever is refused was heard.
      if (isApiError(error) && error.code < 500) this.#well();
      else this.#ill(describeError(error));
    } finally {
      timer.cancel();
    }
  }

  #well(): void {
    this.#okMs = this.#clock.now();
    this.#beats++;
    if (!this.#trouble) return;
    this.#trouble = undefined;
    this.#tell();
  }

  #ill(why: string): void {
    const first = this.#trouble === undefined;
    this.#trouble = { sinceMs: this.#okMs, why };
    if (first) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
}
