import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Duplex, Readable } from 'node:stream';
import { ApiError } from '@skerry/api';
import { AuditNotes } from '#audit/audit-notes.ts';
import { warningHeader } from '#http/warning-header.ts';
import type { PeerIdentity } from '#ports.ts';

/**
 * One request and its answer, the same over HTTP/1.1 and HTTP/2. Handlers see only this; the two protocols' own objects
 * stay here. An answer is begun once: by `send` (whole) or `open` (a stream that is flushed at every write).
 */
export interface Exchange {
  readonly method: string;
  /** Path without query, not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Path and query, as they came. */
  readonly target: string;
  /** Lower-case names; a header sent twice is joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The values of a header, each as it was sent. */
  readonly headerValues: (name: string) => readonly string[];
  readonly peer: PeerIdentity | undefined;
  readonly remoteAddress: string | undefined;
  /** Aborted when the client goes away, or the server stops, before the answer is whole. */
  readonly signal: AbortSignal;
  /** Whether an answer was begun. */
  readonly answered: boolean;
  /** Status of the answer; 0 before. */
  readonly status: number;
  /** What the audit log is to say of it. */
  readonly audit: AuditNotes;
  /** Texts that the answer, whatever it is, brings in `Warning:` headers; added to until it begins. */
  readonly warnings: string[];
  /** Bytes of the answer's body so far. */
  readonly bytesSent: number;
  /** Called once, when the answer begins; for whoever waits for no more than that. */
  onAnswer?: () => void;
  /** The raw request body; for proxies. */
  readonly body: Readable;
  /** Set before the answer begins; added to every answer. */
  setHeader(name: string, value: string | readonly string[]): void;
  send(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array | string): void;
  open(status: number, headers: Readonly<Record<string, string | readonly string[]>>): ResponseStream;
  /** Breaks off an answer that was begun and can't be finished; false when there is nothing to break off, since it was. */
  abort(): boolean;
}

export interface ResponseStream {
  /** Resolves at once while the client keeps up, else when its buffer has drained; false once it is gone. */
  write(bytes: Uint8Array | string): Promise<boolean> | boolean;
  end(): void;
  /** Breaks the connection off, so that the client can't take a cut answer for a whole one. */
  destroy(): void;
}

/** Reads a body to its end, at most `bytesMax`; beyond it 413. A client that leaves in the middle is a 400 that nobody sees. */
export async function readBody(exchange: Exchange, bytesMax: number): Promise<Buffer> {
  try {
    const body = await readAll(exchange, bytesMax);
    exchange.audit.received(body, exchange.headers['content-type']);
    return body;
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    throw new ApiError('BadRequest', 'the request body ended before its end', { cause });
  }
}

