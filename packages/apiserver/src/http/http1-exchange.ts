import type { IncomingMessage, ServerResponse } from 'node:http';
import { AuditNotes } from '#audit/audit-notes.ts';
import { Departure } from '#http/departure.ts';
import type { Exchange, ResponseStream } from '#http/exchange.ts';
import { flatten, splitTarget, type Origin } from '#http/request-head.ts';
import { responseStream } from '#http/response-stream.ts';
import { warningHeader } from '#http/warning-header.ts';
import type { PeerIdentity } from '#ports.ts';

export class Http1Exchange implements Exchange {
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
  bytesSent = 0;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #departure = new Departure();

  constructor(request: IncomingMessage, response: ServerResponse, origin: Origin) {
    this.#request = request;
    this.#response = response;
    this.method = request.method ?? 'GET';
    this.target = request.url ?? '/';
    const { path, query } = splitTarget(this.target);
    this.path = path;
    this.query = query;
    this.headers = flatten(request.headers);
    this.peer = origin.peer;
    this.remoteAddress = origin.remoteAddress;
    response.once('close', () => {
      if (!response.writableEnded) this.#departure.happened();
    });
  }

  get signal(): AbortSignal {
    return this.#departure.signal;
  }

  get answered(): boolean {
    return this.#response.headersSent;
  }

  get status(): number {
    return this.#response.headersSent ? this.#response.statusCode : 0;
  }

  get body(): IncomingMessage {
    return this.#request;
  }

  headerValues(name: string): readonly string[] {
    return this.#request.headersDistinct[name] ?? [];
  }

  setHeader(name: string, value: string | readonly string[]): void {
    this.#response.setHeader(name, value);
  }

  send(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array | string): void {
    const request = this.#request;
    const response = this.#response;
    this.audit.answered(status, { body, contentType: headers['Content-Type'] });
    // A body that nobody read would be taken for the next request.
    const unread = !request.complete;
    if (unread) response.setHeader('Connection', 'close');
    this.#warn();
    response.writeHead(status, { ...headers, 'Content-Length': String(Buffer.byteLength(body)) });
    if (request.method !== 'HEAD') response.write(body);
    this.bytesSent = body.length;
    request.resume();
    if (unread) endAfter(request, response);
    else response.end();
    this.onAnswer?.();
  }

  open(status: number, headers: Readonly<Record<string, string | readonly string[]>>): ResponseStream {
    const response = this.#response;
    this.audit.answered(status);
    this.#warn();
    response.writeHead(status, headers as Record<string, string | string[]>);
    response.flushHeaders();
    this.onAnswer?.();
    return responseStream(response, (bytes) => (this.bytesSent += bytes));
  }

  abort(): boolean {
    if (this.#response.writableEnded) return false;
    this.#response.destroy();
    return true;
  }

  #warn(): void {
    const values = warningHeader(this.warnings);
    if (values) this.#response.setHeader('Warning', values);
  }
}

/** How long the rest of a request is read whose answer is known; Go's servers wait as long. */
const lingerMs = 500;

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
