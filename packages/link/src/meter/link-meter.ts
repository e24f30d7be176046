/**
 * What one link costs at IP level, by purpose, in bytes.
 *
 * A process is not told what its packets weigh, and counting bodies alone misses most of an idle link: a ping of 17 bytes
 * travels in packets of 95. So whatever is sent or received together is weighed with what carries it: our frames, the TLS
 * record, the headers of TCP and IP, and the bare acknowledgement that follows when nothing goes back in time to carry it.
 * That comes within a few percent of what the network interface counts; a test holds it to that.
 *
 * Whoever opens or accepts a stream labels it. Until then its bytes wait, since the first of them come before anybody has
 * read whose they are.
 */
import type { Clock } from '@skerry/base';
import { FrameReader, pingFrame } from '#meter/frame-reader.ts';
import type { LinkBytes } from '#meter/link-bytes.ts';
import type { CarriedFrame } from '#mux.ts';
import { type LinkPurpose, purposeOf } from '#meter/purposes.ts';

type Direction = 'sent' | 'received';

const frameBytes = 4;
const recordBytes = 22;
const recordPayloadMax = 16 * 1024;
/** IP version 4 and TCP with time stamps. */
const packetBytes = 52;
const segmentPayloadMax = 1448;
/** An acknowledgement waits so long for something that carries it. */
const delayedAckMs = 40;
/** Three packets for the connection and some for what TLS says first. */
const openingPackets = 7;

/** Streams whose bytes came before their label, and ended ones whose last frames are still to come. */
const unlabelledMax = 256;
const endedMax = 32;

/** The bytes of a socket below TLS, as it counts them itself. */
export interface WireCounters {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

class ChannelMeter {
  readonly readers = { sent: new FrameReader(), received: new FrameReader() };
  readonly #labels = new Map<number, LinkPurpose>();
  readonly #waiting = new Map<number, { sent: number; received: number }>();
  readonly #ended: number[] = [];
  readonly #bytes: LinkBytes;

  constructor(bytes: LinkBytes) {
    this.#bytes = bytes;
  }

  label(streamId: number, label: string): void {
    const purpose = purposeOf(label);
    this.#labels.set(streamId, purpose);
    const waited = this.#waiting.get(streamId);
    if (!waited) return;
    this.#waiting.delete(streamId);
    this.#bytes.add(purpose, 'sent', waited.sent);
    this.#bytes.add(purpose, 'received', waited.received);
  }

  ended(streamId: number): void {
    this.#ended.push(streamId);
    if (this.#ended.length > endedMax) this.#labels.delete(this.#ended.shift()!);
  }

  /** Returns what they are for, where that is known. */
  add(
    { streamId, type }: { streamId: number; type: number },
    direction: Direction,
    bytes: number,
  ): LinkPurpose | undefined {
    const purpose =
      streamId === 0 ? (type === pingFrame ? 'heartbeat' : 'other') : this.#labels.get(streamId);
    if (purpose) {
      this.#bytes.add(purpose, direction, bytes);
      return purpose;
    }
    let waiting = this.#waiting.get(streamId);
    if (!waiting) {
      this.#makeRoom();
      this.#waiting.set(streamId, (waiting = { sent: 0, received: 0 }));
    }
    waiting[direction] += bytes;
    return undefined;
  }

  #makeRoom(): void {
    for (const [oldest, { sent, received }] of this.#waiting) {
      if (this.#waiting.size < unlabelledMax) return;
      this.#waiting.delete(oldest);
      this.#bytes.add('other', 'sent', sent);
      this.#bytes.add('other', 'received', received);
    }
  }
}

/** What was sent one way and not yet acknowledged by something that came the other way. */
interface Unacknowledged {
  atMs: number;
  readonly purpose: LinkPurpose;
}

export class LinkMeter {
  readonly #bytes: LinkBytes;
  readonly #clock: Clock;
  readonly #channels: readonly ChannelMeter[];
  readonly #due: Record<Direction, Unacknowledged | undefined> = { sent: undefined, received: undefined };
  roundTripMs = 0;

  constructor(bytes: LinkBytes, options: { clock: Clock; channels: number; wire?: WireCounters }) {
    this.#bytes = bytes;
    this.#clock = options.clock;
    this.#channels = Array.from({ length: options.channels }, () => new ChannelMeter(bytes));
    const { wire } = options;
    if (!wire) return;
    bytes.add('other', 'sent', wire.bytesWritten + openingPackets * packetBytes);
    bytes.add('other', 'received', wire.bytesRead + openingPackets * packetBytes);
  }

  label(channel: number, streamId: number, label: string): void {
    this.#channels[channel]?.label(streamId, label);
  }

  ended(channel: number, streamId: number): void {
    this.#channels[channel]?.ended(streamId);
  }

  /** Frames that were sent as one, or came as one: what carries them they share. */
  carried(direction: Direction, frames: readonly CarriedFrame[]): void {
    let length = 0;
    for (const { pieces } of frames) for (const piece of pieces) length += piece.length;
    const weight = weightOf(length + frames.length * frameBytes);
    const factor = length === 0 ? 1 : weight / length;
    let purpose: LinkPurpose = 'other';
    for (const { channel, pieces } of frames) {
      const meter = this.#channels[channel];
      const tell = (frame: { streamId: number; type: number }, bytes: number) => {
        purpose = meter?.add(frame, direction, bytes * factor) ?? purpose;
      };
      for (const piece of pieces) meter?.readers[direction].read(piece, tell);
    }
    if (length === 0) this.#bytes.add('other', direction, weight);
    this.#acknowledge(direction, purpose);
  }

  /** Acknowledgements that have gone alone by now. */
  settle(): void {
    this.#settle('sent');
    this.#settle('received');
  }

  #acknowledge(direction: Direction, purpose: LinkPurpose): void {
    const nowMs = this.#clock.monotonic();
    const back = direction === 'sent' ? 'received' : 'sent';
    this.#settle(back);
    // Carried by this piece.
    this.#due[back] = undefined;
    if (this.#due[direction]) {
      // Every second packet is acknowledged at once.
      this.#bytes.add(this.#due[direction].purpose, back, packetBytes);
      this.#due[direction] = undefined;
      return;
    }
    this.#due[direction] = { atMs: nowMs, purpose };
  }

  #settle(direction: Direction): void {
    const due = this.#due[direction];
    // What this end sends is acknowledged a round trip later.
    const patienceMs = delayedAckMs + (direction === 'sent' ? this.roundTripMs : 0);
    if (!due || this.#clock.monotonic() - due.atMs < patienceMs) return;
    this.#bytes.add(due.purpose, direction === 'sent' ? 'received' : 'sent', packetBytes);
    this.#due[direction] = undefined;
  }
}

function weightOf(framed: number): number {
  const secured = framed + recordBytes * Math.ceil(framed / recordPayloadMax);
  return secured + packetBytes * Math.ceil(secured / segmentPayloadMax);
}
