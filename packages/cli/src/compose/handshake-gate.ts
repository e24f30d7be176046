/**
 * Lets TLS handshakes begin a few at a time. Each costs the server about a millisecond and more: when thousands of machines come
 * back at once, all of them in one turn of the event loop would keep everybody who is connected waiting for seconds. Addresses
 * take turns, so that one person's connection does not wait behind a region's machines.
 *
 * Bounded: beyond `waitingMax` a connection is refused at once; its owner comes back later, as after any failure.
 */
export interface Waiting {
  readonly address: string;
  /** Begins the handshake. */
  readonly begin: () => void;
  /** There is no room. */
  readonly refuse: () => void;
}

export class HandshakeGate {
  readonly #atOnceMax: number;
  readonly #waitingMax: number;
  /** By address, in the order of whose turn is next. */
  readonly #queues = new Map<string, Set<Waiting>>();
  readonly #begun = new Set<Waiting>();
  #waiting = 0;

  constructor({ atOnceMax, waitingMax }: { atOnceMax: number; waitingMax: number }) {
    this.#atOnceMax = atOnceMax;
    this.#waitingMax = waitingMax;
  }

  enter(waiting: Waiting): void {
    if (this.#begun.size < this.#atOnceMax) {
      this.#begin(waiting);
      return;
    }
    if (this.#waiting >= this.#waitingMax) {
      waiting.refuse();
      return;
    }
    const queue = this.#queues.get(waiting.address) ?? new Set();
    queue.add(waiting);
    this.#queues.set(waiting.address, queue);
    this.#waiting++;
  }

  /** The handshake has ended, well or not, or the one who waited has gone. */
  leave(waiting: Waiting): void {
    const queue = this.#queues.get(waiting.address);
    if (queue?.delete(waiting)) {
      this.#waiting--;
      if (queue.size === 0) this.#queues.delete(waiting.address);
      return;
    }
    if (this.#begun.delete(waiting)) this.#next();
  }

  #next(): void {
    for (const [address, queue] of this.#queues) {
      const [first] = queue;
      queue.delete(first!);
      this.#waiting--;
      this.#queues.delete(address);
      if (queue.size > 0) this.#queues.set(address, queue);
      this.#begin(first!);
      return;
    }
  }

  #begin(waiting: Waiting): void {
    this.#begun.add(waiting);
    waiting.begin();
  }
}
