/**
 * Splits a byte stream into JSON values that stand one after the other, with or without newlines between them.
 *
 * API servers end each watch event with a newline, so lines are tried first: finding a newline is a fast search, while
 * counting braces looks at every byte. Only a line that is not one JSON value is counted through. A value is given out as
 * soon as its last byte is here, also when no newline follows. No value may be longer than `lengthMax` bytes.
 */
import { TransportError } from '#transport.ts';

const newline = 0x0a;
const closeBrace = 0x7d;
/** An empty rest of a chunk would keep the chunk, for as long as a watch is silent. */
const nothing = Buffer.alloc(0);

export async function* jsonValues(
  chunks: AsyncIterable<Uint8Array>,
  { lengthMax, source }: { lengthMax: number; source: string },
): AsyncGenerator {
  let pending: Buffer = nothing;
  for await (const chunk of chunks) {
    let rest: Buffer = pending.length === 0 ? view(chunk) : Buffer.concat([pending, chunk]);
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      const { values, unread } = parseAll(rest.subarray(0, end));
      // A newline inside a value (an indented answer): wait for the rest of it.
      if (unread.length > 0) break;
      yield* values;
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0 && rest[rest.length - 1] === closeBrace) {
      const { values, unread } = parseAll(rest);
      yield* values;
      rest = unread;
    }
    if (rest.length > lengthMax) {
      throw new TransportError('api-bad-answer', `${source}: an event is longer than ${lengthMax} bytes`, {
        sent: true,
      });
    }
    pending = rest.length === 0 ? nothing : rest;
  }
  const { values, unread } = parseAll(pending);
  yield* values;
  if (unread.toString('utf8').trim() !== '') {
    throw new TransportError('api-bad-answer', `${source}: the answer ended inside an event`, { sent: true });
  }
}

function view({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function parseAll(bytes: Buffer): { values: unknown[]; unread: Buffer } {
  if (bytes.length === 0) return { values: [], unread: bytes };
  try {
    const text = bytes.toString('utf8');
    return { values: text.trim() === '' ? [] : [JSON.parse(text)], unread: nothing };
  } catch {
    return splitByBraces(bytes);
  }
}

function splitByBraces(bytes: Buffer): { values: unknown[]; unread: Buffer } {
  const values: unknown[] = [];
  let depth = 0;
  let inString = false;
  let start = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) {
      depth--;
      if (depth === 0) {
        values.push(JSON.parse(bytes.toString('utf8', start, at + 1)));
        start = at + 1;
      }
    }
  }
  return { values, unread: bytes.subarray(start) };
}
