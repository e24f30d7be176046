/**
 * Which stream the bytes of an HTTP/2 connection in one direction belong to: reads the nine bytes before each frame and
 * nothing else (RFC 9113, 4.1). Pieces may end anywhere.
 */
const headerBytes = 9;
const prefaceBytes = 24;
const prefaceStart = 0x50; // "PRI * HTTP/2.0…": no frame of 5 MiB is ever sent.

export const pingFrame = 6;

/** Stream 0 is the connection itself. */
export type OnFrameBytes = (frame: { streamId: number; type: number }, bytes: number) => void;

export class FrameReader {
  readonly #header = Buffer.alloc(headerBytes);
  #headerFilled = 0;
  #preface: number | undefined;
  #remaining = 0;
  #streamId = 0;
  #type = 0;

  read(piece: Uint8Array, tell: OnFrameBytes): void {
    let at = 0;
    if (this.#preface === undefined && piece.length > 0)
      this.#preface = piece[0] === prefaceStart ? prefaceBytes : 0;
    if (this.#preface) {
      const skipped = Math.min(this.#preface, piece.length);
      this.#preface -= skipped;
      at = skipped;
      tell({ streamId: 0, type: 0 }, skipped);
    }
    while (at < piece.length) {
      if (this.#remaining > 0) {
        const bytes = Math.min(this.#remaining, piece.length - at);
        at += bytes;
        this.#remaining -= bytes;
        tell({ streamId: this.#streamId, type: this.#type }, bytes);
        continue;
      }
      this.#header[this.#headerFilled++] = piece[at++]!;
      if (this.#headerFilled < headerBytes) continue;
      this.#headerFilled = 0;
      this.#remaining = this.#header.readUIntBE(0, 3);
      this.#type = this.#header[3]!;
      this.#streamId = this.#header.readUInt32BE(5) & 0x7fff_ffff;
      tell({ streamId: this.#streamId, type: this.#type }, headerBytes);
    }
  }
}
