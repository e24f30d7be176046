/**
 * How a cluster is asked for what it counts: every so often for as long as somebody looks, and not at all while nobody does, since
 * questions go over machines' links. Whoever refuses, or takes too long, leaves a gap and holds up no other.
 */
import { describeError, sleep, type Clock, type Logger } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import { inParallel } from '#rights/in-parallel.ts';

/** The pace of what is asked machine by machine. */
export const everyMs = 30_000;
/** A chart that was asked for so long ago is not looked at any more. */
export const wantedMs = 10 * 60_000;
/** For one answer. */
export const answerMs = 10_000;
const idleLookMs = 1_000;
const atOnce = 8;

export interface SamplingOptions {
  readonly client: ApiClient;
  readonly cluster: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Sampling {
  readonly #options: SamplingOptions;
  readonly #stop = new AbortController();

  constructor(options: SamplingOptions) {
    this.#options = options;
  }

  /** Samples until `close`; the first that look need not wait for the next turn. */
  async keep(
    sample: () => Promise<void>,
    { isWanted, paceMs = everyMs }: { readonly isWanted: () => boolean; readonly paceMs?: number },
  ): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const wanted = isWanted();
      if (wanted) await sample().catch((error: unknown) => this.#missed(error, {}));
      await sleep(this.#options.clock, wanted ? paceMs : idleLookMs, signal).catch(() => undefined);
    }
  }

  /** Asks each of many, a few at a time, and hands over what was answered, whatever it is. */
  async each<Of>(
    all: Iterable<Of>,
    { path, answered }: { path: (one: Of) => string; answered: (answer: unknown, one: Of) => void },
  ): Promise<void> {
    await inParallel(all, atOnce, async (one) => {
      try {
        answered(await this.ask<unknown>(path(one), { timeoutMs: answerMs }), one);
      } catch (error) {
        this.#missed(error, { path: path(one) });
      }
    });
  }

  async ask<Answer>(path: string, { timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<Answer> {
    const { signal } = this.#stop;
    const bounded =
      timeoutMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    return this.#options.client.request<Answer>('GET', path, { signal: bounded });
  }

  close(): void {
    this.#stop.abort();
  }

  #missed(error: unknown, of: { readonly path?: string }): void {
    const { log, cluster } = this.#options;
    if (!this.#stop.signal.aborted)
      log.debug('no measurements of a cluster', { cluster, ...of, error: describeError(error) });
  }
}
