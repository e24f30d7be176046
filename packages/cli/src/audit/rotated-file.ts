/**
 * An append-only file that is put aside, as `<name>-<time>.<ext>`, before it grows past its size; with `compresses`, by
 * gzip and as `<name>-<time>.<ext>.gz`. Files put aside go when
 * there are more than `backupsMax`, or when they are older than `ageMaxDays`; 0 keeps all.
 */
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock } from '@skerry/base';
import type { AuditOutput } from './audit-log.ts';

export interface RotationOptions {
  /** 0: never put aside. */
  readonly sizeMax: number;
  readonly backupsMax: number;
  readonly ageMaxDays: number;
  readonly compresses?: boolean;
  readonly clock: Clock;
}

const dayMs = 24 * 3_600_000;

export class RotatedFile implements AuditOutput {
  readonly #path: string;
  readonly #options: RotationOptions;
  #file: FileHandle;
  #size: number;

  /** Makes the folder (0700) and the file (0600). */
  static async open(path: string, options: RotationOptions): Promise<RotatedFile> {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'a', 0o600);
    return new RotatedFile(path, file, (await file.stat()).size, options);
  }

  private constructor(path: string, file: FileHandle, size: number, options: RotationOptions) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
    this.#options = options;
  }

  async write(lines: Uint8Array): Promise<void> {
    const { sizeMax } = this.#options;
    if (sizeMax > 0 && this.#size > 0 && this.#size + lines.length > sizeMax) await this.#rotate();
    await this.#file.appendFile(lines);
    this.#size += lines.length;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #rotate(): Promise<void> {
    const time = new Date(this.#options.clock.now()).toISOString().replaceAll(':', '-').replace('Z', '');
    const { folder, stem, extension } = this.#parts();
    const aside = join(folder, `${stem}-${time}${extension}`);
    await rename(this.#path, aside);
    await this.#file.close();
    this.#file = await open(this.#path, 'a', 0o600);
    this.#size = 0;
    if (this.#options.compresses) await compress(aside);
    await this.#prune();
  }

  async #prune(): Promise<void> {
    const { backupsMax, ageMaxDays, clock } = this.#options;
    const { folder, stem, extension } = this.#parts();
    const aside = (await readdir(folder))
      .filter((name) => name.startsWith(`${stem}-2`) && name.replace(/\.gz$/, '').endsWith(extension))
      .sort()
      .reverse();
    for (const [index, name] of aside.entries()) {
      const path = join(folder, name);
      const old = ageMaxDays > 0 && (await stat(path)).mtimeMs < clock.now() - ageMaxDays * dayMs;
      if (old || (backupsMax > 0 && index >= backupsMax)) await rm(path, { force: true });
    }
  }

  #parts(): { folder: string; stem: string; extension: string } {
    const extension = extname(this.#path);
    return { folder: dirname(this.#path), stem: basename(this.#path, extension), extension };
  }
}

/** A file that is whole takes the place of the one that was put aside; until then that one is there. */
async function compress(path: string): Promise<void> {
  const unfinished = `${path}.gz.unfinished`;
  await pipeline(createReadStream(path), createGzip(), createWriteStream(unfinished, { mode: 0o600 }));
  await rename(unfinished, `${path}.gz`);
  await rm(path, { force: true });
}
