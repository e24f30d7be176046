/**
 * What a node knows of a resource, on its disk: a file of lines, each an object as it became or a key that went. Changes
 * are appended a moment later, together, the last of each object only; when what was appended outgrows what there is, the
 * file is written anew and put in the old one's place. A line that a loss of power tore is left out on reading: at most the
 * last changes are missed, and the API tells them again.
 *
 * A whole file per change would wear out the flash of small machines; a database is more than a list needs.
 */
import { appendFile, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isRecord } from '@skerry/base';
import type { KubeObject } from '@skerry/api';

/** Below this the file is never rewritten. */
const appendedBytesMin = 1 << 20;
const formatVersion = 1;

export interface Kept<T> {
  readonly object: T;
  /** Which of the followed scopes it is of. */
  readonly scope: number;
}

export class ObjectJournal<T extends KubeObject> {
  readonly #file: string;
  /** A file of other scopes tells of other objects. */
  readonly #header: string;
  readonly #pending = new Map<string, Kept<T> | undefined>();
  #wholeBytes = 0;
  #appendedBytes = 0;
  #isWritten = false;

  constructor({ file, scopes }: { readonly file: string; readonly scopes: readonly unknown[] }) {
    this.#file = file;
    this.#header = JSON.stringify({ version: formatVersion, scopes });
  }

  /** Undefined where nothing was kept, or nothing that fits. */
  async load(): Promise<Map<string, Kept<T>> | undefined> {
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    const [header, ...lines] = text.split('\n');
    if (header !== this.#header) return undefined;
    const kept = new Map<string, Kept<T>>();
    for (const line of lines) {
      const entry = parseLine(line);
      if (!entry) continue;
      // What this program wrote itself, of the resource that it reads it for.
      if (entry.object) kept.set(entry.key, { object: entry.object as T, scope: entry.scope });
      else kept.delete(entry.key);
    }
    this.#appendedBytes = text.length;
    this.#isWritten = text.endsWith('\n');
    return kept;
  }

  put(key: string, kept: Kept<T> | undefined): void {
    this.#pending.set(key, kept);
  }

  /** Writes what has changed; `whole` is everything there is. */
  async flush(whole: () => Iterable<[string, Kept<T>]>): Promise<void> {
    if (this.#pending.size === 0 && this.#isWritten) return;
    const changes = [...this.#pending].map(([key, kept]) => lineOf(key, kept)).join('');
    const isOutgrown = this.#appendedBytes + changes.length > Math.max(appendedBytesMin, this.#wholeBytes);
    this.#pending.clear();
    if (this.#isWritten && !isOutgrown) {
      // Should it fail, the next flush writes the whole.
      this.#isWritten = false;
      await appendFile(this.#file, changes);
      this.#isWritten = true;
      this.#appendedBytes += changes.length;
      return;
    }
    this.#isWritten = false;
    await this.#rewrite(whole());
    this.#isWritten = true;
  }

  async #rewrite(whole: Iterable<[string, Kept<T>]>): Promise<void> {
    const text = `${this.#header}\n${[...whole].map(([key, kept]) => lineOf(key, kept)).join('')}`;
    await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
    const file = await open(`${this.#file}.new`, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#file}.new`, this.#file);
    this.#wholeBytes = text.length;
    this.#appendedBytes = 0;
  }
}

function lineOf<T>(key: string, kept: Kept<T> | undefined): string {
  return `${JSON.stringify(kept ? { key, ...kept } : { key })}\n`;
}

function parseLine(line: string): { key: string; object: unknown; scope: number } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!isRecord(value) || typeof value['key'] !== 'string') return undefined;
    const { key, object, scope } = value;
    return { key, object, scope: typeof scope === 'number' ? scope : 0 };
  } catch {
    return undefined;
  }
}
