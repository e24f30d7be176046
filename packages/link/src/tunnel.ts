/**
 * One CONNECT stream as a plain byte stream. A half-close travels as a half-close; a destroy cancels the stream at
 * the other end at once, also with bytes still under way.
 */
import { constants, type Http2Stream } from 'node:http2';
import { Duplex } from 'node:stream';

export class Tunnel extends Duplex {
  readonly #stream: Http2Stream;

  constructor(stream: Http2Stream) {
    super({ allowHalfOpen: true, readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024 });
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stream.pause();
    });
    stream.on('end', () => this.push(null));
    stream.on('error', (error) => this.destroy(error));
    stream.on('close', () => this.#onClose());
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#stream.write(chunk, done);
  }

  /** As one: each write by itself would be a frame and a record of its own. */
  override _writev(
    writes: { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#stream.cork();
    writes.forEach(({ chunk }, index) => {
      if (index === writes.length - 1) this.#stream.write(chunk, done);
      else this.#stream.write(chunk);
    });
    this.#stream.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#stream.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#stream.closed) {
      const finished = this.readableEnded && this.writableFinished;
      this.#stream.close(finished ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL);
    }
    done(error);
  }

  #onClose(): void {
    const code = this.#stream.rstCode;
    const clean = code === undefined || code === constants.NGHTTP2_NO_ERROR;
    if (clean && this.readableEnded && this.writableFinished) return;
    if (clean && this.#stream.readableEnded) {
      // The reader may still have buffered bytes to take; writing is over.
      if (!this.writableFinished) this.destroy(closedByPeer());
      return;
    }
    this.destroy(closedByPeer());
  }
}

function closedByPeer(): Error {
  return Object.assign(new Error('the stream was closed by the other end of the link'), {
    code: 'ECONNRESET',
  });
}
