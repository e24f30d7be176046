/**
 * A watch of the center, event by event, with the bytes of each object as they came: what the hub holds and answers is the
 * center's own text, not what parsing and writing it again would make of it (integers beyond 2^53 would not survive that).
 */
import { ApiError, type AnyObject, type Status } from '@skerry/api';
import { isRecord } from '@skerry/base';
import { TransportError, type Transport } from '@skerry/client';
import { collectionPath, selectorQuery, type CoverageKey } from '#coverage/coverage-key.ts';

export type UpstreamEvent =
  | {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly object: AnyObject;
      readonly json: Uint8Array;
      readonly revision: number;
    }
  | { readonly type: 'BOOKMARK'; readonly object: AnyObject; readonly revision: number };

const eventBytesMax = 16 << 20;
const newline = 0x0a;

export interface WatchOptions {
  /** The state is known at this revision; unset: it comes first. */
  readonly revision?: number;
  readonly timeoutSeconds: number;
  readonly credentials: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** The center has let the watch begin. */
  readonly onOpen?: () => void;
}

/** Events of one chunk at a time. Throws `ApiError` for what the server refuses, 410 within the watch included, and `TransportError`. */
export async function* upstreamWatch(
  transport: Transport,
  key: CoverageKey,
  { revision, timeoutSeconds, credentials, signal, onOpen }: WatchOptions,
): AsyncGenerator<UpstreamEvent[]> {
  const query = selectorQuery(key);
  query.set('watch', 'true');
  query.set('allowWatchBookmarks', 'true');
  query.set('timeoutSeconds', String(timeoutSeconds));
  if (revision === undefined) {
    query.set('sendInitialEvents', 'true');
    query.set('resourceVersionMatch', 'NotOlderThan');
  } else query.set('resourceVersion', String(revision));
  const path = `${collectionPath(key)}?${query.toString()}`;
  const response = await transport.request({
    method: 'GET',
    path,
    headers: { accept: 'application/json', 'user-agent': 'skerry-hub', ...credentials },
    signal,
  });
  if (response.status !== 200) throw await statusError(response);
  onOpen?.();
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of response.body) {
    let rest = pending.length === 0 ? bufferOf(chunk) : Buffer.concat([pending, chunk]);
    const events: UpstreamEvent[] = [];
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      if (end > 0) events.push(eventOf(rest.subarray(0, end)));
      rest = rest.subarray(end + 1);
    }
    if (rest.length > eventBytesMax)
      throw badAnswer(`an event of ${key.resource} is longer than ${eventBytesMax} bytes`);
    // A copy, so that a piece of an event doesn't hold the memory of all that came with it.
    pending = Buffer.from(rest);
    if (events.length > 0) yield events;
  }
  if (pending.length > 0) throw badAnswer(`the watch of ${key.resource} ended inside an event`);
}

export async function statusError(response: {
  readonly status: number;
  readonly body: AsyncIterable<Uint8Array>;
}): Promise<ApiError> {
  const text = await readBytes(response.body, 1 << 20)
    .then((bytes) => Buffer.from(bytes).toString())
    .catch(() => '');
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value) && value['kind'] === 'Status')
      return ApiError.fromStatus(value as Partial<Status>, response.status);
  } catch {
    // Told below.
  }
  return new ApiError(
    'InternalError',
    `the center answered ${response.status}: ${text.slice(0, 200) || 'no explanation'}`,
    { code: response.status },
  );
}

/** Throws `TransportError` beyond the bound. */
export async function readBytes(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > bytesMax) throw badAnswer(`the answer is longer than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length);
}

function eventOf(line: Buffer): UpstreamEvent {
  let event: unknown;
  try {
    event = JSON.parse(line.toString());
  } catch (cause) {
    throw badAnswer('an event is not JSON', cause);
  }
  if (!isRecord(event) || !isRecord(event['object'])) throw badAnswer('not a watch event');
  const { type } = event;
  const object = event['object'] as AnyObject;
  if (type === 'ERROR') throw ApiError.fromStatus(object as Partial<Status>);
  const revision = Number(object.metadata?.resourceVersion);
  if (!Number.isSafeInteger(revision) || revision <= 0)
    throw badAnswer(`resourceVersion ${object.metadata?.resourceVersion ?? '(none)'} is no revision`);
  if (type === 'BOOKMARK') return { type, object, revision };
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') throw badAnswer('not a watch event');
  const head = Buffer.from(`{"type":"${type}","object":`);
  // Servers write events this way; of one that doesn't the object is written anew.
  const json =
    line.subarray(0, head.length).equals(head) &&
    line.at(-1) === closeBrace &&
    Object.keys(event).length === 2
      ? Buffer.from(line.subarray(head.length, -1))
      : Buffer.from(JSON.stringify(object));
  return { type, object, json, revision };
}

const closeBrace = 0x7d;

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function badAnswer(message: string, cause?: unknown): TransportError {
  return new TransportError('api-bad-answer', message, { sent: true, cause });
}
