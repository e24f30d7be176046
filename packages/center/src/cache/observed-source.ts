/**
 * Watches over what an informer does: whether its copy is true now, and since when it is not. An informer tries again by
 * itself and tells nobody, so the question is asked where its requests pass.
 */
import type { KubeList, KubeObject, WatchEvent } from '@skerry/api';
import { describeError, type Clock } from '@skerry/base';
import type { ListOptions, ResourceClient, WatchRequest } from '@skerry/client';

export type ListWatch<T extends KubeObject = KubeObject> = Pick<ResourceClient<T>, 'list' | 'watch'>;

export interface Trouble {
  readonly sinceMs: number;
  readonly why: string;
  /** What the server itself answered. */
  readonly refusal?: unknown;
}

export class ObservedSource<T extends KubeObject> implements ListWatch<T> {
  readonly #source: ListWatch<T>;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #following = false;
  #trouble: Trouble | undefined;
  /** When the last watch ended as watches do. */
  #endedMs: number | undefined;

  constructor(source: ListWatch<T>, { clock, onChange }: { clock: Clock; onChange: () => void }) {
    this.#source = source;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** What keeps the copy from being true; undefined while changes come in, or are asked for again after a regular end. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Whether a watch is open. */
  get following(): boolean {
    return this.#following;
  }

  async list(options?: ListOptions): Promise<KubeList<T>> {
    try {
      return await this.#source.list(options);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  async *watch(options: WatchRequest): AsyncGenerator<WatchEvent<T>> {
    try {
      // Without a first event nothing is known yet, but a server that refuses does so before it.
      const events = this.#source.watch(options)[Symbol.asyncIterator]();
      let next = events.next();
      await Promise.race([next, settled(this.#clock, openMs)]);
      this.#follow();
      try {
        for (let result = await next; !result.done; result = await next) {
          this.#follow();
          yield result.value;
          next = events.next();
        }
      } finally {
        await events.return?.(undefined);
      }
      this.#endedMs = this.#clock.now();
    } catch (error) {
      if (!options.signal.aborted) this.#fail(error);
      throw error;
    } finally {
      this.#following = false;
    }
  }

  #follow(): void {
    if (this.#following && !this.#trouble) return;
    this.#following = true;
    this.#trouble = undefined;
    this.#onChange();
  }

  #fail(error: unknown): void {
    const why = describeError(error);
    this.#trouble = {
      sinceMs: this.#trouble?.sinceMs ?? this.#endedMs ?? this.#clock.now(),
      why,
      refusal: error,
    };
    this.#endedMs = undefined;
    this.#onChange();
  }
}

/** A watch that was neither refused nor said anything in this time is open. */
const openMs = 1_000;

function settled(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
