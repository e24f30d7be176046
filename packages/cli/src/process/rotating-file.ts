import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** An append-only log file that moves to `.1`, `.2` … when it grows past `sizeMax` bytes; older ones are overwritten. */
export class RotatingFile {
  readonly #path: string;
  readonly #sizeMax: number;
  readonly #filesMax: number;
  #descriptor: number;
  #size: number;

  constructor(path: string, { sizeMax, filesMax }: { sizeMax: number; filesMax: number }) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#path = path;
    this.#sizeMax = sizeMax;
    this.#filesMax = filesMax;
    this.#descriptor = openSync(path, 'a', 0o600);
    this.#size = statSync(path).size;
  }

  /** A full disk loses log lines, never the writer. */
  write(chunk: Uint8Array): void {
    try {
      if (this.#size + chunk.length > this.#sizeMax) this.#rotate();
      this.#size += writeSync(this.#descriptor, chunk);
    } catch {
      // Nowhere left to say it.
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #rotate(): void {
    closeSync(this.#descriptor);
    for (let index = this.#filesMax - 1; index > 0; index--) {
      const older = index === 1 ? this.#path : `${this.#path}.${index - 1}`;
      try {
        renameSync(older, `${this.#path}.${index}`);
      } catch {
        // Not there yet.
      }
    }
    this.#descriptor = openSync(this.#path, 'a', 0o600);
    this.#size = 0;
  }
}
