/**
 * Two byte channels over one stream: what lets both ends of one connection serve HTTP/2 to the other.
 *
 * Frame: one byte channel, three bytes length (big endian), payload. A length of zero ends the channel in that direction.
 *
 * Promises: bytes of a channel arrive in order; channels take turns frame by frame when both have something to send, so a
 * full one delays the other by one frame and what the socket holds; a write is acknowledged when the socket took it, so
 * the writer feels the socket's pressure. What is written in one turn of the event loop goes out at its end, together: each
 * frame by itself would be a record of TLS, a system call at either end, and a packet.
 *
 * Reading never pauses. The naive way, to stop reading the socket while one channel's reader is behind, lets a stalled log
 * stream stop the heartbeats of the whole node, and lets two ends that both wait to write wait for ever. Who bounds the
 * memory instead is HTTP/2 inside the channel: its windows limit what the other end may have in flight, and its session
 * reads at once. A channel nobody reads holds `unreadBytesMax`, then the connection breaks.
 */
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { SkerryError } from '@skerry/base';

const headerBytes = 4;
/** Above HTTP/2's usual frame (16 KiB and its header), so that one rarely needs two of ours. */
const framePayloadMax = 32 * 1024;
/** What a peer may send in one frame; more is a broken or hostile peer. */
const receivedPayloadMax = 64 * 1024;
const unreadBytesMaxDefault = 32 * 1024 * 1024;

/** A frame of a channel, or the part of one that has come. */
export interface CarriedFrame {
  readonly channel: number;
  readonly pieces: readonly Uint8Array[];
}

/** Told of what the channels carry. */
export interface MuxObserver {
  /** Frames that are sent as one, or have come as one. */
  carried(direction: 'sent' | 'received', frames: readonly CarriedFrame[]): void;
}

export interface Mux {
  /** One per channel number, from 0. */
  readonly channels: readonly Duplex[];
  /** Ends one channel and leaves the other; what still comes for it is lost. */
  detach(channel: number): void;
  /** Ends both channels at once; with an error they break with it. */
  destroy(error?: Error): void;
  /** Resolves once, when the connection is gone; with the reason when it broke. */
  readonly closed: Promise<Error | undefined>;
}

/** Chunks that were written together stay apart: to join them would cost a buffer of their size. */
interface PendingWrite {
  readonly chunks: Buffer[];
  readonly done: (error?: Error | null) => void;
}

class Channel extends Duplex {
  readonly #onWrite: (write: PendingWrite) => void;
  readonly #onEnd: (done: () => void) => void;
  readonly pending: PendingWrite[] = [];

  constructor(onWrite: (write: PendingWrite) => void, onEnd: (done: () => void) => void) {
    super({ allowHalfOpen: true, readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024 });
    this.#onWrite = onWrite;
    this.#onEnd = onEnd;
  }

  override _read(): void {
    // Data is pushed as it comes; see the header.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#onWrite({ chunks: withBytes([chunk]), done });
  }

