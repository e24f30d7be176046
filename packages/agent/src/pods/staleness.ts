/** Whether something has to be made again. What is marked while it is being made counts for the next time, as does a failure. */
export class Staleness {
  #isStale = true;

  get isStale(): boolean {
    return this.#isStale;
  }

  mark(): void {
    this.#isStale = true;
  }

  async renew<T>(make: () => Promise<T>): Promise<T> {
    // Before, not after: a change in between would be taken for one that `make` has seen.
    this.#isStale = false;
    try {
      return await make();
    } catch (error) {
      this.#isStale = true;
      throw error;
    }
  }
}
