/** Tells one that waits that there is something to look at. What rings while nobody waits is heard at once by who does next. */
export class Bell {
  #isRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** Resolves when it was rung, or at the signal. */
  heard(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        this.#isRung = false;
        resolve();
      };
      if (this.#isRung || signal.aborted) return done();
      this.#wake = done;
      signal.addEventListener('abort', done);
    });
  }
}
