/**
 * The body of an HTTP/2 response, read from the moment the request is sent. Node throws away what nobody reads when a
 * stream closes, and over a session on a JavaScript stream (the link's) a whole answer arrives and closes in one turn of
 * the event loop, before `for await` on the stream could begin: it would end with "premature close".
 *
 * Holds at most `heldBytesMax` before it pauses the stream; the peer then waits by HTTP/2's flow control.
 */
import http2 from 'node:http2';

const heldBytesMax = 1 << 20;

export class StreamBody implements AsyncIterable<Uint8Array> {
  readonly #stream: http2.ClientHttp2Stream;
  #chunks: Uint8Array[] = [];
  #heldBytes = 0;
  #wake: (() => void) | undefined;
  #state: 'open' | 'complete' | 'broken' = 'open';
  #error: Error | undefined;

  constructor(stream: http2.ClientHttp2Stream) {
    this.#stream = stream;
    stream.on('data', (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes > heldBytesMax) stream.pause();
      this.#notify();
    });
    stream.on('error', (error: Error) => {
      this.#error = error;
    });
    // Node also emits `end` for a body that was cut: whether this was all is known by the code that the stream closed with.
    stream.on('close', () =>
      this.#finish(
        stream.rstCode === http2.constants.NGHTTP2_NO_ERROR && !stream.aborted ? 'complete' : 'broken',
      ),
    );
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunks = this.#chunks;
        this.#chunks = [];
        this.#heldBytes = 0;
        yield* chunks;
        if (this.#chunks.length > 0) continue;
        if (this.#state === 'complete') return;
        if (this.#state === 'broken')
          throw this.#error ?? new Error('the connection was lost while the answer was read');
        this.#stream.resume();
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      if (!this.#stream.closed) this.#stream.close(http2.constants.NGHTTP2_CANCEL);
    }
  }

  #finish(state: 'complete' | 'broken'): void {
    if (this.#state === 'open') this.#state = state;
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
