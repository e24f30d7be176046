/**
 * Text in, whole lines out. Characters that a chunk cuts in two are put together again. A line that goes on for too long is
 * given out in parts: somebody's log without a line break must not fill the memory.
 */
import { StringDecoder } from 'node:string_decoder';

export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #lengthMax: number;
  #rest = '';

  constructor({ lengthMax }: { lengthMax: number }) {
    this.#lengthMax = lengthMax;
  }

  push(chunk: Uint8Array): string[] {
    const text =
      this.#rest + this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const lines = text.split('\n');
    this.#rest = lines.pop() ?? '';
    const parts = lines.flatMap((line) => this.#parts(line.endsWith('\r') ? line.slice(0, -1) : line));
    while (this.#rest.length > this.#lengthMax) {
      parts.push(this.#rest.slice(0, this.#lengthMax));
      this.#rest = this.#rest.slice(this.#lengthMax);
    }
    return parts;
  }

  /** What came after the last line break. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    return rest === '' ? [] : [rest];
  }

  #parts(line: string): string[] {
    if (line.length <= this.#lengthMax) return [line];
    const parts: string[] = [];
    for (let at = 0; at < line.length; at += this.#lengthMax)
      parts.push(line.slice(at, at + this.#lengthMax));
    return parts;
  }
}
