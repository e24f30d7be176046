import { badRequest } from '../status.ts';

// A byte order mark is a character of the text like any other.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads protobuf's wire format: tags, varints, lengths. Throws 400 where the bytes end early or make no sense. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  tag(): { number: number; wire: number } {
    const value = Number(this.#varint());
    return { number: Math.floor(value / 8), wire: value % 8 };
  }

  /** A varint as a signed 64-bit number; beyond 2^53 it is rounded, as in JSON. */
  integer(): number {
    return Number(BigInt.asIntN(64, this.#varint()));
  }

  double(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const length = Number(this.#varint());
    this.#need(length);
    const value = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value as Uint8Array<ArrayBuffer>;
  }

  text(): string {
    try {
      return utf8.decode(this.bytes());
    } catch (error) {
      if (error instanceof TypeError) throw badRequest('a text of the protobuf body is not UTF-8');
      throw error;
    }
  }

  skip(wire: number): void {
    if (wire === 0) this.#varint();
    else if (wire === 1) this.#advance(8);
    else if (wire === 2) this.bytes();
    else if (wire === 5) this.#advance(4);
    else throw badRequest(`the protobuf body has wire type ${wire}, which is not in use`);
  }

  #advance(length: number): void {
    this.#need(length);
    this.#at += length;
  }

  #varint(): bigint {
    let low = 0;
    // Almost all are short: numbers as long as they fit, and big integers only then.
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw badRequest('the protobuf body has a number of more than 64 bits');
  }

  #byte(): number {
    this.#need(1);
    return this.#bytes[this.#at++] ?? 0;
  }

  #need(length: number): void {
    if (this.#at + length > this.#bytes.length)
      throw badRequest('the protobuf body ends in the middle of a field');
  }
}
