/** Those who wait for one thing to come about; all are woken together. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** Until the next `wake`. @throws the signal's reason when that comes first */
  wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        this.#waiting.delete(wake);
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
