/**
 * Watch events over a thin link. Both ends hold the last bytes of every object that the watch has told of, so a change is sent as
 * the new bytes compressed with the held ones as zstd's dictionary: of a pod whose status changed, some hundred bytes are left of
 * five thousand. What is put together again is the very text that a plain watch would have brought.
 *
 * A frame is one byte that says what it is, the length of what follows, and that: `payload` below. Numbers are LEB128. A key is
 * `namespace/name`, or the name, with its length before it.
 *
 * | type | payload |
 * |---|---|
 * | whole, `ADDED` or `MODIFIED` | key, revision, the object's JSON by zstd |
 * | changed, `MODIFIED` | key, revision, the revision that is the dictionary, the object's JSON by zstd |
 * | gone, `DELETED` | key, revision: the object that is held is the last state, but for its revision |
 * | plain | a JSON event: bookmarks and errors |
 */
export const deltaWatchType = 'application/vnd.skerry.watch-delta';

export const frameTypes = { added: 1, modified: 2, changed: 3, gone: 4, plain: 5 } as const;

export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

/** Larger objects are not compressed against one another: a dictionary of that size costs more than it saves. */
export const dictionaryBytesMax = 1024 * 1024;

/** Of one frame, and of the object in it. */
export const frameBytesMax = 16 * 1024 * 1024;

export function frame(type: FrameType, payload: readonly Uint8Array[]): Uint8Array {
  const length = payload.reduce((sum, piece) => sum + piece.length, 0);
  return Buffer.concat([Buffer.of(type), number(length), ...payload]);
}

export function number(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

export function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
}

/** Reads what `number` and `text` wrote. */
export class PayloadReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; factor <= Number.MAX_SAFE_INTEGER; factor *= 0x80) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number has no end');
  }

  text(): string {
    const length = this.number();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('a text is longer than its frame');
    const value = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, length).toString();
    this.#at = end;
    return value;
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }
}
