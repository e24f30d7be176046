/**
 * One end of a relay stream. What can't be sent at once waits in a queue of bounded bytes; when it is full the oldest go,
 * as on a router: who sent them sends slower, and what is newer is worth more.
 */
import type { Duplex } from 'node:stream';
import {
  relayDecoder,
  relayFrameHead,
  relayPayloadMax,
  type OnRelayFrame,
  type RelayFrameKind,
} from '#relay/frames.ts';

/** 80 ms at 100 Mbit/s: more would be delay and no speed. */
const queueBytesMax = 1024 * 1024;

const writeBytesMax = 64 * 1024;

/** Never joined with others to one buffer: those of many a KiB make the collector look through the whole heap again and again. */
interface Frame {
  readonly head: Buffer;
  readonly payload: Buffer;
  readonly bytes: number;
}

export class RelayPipe {
  readonly #stream: Duplex;
  #queue: Frame[] = [];
  #queueBytes = 0;
  #first = 0;
  #draining = false;
  #pumping = false;
  #dropped = 0;

  /** Takes the stream over. A peer that breaks the protocol loses it. */
  constructor(stream: Duplex, onFrame: OnRelayFrame) {
    this.#stream = stream;
    const decode = relayDecoder(onFrame);
    stream.on('data', (chunk: Buffer) => {
      try {
        decode(chunk);
      } catch (error) {
        stream.destroy(error as Error);
      }
    });
    stream.on('error', () => undefined);
    stream.on('end', () => stream.destroy());
    stream.on('drain', () => {
      this.#draining = false;
      this.#pump();
    });
    stream.on('close', () => {
      this.#queue = [];
      this.#queueBytes = 0;
      this.#first = 0;
    });
  }

  get isOpen(): boolean {
    return !this.#stream.destroyed;
  }

  /** Datagrams that found no room, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  send(kind: RelayFrameKind, name: string, payload: Buffer): void {
    if (!this.isOpen || payload.length > relayPayloadMax) return;
    const head = relayFrameHead(kind, name, payload.length);
    const bytes = head.length + payload.length;
    this.#queue.push({ head, payload, bytes });
    this.#queueBytes += bytes;
    while (this.#queueBytes > queueBytesMax) {
      this.#queueBytes -= this.#take().bytes;
      this.#dropped++;
    }
    if (this.#draining || this.#pumping) return;
    this.#pumping = true;
    // What comes within one turn goes in one write: each costs a frame of HTTP/2, a TLS record and a system call.
    setImmediate(() => {
      this.#pumping = false;
      if (!this.#draining) this.#pump();
    });
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #pump(): void {
    while (this.#first < this.#queue.length && this.isOpen) {
      let bytes = 0;
      let hasRoom = true;
      this.#stream.cork();
      while (this.#first < this.#queue.length && bytes < writeBytesMax) {
        const frame = this.#take();
        hasRoom = this.#stream.write(frame.head);
        // An empty write is none to HTTP/2.
        if (frame.payload.length > 0) hasRoom = this.#stream.write(frame.payload);
        bytes += frame.bytes;
      }
      this.#stream.uncork();
      this.#queueBytes -= bytes;
      if (hasRoom) continue;
      this.#draining = true;
      return;
    }
  }

  /** The oldest. The array is cut now and then, since each cut copies it. */
  #take(): Frame {
    const frame = this.#queue[this.#first++]!;
    if (this.#first > 64 && this.#first * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
    return frame;
  }
}
