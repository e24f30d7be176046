/**
 * Discovery, OpenAPI and the like: passed on, and kept as they came for the time without a link, since no client finds its
 * way without them; and tables of custom resources, whose columns the center alone knows. Who may read one is remembered
 * with it, by user.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '@skerry/base';
import type { TransportResponse } from '@skerry/client';
import { isRecord } from '@skerry/base';
import type { CacheFile } from '#cache/cache-file.ts';
import type { CacheWriter } from '#cache/cache-writer.ts';
import { ageHeaders } from '#answer/answers.ts';

const space = 'document';
const readerSpace = 'document-reader';
const headersKept = ['content-type', 'etag', 'vary', 'cache-control', 'x-from-cache'];
export const documentBytesMax = 8 << 20;
const documentsMax = 512;

interface Head {
  readonly headers: Readonly<Record<string, string>>;
  readonly asOfMs: number;
}

export class Documents {
  readonly #file: CacheFile;
  readonly #writer: CacheWriter;
  readonly #clock: Clock;
  /** Digest of what was written last of each, so that what stays the same is not written again. */
  readonly #written = new Map<string, string>();
  readonly #readers: Set<string>;

  constructor({ file, writer, clock }: { file: CacheFile; writer: CacheWriter; clock: Clock }) {
    this.#file = file;
    this.#writer = writer;
    this.#clock = clock;
    this.#readers = new Set(file.notes(readerSpace).keys());
  }

  /** `path` with its query, and the form that was asked for. */
  store(
    user: string,
    { path, accept }: { readonly path: string; readonly accept: string },
    { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array },
  ): void {
    if (body.length > documentBytesMax) return;
    const key = keyOf(path, accept);
    const kept = Object.fromEntries(
      headersKept.flatMap((name) => (headers[name] ? [[name, headers[name]]] : [])),
    );
    const usedMs = this.#clock.now();
    const reader = JSON.stringify([user, path.split('?')[0]]);
    if (!this.#readers.has(reader) && this.#readers.size < 4_096) {
      this.#readers.add(reader);
      this.#writer.note(readerSpace, reader, { value: Uint8Array.of(1), usedMs });
    }
    const mark = createHash('sha256').update(body).digest('base64');
    if (this.#written.get(key) === mark) return;
    if (this.#written.size >= documentsMax) this.#written.clear();
    this.#written.set(key, mark);
    const head = Buffer.from(JSON.stringify({ headers: kept, asOfMs: usedMs } satisfies Head));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(head.length);
    this.#writer.note(space, key, { value: Buffer.concat([length, head, body]), usedMs });
  }

  /** Undefined where it was not read before, or not by this user. */
  read(
    user: string,
    { path, accept }: { readonly path: string; readonly accept: string },
  ): TransportResponse | undefined {
    if (!this.#readers.has(JSON.stringify([user, path.split('?')[0]]))) return undefined;
    const key = keyOf(path, accept);
    const waiting = this.#writer.waitingNote(space, key);
    const value = waiting ? waiting.note?.value : this.#file.note(space, key);
    if (!value) return undefined;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
    const end = 4 + bytes.readUInt32BE();
    const head: unknown = JSON.parse(bytes.toString('utf8', 4, end));
    if (!isRecord(head)) return undefined;
    const { headers, asOfMs } = head as unknown as Head;
    const body = bytes.subarray(end);
    return {
      status: 200,
      headers: { ...headers, ...ageHeaders(asOfMs, this.#clock.now()) },
      body: once(body),
    };
  }
}

function keyOf(path: string, accept: string): string {
  return JSON.stringify([path, accept]);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