  override _writev(
    writes: { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#onWrite({ chunks: withBytes(writes.map(({ chunk }) => chunk)), done });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#onEnd(done);
  }
}

/** Takes over `socket`, which must be connected; nothing else may read from or write to it afterwards. */
export function createMux(
  socket: Duplex,
  {
    channelCount = 2,
    unreadBytesMax = unreadBytesMaxDefault,
    observer,
  }: { channelCount?: number; unreadBytesMax?: number; observer?: MuxObserver | undefined } = {},
): Mux {
  // Frames are written when they are due; Nagle's wait for the peer's delayed acknowledgement adds 40 ms to each window.
  if (socket instanceof Socket) socket.setNoDelay(true);
  const closed = Promise.withResolvers<Error | undefined>();
  const detached = new Set<number>();
  let gone = false;
  let nextChannel = 0;
  let writing = false;
  let gathering = false;
  let sent: CarriedFrame[] = [];
  let received: CarriedFrame[] = [];
  let arrived: Buffer[] = [];

  const channels = Array.from({ length: channelCount }, (_, id) => {
    const channel: Channel = new Channel(
      (write) => {
        // A frame without bytes would end the channel.
        if (write.chunks.length === 0) {
          write.done();
          return;
        }
        channel.pending.push(write);
        pump();
      },
      (done) => {
        if (!gone && !detached.has(id)) sendFrame(id, []);
        done();
      },
    );
    channel.on('error', () => undefined);
    channel.on('close', () => {
      if (!detached.has(id)) close(channel.errored ?? undefined);
    });
    return channel;
  });

  const decode = createDecoder({
    channelCount,
    onData(id, payload) {
      if (gone) return;
      if (observer) received.push({ channel: id, pieces: [payload] });
      const channel = channels[id]!;
      if (channel.readableLength + payload.length > unreadBytesMax) {
        close(protocolError(`channel ${id} holds ${channel.readableLength} unread bytes`));
        return;
      }
      if (!channel.destroyed && !channel.readableEnded) channel.push(payload);
    },
    onEnd(id) {
      if (!gone && !channels[id]!.destroyed) channels[id]!.push(null);
    },
    onFault: (reason) => close(protocolError(reason)),
  });

  socket.on('data', (chunk: Buffer) => {
    if (!writing && arrived.length === 0) {
      take(chunk);
      return;
    }
    // A stream in memory may deliver an answer within the write that caused it, and an HTTP/2 session that is given bytes
    // in the middle of its own write aborts the process.
    if (arrived.length === 0) setImmediate(decodeArrived);
    arrived.push(chunk);
  });
  socket.on('drain', pump);
  socket.on('error', (error) => close(error));
  socket.on('end', () => close());
  socket.on('close', () => close());

  return { channels, detach, destroy: close, closed: closed.promise };

  function detach(id: number): void {
    const channel = channels[id]!;
    detached.add(id);
    const reason = new SkerryError('link-closed', 'this part of the link was closed');
    for (const write of channel.pending.splice(0)) write.done(reason);
    channel.destroy();
  }

  function pump(): void {
    for (;;) {
      if (gone || socket.writableNeedDrain) return;
      const id = nextPendingChannel();
      if (id === undefined) return;
      const { pending } = channels[id]!;
      const write = pending[0]!;
      sendFrame(id, takeFrom(write.chunks, framePayloadMax));
      if (write.chunks.length > 0) continue;
      pending.shift();
      write.done();
    }
  }

  function nextPendingChannel(): number | undefined {
    for (let step = 0; step < channelCount; step++) {
      const id = (nextChannel + step) % channelCount;
      if (channels[id]!.pending.length === 0) continue;
      nextChannel = (id + 1) % channelCount;
      return id;
    }
    return undefined;
  }

  function sendFrame(id: number, pieces: readonly Buffer[]): void {
    const header = Buffer.allocUnsafe(headerBytes);
    header[0] = id;
    header.writeUIntBE(bytesOf(pieces), 1, 3);
    if (observer) sent.push({ channel: id, pieces });
    gather();
    socket.write(header);
    for (const piece of pieces) socket.write(piece);
    // More would only wait longer.
    if (socket.writableNeedDrain) release();
  }

  function gather(): void {
    if (gathering) return;
    gathering = true;
    socket.cork();
    setImmediate(release);
  }

  function release(): void {
    if (!gathering) return;
    gathering = false;
    if (sent.length > 0) observer?.carried('sent', sent);
    sent = [];
    writing = true;
    socket.uncork();
    writing = false;
  }

  function decodeArrived(): void {
    const chunks = arrived;
    arrived = [];
    for (const chunk of chunks) take(chunk);
  }

  function take(chunk: Buffer): void {
    decode(chunk);
    if (received.length === 0) return;
    observer?.carried('received', received);
    received = [];
  }

  function close(error?: Error): void {
    if (gone) return;
    gone = true;
    release();
    const reason = error ?? new SkerryError('link-closed', 'the link was closed');
    for (const channel of channels) {
      for (const write of channel.pending.splice(0)) write.done(reason);
      if (!channel.destroyed) channel.destroy(error);
    }
    if (error) socket.destroy();
    else socket.end(() => socket.destroy());
    closed.resolve(error);
  }
}

function bytesOf(pieces: readonly Buffer[]): number {
  let bytes = 0;
  for (const { length } of pieces) bytes += length;
  return bytes;
}

function withBytes(chunks: readonly Buffer[]): Buffer[] {
  return chunks.filter(({ length }) => length > 0);
}

/** Takes so many bytes, or what there is, off the front of the chunks. */
function takeFrom(chunks: Buffer[], bytesMax: number): Buffer[] {
  const taken: Buffer[] = [];
  let room = bytesMax;
  while (room > 0 && chunks.length > 0) {
    const chunk = chunks[0]!;
    if (chunk.length <= room) {
      chunks.shift();
      taken.push(chunk);
    } else {
      taken.push(chunk.subarray(0, room));
      chunks[0] = chunk.subarray(room);
    }
    room -= chunk.length;
  }
  return taken;
}

function protocolError(reason: string): SkerryError {
  return new SkerryError('link-protocol', `the other end broke the link protocol: ${reason}`);
}

interface DecoderHandlers {
  readonly channelCount: number;
  readonly onData: (channel: number, payload: Buffer) => void;
  readonly onEnd: (channel: number) => void;
  readonly onFault: (reason: string) => void;
}

/** Payload is passed on as it arrives, without waiting for whole frames and without copying. */
function createDecoder({ channelCount, onData, onEnd, onFault }: DecoderHandlers): (chunk: Buffer) => void {
  const header = Buffer.alloc(headerBytes);
  let headerFilled = 0;
  let remaining = 0;
  let broken = false;

  return (chunk) => {
    let at = 0;
    while (at < chunk.length && !broken) {
      if (remaining > 0) {
        const payload = chunk.subarray(at, at + remaining);
        at += payload.length;
        remaining -= payload.length;
        onData(header[0]!, payload);
        continue;
      }
      header[headerFilled++] = chunk[at++]!;
      if (headerFilled < headerBytes) continue;
      headerFilled = 0;
      startFrame();
    }
  };

  function startFrame(): void {
    remaining = header.readUIntBE(1, 3);
    const fault =
      header[0]! >= channelCount
        ? `unknown channel ${header[0]}`
        : remaining > receivedPayloadMax
          ? `a frame of ${remaining} bytes; at most ${receivedPayloadMax} are allowed`
          : undefined;
    if (fault) {
      broken = true;
      onFault(fault);
    } else if (remaining === 0) {
      onEnd(header[0]!);
    }
  }
}
