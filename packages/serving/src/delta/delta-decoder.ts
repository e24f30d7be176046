import { zstdDecompressSync } from 'node:zlib';
import { describeError, SkerryError } from '@skerry/base';
import {
  dictionaryBytesMax,
  frameBytesMax,
  frameTypes,
  PayloadReader,
  type FrameType,
} from '#delta/delta-frame.ts';
import { textAtRevision } from '#cache/cached-entry.ts';
import { frameOf } from '#encode/json-encoder.ts';

/** Of a frame's length as LEB128. */
const lengthBytesMax = 8;

/** What a change mostly makes an object longer by at most. */
const roomBytes = 1024;

/** The last bytes of every object that one watch has told of, from the first of its streams on. */
export class HeldObjects {
  readonly #byKey = new Map<string, { readonly revision: number; readonly bytes: Uint8Array }>();

  get size(): number {
    return this.#byKey.size;
  }

  /** Takes one frame; returns the line that a plain watch would have brought. Throws `DeltaError`. */
  take(type: FrameType, payload: Uint8Array): Uint8Array {
    try {
      return this.#take(type, payload);
    } catch (error) {
      throw error instanceof DeltaError
        ? error
        : new DeltaError(`a frame can't be read: ${describeError(error)}`);
    }
  }

  #take(type: FrameType, payload: Uint8Array): Uint8Array {
    if (type === frameTypes.plain) return payload;
    const reader = new PayloadReader(payload);
    const key = reader.text();
    const revision = reader.number();
    const held = this.#byKey.get(key);
    if (type === frameTypes.gone) {
      if (!held) throw new DeltaError(`${key} is gone, and was never told of`);
      this.#byKey.delete(key);
      return frameOf('DELETED', textAtRevision(held.bytes, revision));
    }
    let bytes: Uint8Array;
    if (type === frameTypes.changed) {
      const base = reader.number();
      if (held?.revision !== base)
        throw new DeltaError(
          `${key} changed since revision ${base}, and ${held?.revision ?? 'none'} is held`,
        );
      bytes = zstdDecompressSync(reader.rest(), {
        dictionary: held.bytes,
        maxOutputLength: dictionaryBytesMax,
        // The usual 16 KiB for each answer cost more than unpacking a change.
        chunkSize: held.bytes.length + roomBytes,
      });
    } else {
      bytes = zstdDecompressSync(reader.rest(), { maxOutputLength: frameBytesMax });
    }
    this.#byKey.set(key, { revision, bytes: alone(bytes) });
    return frameOf(type === frameTypes.added ? 'ADDED' : 'MODIFIED', bytes);
  }
}

/** Without the rest of the room that it was unpacked into: it is held for as long as the object lives. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes;
}

/** What came is not what is held can be changed by: everything has to be read again. */
export class DeltaError extends SkerryError {
  override readonly name = 'DeltaError';

  constructor(message: string) {
    super('watch-delta', message);
  }
}

/** Lines of a plain watch from the frames of a delta watch. Throws `DeltaError`. */
export async function* plainLines(
  chunks: AsyncIterable<Uint8Array>,
  held: HeldObjects,
): AsyncGenerator<Uint8Array> {
  // Put together only when a whole frame is there: once a piece would copy a long frame as often as it has pieces.
  let pieces: Uint8Array[] = [];
  let size = 0;
  let wanted = 1;
  for await (const chunk of chunks) {
    pieces.push(chunk);
    size += chunk.length;
    if (size < wanted) continue;
    let rest: Buffer = pieces.length === 1 ? Buffer.from(chunk) : Buffer.concat(pieces);
    for (;;) {
      const { type, start, end } = frameBounds(rest);
      wanted = end;
      if (type === undefined || rest.length < end) break;
      yield held.take(type, rest.subarray(start, end));
      rest = rest.subarray(end);
    }
    pieces = rest.length > 0 ? [rest] : [];
    size = rest.length;
  }
  if (size > 0) throw new DeltaError('the watch ended inside a frame');
}

/** Of the first frame; as much as can be told of it so far. `end`: bytes that are needed to go on. */
function frameBounds(bytes: Buffer): { type?: FrameType; start: number; end: number } {
  const type = bytes[0];
  if (type === undefined) return { start: 0, end: 1 };
  if (type < frameTypes.added || type > frameTypes.plain)
    throw new DeltaError(`no frame begins with ${type}`);
  let length = 0;
  for (let at = 1, factor = 1; at < bytes.length; at++, factor *= 0x80) {
    const byte = bytes[at]!;
    length += (byte & 0x7f) * factor;
    if (length > frameBytesMax) throw new DeltaError(`a frame is longer than ${frameBytesMax} bytes`);
    if (byte < 0x80) return { type: type as FrameType, start: at + 1, end: at + 1 + length };
    if (at > lengthBytesMax) throw new DeltaError('a length has no end');
  }
  return { start: 0, end: bytes.length + 1 };
}
