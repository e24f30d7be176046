import { ApiError } from '@skerry/api';
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
  readonly #waiters = new Set<{ readonly revision: number; readonly wake: () => void }>();

  constructor(revision = 0) {
    this.#revision = revision;
  }

  get revision(): number {
    return this.#revision;
  }

  advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (const waiter of this.#waiters) if (waiter.revision <= revision) waiter.wake();
  }

  /** @throws ApiError Timeout with cause ResourceVersionTooLarge when `timeoutMs` (3 s) pass first. */
  async waitFor(
    revision: number,
    { clock, timeoutMs = 3000, signal }: { clock: Clock; timeoutMs?: number; signal?: AbortSignal },
  ): Promise<void> {
    if (revision <= this.#revision) return;
    signal?.throwIfAborted();
    // By hand: an AbortController costs an exception with its stack each time, and this is on the path of every read after a write.
    await new Promise<void>((resolve) => {
      const wake = () => {
        timer.cancel();
        signal?.removeEventListener('abort', wake);
        this.#waiters.delete(waiter);
        resolve();
      };
      const waiter = { revision, wake };
      const timer = clock.after(timeoutMs, wake);
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', wake, { once: true });
    });
    if (revision <= this.#revision) return;
    signal?.throwIfAborted();
    throw tooLargeResourceVersion(revision, this.#revision);
  }
}
