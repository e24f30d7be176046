/**
 * Pools whose pods this node reaches besides those of its own pool: those that its pool's network crosses to. Only addresses in the
 * ranges of their pods cross; a pod in its host's network there has an address that means another machine here.
 */
import type { PoolCrossing } from '@skerry/api';
import { AddressRanges, parseAddress } from '#crossing/address-ranges.ts';

export class ReachablePools {
  #pools: ReadonlyMap<string, AddressRanges> | undefined;
  #known = '';
  readonly #listeners = new Set<() => void>();

  /** Sorted; undefined until it is known, from the API or from disk. */
  names(): readonly string[] | undefined {
    return this.#pools && [...this.#pools.keys()].sort();
  }

  has(pool: string, address: string): boolean {
    const bits = parseAddress(address);
    return bits !== undefined && this.#pools?.get(pool)?.has(bits) === true;
  }

  learn(crossings: readonly PoolCrossing[]): void {
    const known = JSON.stringify(crossings.map(({ pool, ranges }) => [pool, ranges]));
    if (this.#pools && known === this.#known) return;
    this.#known = known;
    this.#pools = new Map(crossings.map(({ pool, ranges }) => [pool, new AddressRanges(ranges)]));
    for (const tell of this.#listeners) tell();
  }

  /** Returns what ends the telling. */
  onChange(tell: () => void): () => void {
    this.#listeners.add(tell);
    return () => void this.#listeners.delete(tell);
  }
}
