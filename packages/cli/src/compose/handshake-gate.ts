/**
 * Lets TLS handshakes begin a few at a time, and fewer while the process is behind with its work. A handshake costs about a
 * millisecond, what a machine asks for after it ten times that: when thousands of machines come back at once, letting all of them in
 * keeps everybody who is connected waiting for seconds, until links are given up for silence and come again, to make it worse.
 * So the number of those under way halves with every round in which the event loop comes late, and grows by one with every other.
 * While more requests wait than the server is done with in a moment, one begins a round: who is let in asks for a dozen things, and
 * when thousands had been let in most of that was refused, and asked for again, for most of the server's time.
 * Addresses take turns, so that one person's connection does not wait behind a region's machines.
 *
 * Bounded: beyond `waitingMax` a connection is refused at once; its owner comes back later, as after any failure.
 */
import type { Clock, Timer } from '@skerry/base';

export interface Waiting {
  readonly address: string;
  /** Begins the handshake. */
  readonly begin: () => void;
  /** There is no room. */
  readonly refuse: () => void;
}

const roundMs = 20;
/** A turn of the event loop that takes so long leaves everybody waiting for as long. */
const lateMs = 50;
/** Enough for an idle server, and no flood for a busy one. */
const atOnceFirst = 16;

export interface HandshakeGateOptions {
  readonly atOnceMax: number;
  readonly waitingMax: number;
  /** Whether those who are in ask for more than is answered in a moment; never unless told. */
  readonly isBehind?: () => boolean;
  readonly clock: Clock;
}

export class HandshakeGate {
  readonly #options: HandshakeGateOptions;
  #atOnce: number;
  /** While somebody waits. */
  #round: Timer | undefined;
  /** By address, in the order of whose turn is next. */
  readonly #queues = new Map<string, Set<Waiting>>();
  readonly #begun = new Set<Waiting>();
  #waiting = 0;

  constructor(options: HandshakeGateOptions) {
    this.#options = options;
    this.#atOnce = Math.min(atOnceFirst, options.atOnceMax);
  }

  enter(waiting: Waiting): void {
    if (this.#waiting === 0 && this.#begun.size < this.#atOnce && !this.#isBehind()) {
      this.#begin(waiting);
      return;
    }
    if (this.#waiting >= this.#options.waitingMax) {
      waiting.refuse();
      return;
    }
    const queue = this.#queues.get(waiting.address) ?? new Set();
    queue.add(waiting);
    this.#queues.set(waiting.address, queue);
    this.#waiting++;
    if (!this.#round) this.#nextRound();
  }

  /** The handshake has ended, well or not, or the one who waited has gone. */
  leave(waiting: Waiting): void {
    const queue = this.#queues.get(waiting.address);
    if (queue?.delete(waiting)) {
      this.#waiting--;
      if (queue.size === 0) this.#queues.delete(waiting.address);
      return;
    }
    if (this.#begun.delete(waiting) && !this.#isBehind()) this.#fill();
  }

  #isBehind(): boolean {
    return this.#options.isBehind?.() ?? false;
  }

  #nextRound(): void {
    const { clock, atOnceMax } = this.#options;
    const dueMs = clock.monotonic() + roundMs;
    this.#round = clock.after(roundMs, () => {
      this.#round = undefined;
      const isLate = clock.monotonic() - dueMs > lateMs;
      this.#atOnce = isLate
        ? Math.max(1, Math.floor(this.#atOnce / 2))
        : Math.min(atOnceMax, this.#atOnce + 1);
      if (this.#isBehind()) this.#beginNext();
      else this.#fill();
      if (this.#waiting > 0) this.#nextRound();
    });
  }

  #fill(): void {
    while (this.#waiting > 0 && this.#begun.size < this.#atOnce) this.#beginNext();
  }

  #beginNext(): void {
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
