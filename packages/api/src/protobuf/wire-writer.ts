const initialBytes = 1024;
const utf8 = new TextEncoder();

/**
 * Writes protobuf's wire format from the end to the beginning: a message's length stands before it and is known only
 * behind it, so whoever writes backwards needs neither a second pass nor a buffer per message.
 */
export class WireWriter {
  #bytes = new Uint8Array(initialBytes);
  /** Everything from here on is written. */
  #at = initialBytes;

  /** Bytes written so far; a mark for `length`. */
  get size(): number {
    return this.#bytes.length - this.#at;
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(this.#at);
  }

  tag(number: number, wire: number): void {
    this.#varint(number * 8 + wire);
  }

  /** The length of what was written since `size` was `mark`. */
  length(mark: number): void {
    this.#varint(this.size - mark);
  }

  /** Throws RangeError for what has no digits: it would have no end. */
  integer(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`${value} is no integer`);
    if (value >= 0) this.#varint(value);
    else this.#negative(value);
  }

  double(value: number): void {
    this.#take(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#at, value, true);
  }

  bytes(value: Uint8Array): void {
    this.#take(value.length);
    this.#bytes.set(value, this.#at);
  }

  text(value: string): void {
    const { length } = value;
    this.#take(length);
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        // Rare enough to begin again.
        this.#at += length;
        this.bytes(utf8.encode(value));
        return;
      }
      this.#bytes[this.#at + i] = code;
    }
  }

  #varint(value: number): void {
    let length = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
    this.#take(length);
    let rest = value;
    for (let i = 0; i < length; i++) {
      this.#bytes[this.#at + i] = (rest % 0x80) + (i < length - 1 ? 0x80 : 0);
      rest = Math.floor(rest / 0x80);
    }
  }

  /** Two's complement of 64 bits, always ten bytes. */
  #negative(value: number): void {
    this.#take(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let i = 0; i < 10; i++) {
      this.#bytes[this.#at + i] = Number(rest & 0x7fn) + (i < 9 ? 0x80 : 0);
      rest >>= 7n;
    }
  }

  #take(length: number): void {
    if (this.#at < length) {
      const { size } = this;
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, size + length));
      grown.set(this.#bytes.subarray(this.#at), grown.length - size);
      this.#bytes = grown;
      this.#at = grown.length - size;
    }
    this.#at -= length;
  }
}
