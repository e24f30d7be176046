import type { IncomingHttpHeaders } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { AuditNotes } from '#audit/audit-notes.ts';
import { Departure } from '#http/departure.ts';
import type { Exchange, ResponseStream } from '#http/exchange.ts';
import { flatten, splitTarget, type Origin } from '#http/request-head.ts';
import { responseStream } from '#http/response-stream.ts';
import { warningHeader } from '#http/warning-header.ts';
import type { PeerIdentity } from '#ports.ts';

/**
 * A class, since there is one for each request: for every object with getters of its own V8 makes a hidden class, which lives
 * until all of the heap is looked through, and holds all that the getters closed over: the request and what it changed.
 */
export class Http2Exchange implements Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly target: string;
  readonly headers: Exchange['headers'];
  readonly peer: PeerIdentity | undefined;
  readonly remoteAddress: string | undefined;
  readonly audit = new AuditNotes();
  readonly warnings: string[] = [];
  onAnswer?: () => void;
  status = 0;
  bytesSent = 0;
  readonly #stream: ServerHttp2Stream;
  readonly #rawHeaders: readonly string[];
  readonly #departure = new Departure();
  readonly #extra: Record<string, string | string[]> = {};

  constructor(
    stream: ServerHttp2Stream,
    { headers, rawHeaders }: { headers: IncomingHttpHeaders; rawHeaders: readonly string[] },
    origin: Origin,
  ) {
    this.#stream = stream;
    this.#rawHeaders = rawHeaders;
    this.method = String(headers[':method'] ?? 'GET');
    this.target = String(headers[':path'] ?? '/');
    const { path, query } = splitTarget(this.target);
    this.path = path;
    this.query = query;
    this.headers = flatten(headers);
    this.peer = origin.peer;
    this.remoteAddress = origin.remoteAddress;
    // Node ends the answer of a stream that is closed, so that on 'close' each looks as if it had been whole.
    stream.once('aborted', () => this.#departure.happened());
  }

  get signal(): AbortSignal {
    return this.#departure.signal;
  }

  get answered(): boolean {
    return this.#stream.headersSent;
  }

  get body(): ServerHttp2Stream {
    return this.#stream;
  }

  headerValues(name: string): readonly string[] {
    return valuesOf(this.#rawHeaders, name);
  }

  setHeader(name: string, value: string | readonly string[]): void {
    this.#extra[name.toLowerCase()] = value as string | string[];
  }

  send(code: number, given: Readonly<Record<string, string>>, body: Uint8Array | string): void {
    const stream = this.#stream;
    this.audit.answered(code, { body, contentType: given['Content-Type'] });
    this.status = code;
    this.bytesSent = body.length;
    this.onAnswer?.();
    if (stream.destroyed || stream.closed) return;
    this.#warn();
    stream.respond({
      ...this.#extra,
      ...lowerCased(given),
      ':status': code,
      'content-length': Buffer.byteLength(body),
    });
    if (this.method === 'HEAD') stream.end();
    else stream.end(body);
    // Who is still sending is told to stop: nobody will read it.
    stream.once('finish', () => {
      if (!stream.readableEnded && !stream.endAfterHeaders) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  }

  open(code: number, given: Readonly<Record<string, string | readonly string[]>>): ResponseStream {
    const stream = this.#stream;
    this.audit.answered(code);
    this.status = code;
    this.#warn();
    if (!stream.destroyed && !stream.closed)
      stream.respond({ ...this.#extra, ...lowerCased(given), ':status': code });
    this.onAnswer?.();
    return responseStream(stream, (bytes) => (this.bytesSent += bytes));
  }

  abort(): boolean {
    const stream = this.#stream;
    if (stream.writableEnded || stream.destroyed) return false;
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return true;
  }

  #warn(): void {
    const values = warningHeader(this.warnings);
    if (values) this.#extra['warning'] = values;
  }
}

/** Names and values, one after the other, as Node hands them over. */
function valuesOf(rawHeaders: readonly string[], wanted: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === wanted);
}

/** HTTP/2 has no connection headers and wants lower-case names. */
function lowerCased(
  headers: Readonly<Record<string, string | readonly string[]>>,
): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (lower !== 'connection' && lower !== 'transfer-encoding' && lower !== 'keep-alive') {
      result[lower] = value as string | string[];
    }
  }
  return result;
}
