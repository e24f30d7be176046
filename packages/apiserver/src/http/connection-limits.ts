/** Who a connection is from: the verified peer, or else the address. */
export interface ConnectionOrigin {
  readonly user?: string | undefined;
  readonly remoteAddress?: string | undefined;
}

export type ConnectionRefusal = 'client' | 'total';

/**
 * Bounds connections, of one client and of all. Generous: clients of Kubernetes keep a handful, and a whole site may stand
 * behind one address. Connections without peer and address are the machine's own and are not counted.
 */
export class ConnectionLimits {
  readonly #perClientMax: number;
  readonly #totalMax: number;
  readonly #counts = new Map<string, number>();
  #total = 0;

  constructor({ perClientMax = 1000, totalMax = 16_384 }: { perClientMax?: number; totalMax?: number } = {}) {
    this.#perClientMax = perClientMax;
    this.#totalMax = totalMax;
  }

  /** Counts a connection; the returned function counts its end. Or says what is full. */
  enter({ user, remoteAddress }: ConnectionOrigin): (() => void) | ConnectionRefusal {
    const key = user === undefined ? remoteAddress && `address ${remoteAddress}` : `user ${user}`;
    if (!key) return () => undefined;
    if (this.#total >= this.#totalMax) return 'total';
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#perClientMax) return 'client';
    this.#counts.set(key, count + 1);
    this.#total++;
    return () => this.#leave(key);
  }

  #leave(key: string): void {
    this.#total--;
    const left = (this.#counts.get(key) ?? 1) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
