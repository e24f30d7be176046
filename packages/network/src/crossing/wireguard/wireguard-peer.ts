/**
 * A gateway of another pool as its WireGuard device has it: a UDP port of this process on loopback. What the kernel sealed for it
 * comes in there and goes over the relay, many packets in one message; what comes over the relay goes to the kernel, which takes
 * what the peer sealed and nothing else. This process holds no key of a session and reads no packet.
 *
 * Whether the peer is there is seen from what passes: WireGuard answers within ten seconds of any packet, with one that is empty
 * where there is nothing to say.
 * https://www.wireguard.com/protocol/
 */
import type { Clock } from '@skerry/base';
import { datagramsOf, PacketBatch } from '#crossing/packets.ts';

/** First byte of a message to another gateway, beside those of its own sessions. */
export const wireGuardMessage = 4;

export interface WireGuardPeerOptions {
  readonly send: (message: Buffer) => void;
  /** How much may go in one message now. */
  readonly batchBytesMax: () => number;
  /** Into the kernel. */
  readonly deliver: (datagram: Buffer) => void;
  readonly clock: Clock;
}

const gatherMs = 1;
/** Ten seconds until an answer, and five for one that was lost. */
const silentMaxMs = 15_000;
const downMs = 5_000;
const goneMs = 1_000;
const head = Buffer.from([wireGuardMessage]);

export class WireGuardPeer {
  readonly #options: WireGuardPeerOptions;
  readonly #batch = new PacketBatch();
  #isFlushing = false;
  #unansweredSinceMs: number | undefined;
  #downUntilMs = 0;

  constructor(options: WireGuardPeerOptions) {
    this.#options = options;
  }

  get isDown(): boolean {
    return this.#now < this.#downUntilMs;
  }

  /** From the kernel. */
  take(datagram: Buffer): void {
    this.#unansweredSinceMs ??= this.#now;
    if (!this.#batch.hasRoomFor(datagram, this.#options.batchBytesMax())) this.#flush();
    this.#batch.add(datagram);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#options.clock.after(gatherMs, () => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  /** From the other gateway. */
  receive(message: Buffer): void {
    this.#unansweredSinceMs = undefined;
    this.#downUntilMs = 0;
    for (const datagram of datagramsOf(message.subarray(head.length))) this.#options.deliver(datagram);
  }

  /** The relay says that nothing reaches it. */
  gone(): void {
    this.#fail(goneMs);
  }

  /** To be called some times a second. */
  tick(): void {
    if (this.#unansweredSinceMs !== undefined && this.#now - this.#unansweredSinceMs >= silentMaxMs)
      this.#fail(downMs);
  }

  get #now(): number {
    return this.#options.clock.monotonic();
  }

  #flush(): void {
    if (!this.#batch.isEmpty) this.#options.send(Buffer.concat([head, this.#batch.take()]));
  }

  #fail(forMs: number): void {
    this.#unansweredSinceMs = undefined;
    this.#downUntilMs = this.#now + forMs;
  }
}
