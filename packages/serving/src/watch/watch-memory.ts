/** Whose bytes are held, and how to be rid of them. */
export interface HeldBytes {
  readonly bytes: number;
  /** Ends its watch. */
  drop(): void;
}

/**
 * What all watchers together have not yet read, within one bound: beyond it the one that is furthest behind is dropped, so
 * that one client that does not read costs itself, not those that are slow for a moment.
 */
export class WatchMemory {
  readonly #bytesMax: number;
  readonly #behind = new Set<HeldBytes>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many watchers are behind. */
  get size(): number {
    return this.#behind.size;
  }

  /** Tells how much more a watcher holds, or how much less. */
  change(holder: HeldBytes, bytes: number): void {
    this.#bytes += bytes;
    if (holder.bytes > 0) this.#behind.add(holder);
    else this.#behind.delete(holder);
    if (this.#bytes <= this.#bytesMax) return;
    let most: HeldBytes | undefined;
    for (const each of this.#behind) if (!most || each.bytes > most.bytes) most = each;
    most?.drop();
  }
}
