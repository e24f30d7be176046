import { ApiError } from '@skerry/api';
import { sleep } from '@skerry/base';
import type { Clock } from '@skerry/base';

/** What the caller of `waitFor` is told when the revision does not come in time. */
export function tooLargeResourceVersion(requested: number, current: number): ApiError {
  return new ApiError('Timeout', `Timeout: Too large resource version: ${requested}, current: ${current}`, {
    details: {
      retryAfterSeconds: 1,
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    },
  });
}

/**
 * How far a feed has come. One feed moves the caches of many resources, and a cache whose resource has not changed is as new as
 * any other: so progress belongs to the feed, and is advanced after its events are in their caches.
 */
export class RevisionProgress {
  #revision: number;
  #waiters: { readonly revision: number; wake(): void }[] = [];

  constructor(revision = 0) {
    this.#revision = revision;
  }

  get revision(): number {
    return this.#revision;
  }

  advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter((waiter) => waiter.revision <= revision);
    if (due.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > revision);
    for (const waiter of due) waiter.wake();
  }

  /** @throws ApiError Timeout with cause ResourceVersionTooLarge when `timeoutMs` (3 s) pass first. */
  async waitFor(
    revision: number,
    { clock, timeoutMs = 3000, signal }: { clock: Clock; timeoutMs?: number; signal?: AbortSignal },
  ): Promise<void> {
    if (revision <= this.#revision) return;
    const over = new AbortController();
    const waiter = { revision, wake: () => over.abort() };
    this.#waiters.push(waiter);
    const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    await sleep(clock, timeoutMs, either).catch(() => undefined);
    if (revision <= this.#revision) return;
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    signal?.throwIfAborted();
    throw tooLargeResourceVersion(revision, this.#revision);
  }
}
