/** Which counters were taken already: exact for the newest 2,048, and everything older counts as taken. RFC 6479's way. */
const wordBits = 32;
const words = 64;
const windowBits = words * wordBits;

export class ReplayWindow {
  readonly #bits = new Uint32Array(words);
  #next = 0;

  /** Whether this counter may still be taken. */
  isFresh(counter: number): boolean {
    if (!Number.isSafeInteger(counter) || counter < 0 || counter < this.#next - windowBits + wordBits)
      return false;
    if (counter >= this.#next) return true;
    return (this.#bits[wordOf(counter)]! & bitOf(counter)) === 0;
  }

  take(counter: number): void {
    if (counter >= this.#next) {
      const from = Math.floor((this.#next - 1) / wordBits);
      const to = Math.floor(counter / wordBits);
      for (let word = from + 1; word <= to && word <= from + words; word++) this.#bits[word % words] = 0;
      if (to - from > words) this.#bits.fill(0);
      this.#next = counter + 1;
    }
    this.#bits[wordOf(counter)]! |= bitOf(counter);
  }
}

function wordOf(counter: number): number {
  return Math.floor(counter / wordBits) % words;
}

function bitOf(counter: number): number {
  return 1 << (counter % wordBits);
}
