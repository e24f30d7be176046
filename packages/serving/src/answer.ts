import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { AnyObject, ListMeta, Status } from '@skerry/api';
import { itemOf } from '#cache/cached-entry.ts';
import type { Answer, CachedObject, Encoder } from '#contract.ts';

const gzipBytesMin = 128 * 1024;
const gzipBytesMax = 64 * 1024 * 1024;
/** Below the size from which the allocator asks the kernel for every single one. */
const chunkBytes = 64 * 1024;

/** An object that no cache has: what a write returns, a subresource's body. */
export function answerObject(encoder: Encoder, object: AnyObject, status = 200): Answer {
  return answerItem(encoder, itemOf(object), status);
}

export function answerItem(encoder: Encoder, item: CachedObject, status = 200): Answer {
  return answer(status, encoder.contentType, [encoder.object(item), newline]);
}

export function listAnswer(encoder: Encoder, items: readonly CachedObject[], meta: ListMeta): Answer {
  return answer(200, encoder.contentType, encoder.list(items, meta));
}

/** A `Status` as JSON, which every client reads whatever it asked for. */
export function answerStatus(status: Status): Answer {
  return answer(status.code, 'application/json', [Buffer.from(`${JSON.stringify(status)}\n`)]);
}

/** Indented JSON for people; other forms are left alone. */
export function pretty(plain: Answer): Answer {
  if (plain.headers['Content-Type'] !== 'application/json') return plain;
  const value: unknown = JSON.parse(Buffer.concat([...plain.body]).toString());
  return answer(plain.status, 'application/json', [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)]);
}

/**
 * gzip for large bodies where the client takes it, at the fastest level, as kube-apiserver does; off the event loop. Bodies beyond
 * the upper bound go out as they are, piece by piece: compressing needs all of one in memory.
 */
export async function compress(
  plain: Answer,
  acceptEncoding: string | string[] | undefined,
): Promise<Answer> {
  const size = Number(plain.headers['Content-Length']);
  if (!(size >= gzipBytesMin && size <= gzipBytesMax) || !acceptsGzip(acceptEncoding)) return plain;
  const zipped = await gzipped(Buffer.concat([...plain.body]), { level: 1 });
  const headers = { ...plain.headers, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' };
  return {
    status: plain.status,
    headers: { ...headers, 'Content-Length': String(zipped.length) },
    body: [zipped],
  };
}

/** Joins small pieces, so that a list of many small objects is not as many small writes. Never holds more than one chunk. */
export function* joined(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for (const piece of pieces) {
    held.push(piece);
    size += piece.length;
    if (size < chunkBytes) continue;
    yield held.length === 1 ? piece : Buffer.concat(held, size);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held, size);
}

const gzipped = promisify(gzip);
const newline = Buffer.from('\n');

function answer(status: number, contentType: string, pieces: Iterable<Uint8Array>): Answer {
  const held = Array.isArray(pieces) ? (pieces as Uint8Array[]) : [...pieces];
  const size = held.reduce((sum, piece) => sum + piece.length, 0);
  return {
    status,
    headers: { 'Content-Type': contentType, 'Content-Length': String(size) },
    body: { [Symbol.iterator]: () => joined(held) },
  };
}

function acceptsGzip(accept: string | string[] | undefined): boolean {
  const text = Array.isArray(accept) ? accept.join(',') : (accept ?? '');
  return text.split(',').some((part) => {
    const [coding = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    return coding === 'gzip' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
