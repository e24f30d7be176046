import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { AnyObject, ListMeta, Status } from '@skerry/api';
import { itemOf } from '#cache/cached-entry.ts';
import type { Answer, CachedObject, Encoder } from '#contract.ts';

const gzipBytesMin = 128 * 1024;
const gzipBytesMax = 64 * 1024 * 1024;
const prettyBytesMax = 4 * 1024 * 1024;
const chunkBytes = 256 * 1024;

/** An object that no cache has: what a write returns, a subresource's body. `stored` is its text, as of `itemOf`. */
export function answerObject(encoder: Encoder, object: AnyObject, status = 200, stored?: Uint8Array): Answer {
  return answerItem(encoder, itemOf(object, stored), status);
}

export function answerItem(encoder: Encoder, item: CachedObject, status = 200): Answer {
  // Text ends its line; what is not text has an end of its own.
  const end = encoder.contentType === protobufType ? [] : [newline];
  return answer(status, encoder.contentType, [encoder.object(item), ...end]);
}

export function listAnswer(encoder: Encoder, items: readonly CachedObject[], meta: ListMeta): Answer {
  return answer(200, encoder.contentType, encoder.list(items, meta));
}

/** A `Status` as JSON, which every client reads whatever it asked for. */
export function answerStatus(status: Status): Answer {
  return answer(status.code, 'application/json', [Buffer.from(`${JSON.stringify(status)}\n`)]);
}

/** Indented JSON for people; other forms are left alone, and so is what nobody reads to its end. */
export function pretty(plain: Answer): Answer {
  if (plain.headers['Content-Type'] !== 'application/json') return plain;
  if (Number(plain.headers['Content-Length']) > prettyBytesMax) return plain;
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

/**
 * Joins small pieces, so that a list of many small objects is not as many small writes. Holds one chunk: told by `next(true)` that the
 * last one has left for good, it fills the same memory again. Large lists are otherwise mostly allocation.
 */
export function* joined(pieces: Iterable<Uint8Array>): Generator<Uint8Array, void, boolean | undefined> {
  let memory: Uint8Array | undefined;
  let held: Uint8Array[] = [];
  let size = 0;
  for (const piece of pieces) {
    if (size + piece.length > chunkBytes && size > 0) {
      memory ??= Buffer.allocUnsafeSlow(chunkBytes);
      if ((yield filled(memory, held)) !== true) memory = undefined;
      held = [];
      size = 0;
    }
    if (piece.length > chunkBytes) {
      yield piece;
      continue;
    }
    held.push(piece);
    size += piece.length;
  }
  if (size > 0) yield held.length === 1 ? (held[0] as Uint8Array) : Buffer.concat(held, size);
}

function filled(memory: Uint8Array, pieces: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const piece of pieces) {
    memory.set(piece, size);
    size += piece.length;
  }
  return memory.subarray(0, size);
}

/**
 * Writes a body piece by piece, no faster than it is taken. `write` returns true for what may still be on its way, or a promise of true
 * that resolves when everything written has left; false, or a promise of it, says that the reader is gone.
 * @returns whether all was written.
 */
export async function sendBody(
  body: Iterable<Uint8Array>,
  write: (chunk: Uint8Array) => boolean | Promise<boolean>,
): Promise<boolean> {
  const chunks: Iterator<Uint8Array, unknown, boolean | undefined> = body[Symbol.iterator]();
  let gone = false;
  for (let next = chunks.next(); !next.done; next = chunks.next(gone)) {
    const written = write(next.value);
    gone = typeof written !== 'boolean';
    if (!(await written)) return false;
  }
  return true;
}

const gzipped = promisify(gzip);
const newline = Buffer.from('\n');
const protobufType = 'application/vnd.kubernetes.protobuf';

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
