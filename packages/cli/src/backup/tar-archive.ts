/**
 * Archives of a few files as gzipped POSIX ustar, written and read as streams: stock `tar` reads them. Only regular files;
 * reading refuses everything else, and every path that would lead out of the folder.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { SkerryError } from '@skerry/base';

export interface ArchiveEntry {
  /** Relative, with `/`. */
  readonly path: string;
  readonly mode: number;
  readonly content: { readonly file: string } | { readonly bytes: Buffer };
}

const blockBytes = 512;
/** What eleven octal digits hold. */
const sizeMax = 8 * 1024 ** 3 - 1;
const filesMax = 10_000;

/** Writes the archive with mode 0600, whole or not at all. Fails where the file exists. */
export async function writeArchive(
  file: string,
  entries: AsyncIterable<ArchiveEntry> | Iterable<ArchiveEntry>,
  { mtimeMs, signal }: { readonly mtimeMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const output = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true });
  try {
    await pipeline(Readable.from(blocks(entries, mtimeMs)), createGzip({ level: 6 }), output, { signal });
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

async function* blocks(
  entries: AsyncIterable<ArchiveEntry> | Iterable<ArchiveEntry>,
  mtimeMs: number,
): AsyncGenerator<Buffer> {
  for await (const { path, mode, content } of entries) {
    const size = 'bytes' in content ? content.bytes.length : (await lstat(content.file)).size;
    yield header({ path, mode, size, mtimeMs });
    let sent = 0;
    if ('bytes' in content) {
      yield content.bytes;
      sent = content.bytes.length;
    } else {
      for await (const chunk of createReadStream(content.file, { end: Math.max(size - 1, 0) })) {
        sent += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    }
    if (sent !== size) throw new SkerryError('backup-failed', `${path} changed its size while it was read`);
    yield Buffer.alloc(padding(size));
  }
  yield Buffer.alloc(2 * blockBytes);
}

function header(entry: { path: string; mode: number; size: number; mtimeMs: number }): Buffer {
  const { path, mode, size, mtimeMs } = entry;
  if (Buffer.byteLength(path) > 100 || size > sizeMax)
    throw new SkerryError('backup-failed', `${path}: its name or its size is too large for an archive`);
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, digits: number) =>
    block.write(`${Math.floor(value).toString(8).padStart(digits, '0')}\0`, at);
  block.write(path, 0);
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(mtimeMs / 1000, 136, 11);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Unpacks into a folder, each file 0600 or narrower, folders 0700. Fails with `backup-invalid` and leaves what it wrote. */
export async function readArchive(file: string, folder: string): Promise<string[]> {
  const written: string[] = [];
  const unpacked = createGunzip();
  // What it fails with, the reader below gets.
  const reading = pipeline(createReadStream(file), unpacked).catch(() => undefined);
  try {
    const reader = new BlockReader(unpacked);
    for (;;) {
      const block = await reader.take(blockBytes);
      if (!block) throw invalid(file, 'it ends in the middle');
      if (block.every((byte) => byte === 0)) return written;
      const entry = parseHeader(block, file);
      if (written.length >= filesMax) throw invalid(file, `it has more than ${filesMax} files`);
      await writeEntry(reader, entry, join(folder, entry.path), file);
      written.push(entry.path);
    }
  } catch (error) {
    if (error instanceof SkerryError) throw error;
    throw invalid(file, error instanceof Error ? error.message : String(error), error);
  } finally {
    unpacked.destroy();
    await reading;
  }
}

async function writeEntry(
  reader: BlockReader,
  { size, mode }: { size: number; mode: number },
  target: string,
  file: string,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const handle = await open(target, 'wx', mode & 0o600);
  try {
    for (let left = size; left > 0;) {
      const chunk = await reader.take(Math.min(left, 1 << 16));
      if (!chunk) throw invalid(file, 'it ends in the middle');
      await handle.writeFile(chunk);
      left -= chunk.length;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await reader.take(padding(size));
}

function parseHeader(block: Buffer, file: string): { path: string; mode: number; size: number } {
  const text = (at: number, length: number) =>
    block
      .toString('utf8', at, at + length)
      .replace(/\0.*$/s, '')
      .trim();
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (parseInt(text(148, 8), 8) !== sum) throw invalid(file, 'a checksum is wrong');
  const path = text(0, 100);
  const kind = text(156, 1);
  if (kind !== '0' && kind !== '') throw invalid(file, `${path} is no regular file`);
  if (!/^[\w.-]+(\/[\w.-]+)*$/.test(path) || path.split('/').some((part) => /^\.+$/.test(part)))
    throw invalid(file, `${JSON.stringify(path)} is no path within a folder`);
  const size = parseInt(text(124, 12), 8);
  if (!(size >= 0 && size <= sizeMax)) throw invalid(file, `${path} has no valid size`);
  return { path, mode: parseInt(text(100, 8), 8), size };
}

/** Takes a stream in pieces of wanted sizes; undefined where it ends before. */
class BlockReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer | undefined> {
    while (this.#held.length < length) {
      const next = await this.#chunks.next();
      if (next.done) return undefined;
      this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    }
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }
}

function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

function invalid(file: string, why: string, cause?: unknown): SkerryError {
  return new SkerryError('backup-invalid', `${file} is no whole backup: ${why}`, { cause });
}
