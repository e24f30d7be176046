import type { Duplex, Readable } from 'node:stream';
import { ApiError } from '@skerry/api';
import type { AuditNotes } from '#audit/audit-notes.ts';
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
  headerValues(name: string): readonly string[];
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

/** Answers an upgrade that is refused, on the bare socket. */
export function refuseUpgrade(socket: Duplex, status: number, contentType: string, body: string): void {
  const text = `HTTP/1.1 ${status} Refused\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
  socket.end(text);
}
