import type { Clock } from '@skerry/base';
import type { CacheFile } from '#cache/cache-file.ts';
import type { CacheWriter } from '#cache/cache-writer.ts';

const space = 'vault';
const entriesMax = 2_048;

/** Small texts that must outlive a restart of the agent without anyone to ask, such as pods' tokens: sealed on the disk. */
export class Vault {
  readonly #writer: CacheWriter;
  readonly #clock: Clock;
  readonly #entries = new Map<string, string>();

  constructor({ file, writer, clock }: { file: CacheFile; writer: CacheWriter; clock: Clock }) {
    this.#writer = writer;
    this.#clock = clock;
    for (const [key, { value }] of file.notes(space)) this.#entries.set(key, Buffer.from(value).toString());
  }

  get(key: string): string | undefined {
    return this.#entries.get(key);
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  set(key: string, text: string): void {
    this.#entries.delete(key);
    this.#entries.set(key, text);
    const value = Buffer.from(text);
    this.#writer.note(space, key, { value, usedMs: this.#clock.now(), secret: true });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= entriesMax) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    if (this.#entries.delete(key)) this.#writer.note(space, key, undefined);
  }
}