/** By events: an iterator costs more than the reading does, and there is a body to every write. */
async function readAll({ headers, body }: Exchange, bytesMax: number): Promise<Buffer> {
  const declared = Number(headers['content-length'] ?? 0);
  if (declared > bytesMax) throw tooLarge(bytesMax);
  const chunks: Buffer[] = [];
  let size = 0;
  await new Promise<void>((resolve, reject) => {
    let whole = false;
    const leave = () => {
      if (!whole) reject(new Error('the client went away'));
    };
    if (body.destroyed) return leave();
    body.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bytesMax) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(tooLarge(bytesMax));
      }
    });
    body.once('end', () => {
      whole = true;
      resolve();
    });
    body.once('error', reject);
    body.once('close', leave);
  });
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function tooLarge(bytesMax: number): ApiError {
  return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${bytesMax}`);
}

interface Origin {
  readonly peer?: PeerIdentity;
  readonly remoteAddress?: string;
}

function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

function flatten(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  const flat: Record<string, string | undefined> = {};
  for (const name in headers) {
    const value = headers[name];
    flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

/** The client's going away before its answer was whole. Most requests neither need the signal nor see it fire, so it is made late. */
class Departure {
  #aborter: AbortController | undefined;
  #gone = false;

  get signal(): AbortSignal {
    if (!this.#aborter) {
      this.#aborter = new AbortController();
      if (this.#gone) this.#aborter.abort();
    }
    return this.#aborter.signal;
  }

  happened(): void {
    this.#gone = true;
    this.#aborter?.abort();
  }
}

/** How long the rest of a request is read whose answer is known; Go's servers wait as long. */
const lingerMs = 500;

type WritableEnd = {
  write(bytes: Uint8Array | string): boolean;
  end(): void;
  destroy(): void;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
  readonly destroyed: boolean;
  readonly writableEnded: boolean;
};

function responseStream(target: WritableEnd, count: (bytes: number) => void): ResponseStream {
  return {
    write(bytes) {
      if (target.destroyed || target.writableEnded) return false;
      count(bytes.length);
      if (target.write(bytes)) return true;
      return new Promise<boolean>((resolve) => {
        const settle = () => {
          target.off('drain', settle);
          target.off('close', settle);
          resolve(!target.destroyed);
        };
        target.once('drain', settle);
        target.once('close', settle);
      });
    },
    end: () => {
      if (!target.destroyed && !target.writableEnded) target.end();
    },
    destroy: () => target.destroy(),
  };
}

export function exchangeOverHttp1(
  request: IncomingMessage,
  response: ServerResponse,
  origin: Origin,
): Exchange {
  const { path, query } = splitTarget(request.url ?? '/');
  const departure = new Departure();
  const audit = new AuditNotes();
  const warnings: string[] = [];
  const warn = () => {
    const values = warningHeader(warnings);
    if (values) response.setHeader('Warning', values);
  };
  response.once('close', () => {
    if (!response.writableEnded) departure.happened();
  });
  let bytesSent = 0;
  const exchange: Exchange = {
    method: request.method ?? 'GET',
    path,
    query,
    target: request.url ?? '/',
    headers: flatten(request.headers),
    headerValues: (name) => request.headersDistinct[name] ?? [],
    peer: origin.peer,
    remoteAddress: origin.remoteAddress,
    get signal() {
      return departure.signal;
    },
    get answered() {
      return response.headersSent;
    },
    get status() {
      return response.headersSent ? response.statusCode : 0;
    },
    audit,
    warnings,
    get bytesSent() {
      return bytesSent;
    },
    body: request,
    setHeader: (name, value) => void response.setHeader(name, value as string | string[]),
    send(status, headers, body) {
      audit.answered(status, { body, contentType: headers['Content-Type'] });
      // A body that nobody read would be taken for the next request.
      const unread = !request.complete;
      if (unread) response.setHeader('Connection', 'close');
      warn();
      response.writeHead(status, { ...headers, 'Content-Length': String(Buffer.byteLength(body)) });
      if (request.method !== 'HEAD') response.write(body);
      bytesSent = body.length;
      request.resume();
      if (unread) endAfter(request, response);
      else response.end();
      exchange.onAnswer?.();
    },
    open(status, headers) {
      audit.answered(status);
      warn();
      response.writeHead(status, headers as Record<string, string | string[]>);
      response.flushHeaders();
      exchange.onAnswer?.();
      return responseStream(response, (bytes) => (bytesSent += bytes));
    },
    abort() {
      if (response.writableEnded) return false;
      response.destroy();
      return true;
    },
  };
  return exchange;
}

/**
 * Ends the connection of an answer that came before its request was whole: once the rest has come, or after a while. A client
 * that is still sending into a closed connection sees that it broke, and never the answer.
 */
function endAfter(request: IncomingMessage, response: ServerResponse): void {
  const end = () => {
    clearTimeout(late);
    response.end();
  };
  const late = setTimeout(end, lingerMs).unref();
  request.once('close', end);
  request.once('end', end);
}

export function exchangeOverHttp2(
  stream: ServerHttp2Stream,
  { headers, rawHeaders }: { headers: IncomingHttpHeaders; rawHeaders: readonly string[] },
  origin: Origin,
): Exchange {
  const method = String(headers[':method'] ?? 'GET');
  const { path, query } = splitTarget(String(headers[':path'] ?? '/'));
  const extra: Record<string, string | string[]> = {};
  const departure = new Departure();
  const audit = new AuditNotes();
  const warnings: string[] = [];
  const warn = () => {
    const values = warningHeader(warnings);
    if (values) extra['warning'] = values;
  };
  let status = 0;
  let bytesSent = 0;
  stream.once('close', () => {
    if (!stream.writableEnded) departure.happened();
  });
  const exchange: Exchange = {
    method,
    path,
    query,
    target: String(headers[':path'] ?? '/'),
    headers: flatten(headers),
    headerValues: (name) => valuesOf(rawHeaders, name),
    peer: origin.peer,
    remoteAddress: origin.remoteAddress,
    get signal() {
      return departure.signal;
    },
    get answered() {
      return stream.headersSent;
    },
    get status() {
      return status;
    },
    audit,
    warnings,
    get bytesSent() {
      return bytesSent;
    },
    body: stream,
    setHeader: (name, value) => {
      extra[name.toLowerCase()] = value as string | string[];
    },
    send(code, given, body) {
      audit.answered(code, { body, contentType: given['Content-Type'] });
      status = code;
      bytesSent = body.length;
      exchange.onAnswer?.();
      if (stream.destroyed || stream.closed) return;
      warn();
      stream.respond({
        ...extra,
        ...lowerCased(given),
        ':status': code,
        'content-length': Buffer.byteLength(body),
      });
      if (method === 'HEAD') stream.end();
      else stream.end(body);
      // Who is still sending is told to stop: nobody will read it.
      stream.once('finish', () => {
        if (!stream.readableEnded && !stream.endAfterHeaders) stream.close(constants.NGHTTP2_NO_ERROR);
      });
    },
    open(code, given) {
      audit.answered(code);
      status = code;
      warn();
      if (!stream.destroyed && !stream.closed)
        stream.respond({ ...extra, ...lowerCased(given), ':status': code });
      exchange.onAnswer?.();
      return responseStream(stream, (bytes) => (bytesSent += bytes));
    },
    abort() {
      if (stream.writableEnded || stream.destroyed) return false;
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      return true;
    },
  };
  return exchange;
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

/** Answers an upgrade that is refused, on the bare socket. */
export function refuseUpgrade(socket: Duplex, status: number, contentType: string, body: string): void {
  const text = `HTTP/1.1 ${status} Refused\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
  socket.end(text);
}
