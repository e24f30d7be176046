/** Whether a packet's address is in one of some IPv4 ranges, in a few look-ups however many there are. */
export class AddressRanges {
  /** By length of prefix: the ranges of it. */
  readonly #byPrefix = new Map<number, Set<number>>();

  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(range);
      if (!match) continue;
      const [a = 0, b = 0, c = 0, d = 0, prefix = 32] = match.slice(1).map(Number);
      const held = this.#byPrefix.get(prefix) ?? new Set();
      held.add(masked(((a * 256 + b) * 256 + c) * 256 + d, prefix));
      this.#byPrefix.set(prefix, held);
    }
  }

  /** `address` as the 32 bits that a packet has. */
  has(address: number): boolean {
    for (const [prefix, ranges] of this.#byPrefix) if (ranges.has(masked(address, prefix))) return true;
    return false;
  }
}

function masked(address: number, prefix: number): number {
  return prefix === 0 ? 0 : (address >>> (32 - prefix)) * 2 ** (32 - prefix);
}
