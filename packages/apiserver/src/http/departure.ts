/** The client's going away before its answer was whole. Most requests neither need the signal nor see it fire, so it is made late. */
export class Departure {
  #aborter: AbortController | undefined;
  #gone = false;

  get signal(): AbortSignal {
    if (!this.#aborter) {
      this.#aborter = new AbortController();
      if (this.#gone) this.#aborter.abort();
    }
    return this.#aborter.signal;
  }

  happened(): void {
    this.#gone = true;
    this.#aborter?.abort();
  }
}
