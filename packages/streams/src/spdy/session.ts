/**
 * SPDY/3.1 as Kubernetes uses it, from either side of a connection that was already upgraded.
 *
 * No flow control of its own: the Go implementation that Kubernetes' clients and container runtimes carry neither sends
 * WINDOW_UPDATE nor keeps to it, so waiting for one stalls after 64 KiB. What holds a fast sender is the socket: this end
 * stops reading while the stream that comes next has a slow reader. Streams of one connection therefore wait for each
 * other, as they do with every other implementation.
 */
import { Duplex } from 'node:stream';
import {
  SpdyError,
  decodeFrames,
  encodeControl,
  encodeData,
  flagFin,
  flagUnidirectional,
  frameType,
  uint32s,
  type Frame,
} from '#spdy/frame.ts';
import { createHeaderDecoder, createHeaderEncoder, type SpdyHeaders } from '#spdy/header-block.ts';

const streamsMax = 1024;
const dataBytesMax = 32 * 1024;
/** Replies that wait for a peer which asks and doesn't read; data has its own bound, since its writers wait. */
const replyBytesMax = 1024 * 1024;
const statusCancel = 5;
const statusInvalidStream = 2;
const statusRefusedStream = 3;

export interface SpdySessionOptions {
  readonly role: 'client' | 'server';
  /** A stream that the other end opened; it has been replied to. Without this, such streams are refused. */
  readonly onStream?: (stream: SpdyStream) => void;
}

export interface SpdySession {
  /** Opens a stream; what is written before the other end's reply is sent at once. */
  open(headers: SpdyHeaders): SpdyStream;
  /** Says goodbye and ends the connection; streams still open break. */
  close(): void;
  /** Resolves when the connection is over, with the reason when it broke. */
  readonly closed: Promise<Error | undefined>;
}

interface SessionOutput {
  /** Resolves `done` when the socket has taken the bytes. */
  write(frame: Buffer, done?: (error?: Error | null) => void): void;
  forget(stream: SpdyStream): void;
}

