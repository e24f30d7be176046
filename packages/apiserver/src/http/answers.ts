import type { Status } from '@skerry/api';
import { compress, type Answer, type Sink } from '@skerry/serving';
import type { Exchange, ResponseStream } from '#http/exchange.ts';

/** Bodies up to this go out in one write; longer ones piece by piece as the client takes them. */
const joinedBytesMax = 256 * 1024;

/** Sends a finished answer of `@skerry/serving`, compressed where the client wants it and it pays. */
export async function sendAnswer(exchange: Exchange, answer: Answer): Promise<void> {
  const { status, headers, body } = await compress(answer, exchange.headers['accept-encoding']);
  const pieces = Array.isArray(body) ? (body as Uint8Array[]) : [...body];
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (size <= joinedBytesMax || exchange.method === 'HEAD') {
    exchange.send(status, headers, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, size));
    return;
  }
  const stream = exchange.open(status, { ...headers, 'Content-Length': String(size) });
  for (const piece of pieces) {
    if (!(await stream.write(piece))) return;
  }
  stream.end();
}

export function sendJson(exchange: Exchange, status: number, value: object): void {
  exchange.send(status, { 'Content-Type': 'application/json' }, `${JSON.stringify(value)}\n`);
}

export function sendStatus(exchange: Exchange, status: Status): void {
  sendJson(exchange, status.code, status);
}

export function sendText(exchange: Exchange, status: number, text: string): void {
  exchange.send(
    status,
    { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
    text,
  );
}

/** A watch's sink that begins the answer with its first frame, or when told. */
export class ResponseSink implements Sink {
  readonly #begin: () => ResponseStream;
  #stream: ResponseStream | undefined;
  #listener: (() => void) | undefined;

  constructor(begin: () => ResponseStream) {
    this.#begin = begin;
  }

  open(): ResponseStream {
    return (this.#stream ??= this.#begin());
  }

  write(chunk: Uint8Array): boolean {
    const written = this.open().write(chunk);
    if (typeof written === 'boolean') return written;
    void written.then((alive) => {
      if (alive) this.#listener?.();
    });
    return false;
  }

  onDrain(listener: () => void): void {
    this.#listener = listener;
  }

  end(): void {
    this.#stream?.end();
  }
}