export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: SpdyHeaders;
  readonly #output: SessionOutput;
  #resume: (() => void) | undefined;
  /** The other end is gone or has cancelled: there is nobody to send a reset to. */
  #severed = false;
  #finished = false;

  constructor(id: number, headers: SpdyHeaders, output: SessionOutput) {
    super({ allowHalfOpen: true, readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024 });
    this.id = id;
    this.headers = headers;
    this.#output = output;
  }

  /** Resolves when the reader is ready for more. */
  async receive(data: Buffer, fin: boolean): Promise<void> {
    if (this.destroyed || this.#severed || this.#finished) return;
    this.#finished = fin;
    const ready = data.length === 0 || this.push(data);
    if (fin) this.push(null);
    else if (!ready) await new Promise<void>((resolve) => (this.#resume = resolve));
  }

  /**
   * The other end broke the stream off, or the connection ended. What has come before is still there to be read; Go ends
   * connections without a FIN on each stream, so with `clean` the reader sees an end and not an error.
   */
  sever(error: Error, { clean }: { clean: boolean }): void {
    if (this.#severed || this.destroyed) return;
    this.#severed = true;
    if (!clean && this.readableLength === 0) {
      this.destroy(error);
      return;
    }
    this.push(null);
    this.#resume?.();
    this.#resume = undefined;
    if (this.readableEnded) this.destroy();
    else this.once('end', () => this.destroy(clean ? undefined : error));
  }

  override _read(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#severed) {
      done(new SpdyError('the stream was broken off by the other end'));
      return;
    }
    let at = 0;
    for (; at + dataBytesMax < chunk.length; at += dataBytesMax) {
      this.#output.write(encodeData(this.id, chunk.subarray(at, at + dataBytesMax)));
    }
    this.#output.write(encodeData(this.id, chunk.subarray(at)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#severed) done();
    else this.#output.write(encodeData(this.id, Buffer.alloc(0), flagFin), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#resume?.();
    this.#resume = undefined;
    const finished = this.readableEnded && this.writableFinished;
    if (!finished && !this.#severed) {
      this.#output.write(encodeControl(frameType.rstStream, uint32s(this.id, statusCancel)));
    }
    this.#output.forget(this);
    done(error);
  }
}

export function createSpdySession(socket: Duplex, options: SpdySessionOptions): SpdySession {
  const streams = new Map<number, SpdyStream>();
  const encodeHeaders = createHeaderEncoder();
  const headerDecoder = createHeaderDecoder();
  const closed = Promise.withResolvers<Error | undefined>();
  const oddIsOurs = options.role === 'client';
  let nextId = oddIsOurs ? 1 : 2;
  let lastPeerId = 0;
  let gone = false;
  const output: SessionOutput = {
    write(frame, done) {
      if (gone || socket.destroyed || socket.writableEnded) done?.(new SpdyError('the connection is closed'));
      else socket.write(frame, done);
    },
    forget: (stream) => void streams.delete(stream.id),
  };
  /** Answers what the other end sent. */
  const reply = (frame: Buffer) => {
    if (socket.writableLength > replyBytesMax + streams.size * 2 * dataBytesMax) {
      throw new SpdyError('the other end does not read the answers it asks for');
    }
    output.write(frame);
  };
  // Its end is seen by the loop that reads it, after all that came before: a reader may still be behind.
  socket.on('error', () => undefined);
  void readAll();

  return {
    open(headers) {
      if (gone) throw new SpdyError('the connection is closed');
      if (streams.size >= streamsMax) throw new SpdyError(`${streamsMax} streams are open already`);
      const id = nextId;
      nextId += 2;
      const body = Buffer.concat([uint32s(id, 0), Buffer.alloc(2), encodeHeaders(headers)]);
      output.write(encodeControl(frameType.synStream, body));
      return addStream(id, headers);
    },
    close() {
      output.write(encodeControl(frameType.goAway, uint32s(lastPeerId, 0)));
      end();
    },
    closed: closed.promise,
  };

  async function readAll(): Promise<void> {
    try {
      for await (const frame of decodeFrames(socket as AsyncIterable<Buffer>)) await receive(frame);
      end();
    } catch (error) {
      end(error instanceof Error ? error : new SpdyError(String(error)));
    }
  }

  async function receive(frame: Frame): Promise<void> {
    if (frame.kind === 'data') {
      // Data of a stream that was just reset here may still be under way.
      await streams.get(frame.streamId)?.receive(frame.data, (frame.flags & flagFin) !== 0);
      return;
    }
    const { type, flags, body } = frame;
    switch (type) {
      case frameType.synStream:
        await acceptStream(body, flags);
        return;
      case frameType.synReply:
      case frameType.headers: {
        // The block must be inflated even when nobody asks for it: later blocks build on it.
        const id = idAt(body, 0);
        await headerDecoder.decode(body.subarray(4));
        if (flags & flagFin) await streams.get(id)?.receive(Buffer.alloc(0), true);
        return;
      }
      case frameType.rstStream: {
        const status = idAt(body, 4);
        const reason = new SpdyError(`the other end reset the stream (status ${status})`);
        // Go's servers cancel their streams when they are done with them, where others would send a FIN.
        streams.get(idAt(body, 0))?.sever(reason, { clean: status === statusCancel });
        return;
      }
      case frameType.ping: {
        const peerIsOdd = !oddIsOurs;
        if ((idAt(body, 0) % 2 === 1) === peerIsOdd) reply(encodeControl(frameType.ping, body));
        return;
      }
      default:
      // SETTINGS and WINDOW_UPDATE ask for nothing here; GOAWAY is followed by the end of the connection.
    }
  }

  async function acceptStream(body: Buffer, flags: number): Promise<void> {
    const id = idAt(body, 0);
    if (body.length < 10) throw new SpdyError('a stream without headers');
    const headers = await headerDecoder.decode(body.subarray(10));
    if ((id % 2 === 1) === oddIsOurs || id <= lastPeerId) {
      throw new SpdyError(`stream ${id} can't be opened by the other end`);
    }
    lastPeerId = id;
    if (!options.onStream || streams.size >= streamsMax) {
      reply(encodeControl(frameType.rstStream, uint32s(id, statusRefusedStream)));
      return;
    }
    if (flags & flagUnidirectional) {
      reply(encodeControl(frameType.rstStream, uint32s(id, statusInvalidStream)));
      return;
    }
    reply(encodeControl(frameType.synReply, Buffer.concat([uint32s(id), encodeHeaders({})])));
    const stream = addStream(id, headers);
    if (flags & flagFin) await stream.receive(Buffer.alloc(0), true);
    options.onStream(stream);
  }

  function addStream(id: number, headers: SpdyHeaders): SpdyStream {
    const stream = new SpdyStream(id, headers, output);
    // A broken stream always closes too; whoever cares listens to it.
    stream.on('error', () => undefined);
    streams.set(id, stream);
    return stream;
  }

  function end(error?: Error): void {
    if (gone) return;
    gone = true;
    const reason = new SpdyError('the connection is closed', { cause: error });
    for (const stream of streams.values()) stream.sever(reason, { clean: error === undefined });
    headerDecoder.close();
    socket.end(() => socket.destroy());
    closed.resolve(error);
  }
}

function idAt(body: Buffer, at: number): number {
  if (body.length < at + 4) throw new SpdyError('a control frame ends too early');
  return body.readUInt32BE(at) & 0x7fff_ffff;
}
