/**
 * Backups of a center, or of one cluster: keys, configuration and a consistent copy of each store, taken while all runs, in
 * one file of mode 0600. Whoever has it has the keys: it is as secret as the data directory. A cluster's backup unpacks as a
 * data directory of its own; a whole center's as that center.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { link, mkdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite';
import { type Clock, SkerryError } from '@skerry/base';
import * as z from 'zod';
import { createDataDirectory, type DataDirectory, dataDirectory } from '#data-directory.ts';
import { version } from '#version.ts';
import { type ArchiveEntry, readArchive, writeArchive } from './tar-archive.ts';

const manifestFile = 'backup.json';

const manifestSchema = z.object({
  format: z.literal('skerry-backup/1'),
  made: z.string(),
  version: z.string(),
  /** `center`: all of it. */
  what: z.enum(['center', 'cluster']),
  cluster: z.string(),
  /** Sums of all files by path. */
  files: z.record(z.string(), z.string()),
});

export type BackupManifest = z.infer<typeof manifestSchema>;

export interface BackupOptions {
  readonly data: DataDirectory;
  readonly what: BackupManifest['what'];
  readonly cluster: string;
  /** Written whole or not at all; must not exist. */
  readonly file: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Said for each store, since a large one takes a while. */
  readonly say?: (message: string) => Promise<void>;
}

/** Folders of a data directory that a backup holds: those with keys and state, none with sockets or logs. */
function partsOf(what: BackupManifest['what'], data: DataDirectory): string[] {
  const hosted = existsSync(data.clusters) ? readdirSync(data.clusters).sort() : [];
  return what === 'cluster'
    ? [data.server]
    : [data.server, data.center, ...hosted.map((name) => join(data.clusters, name, 'server'))];
}

export async function makeBackup(options: BackupOptions): Promise<BackupManifest> {
  const { data, what, cluster, file, clock, signal, say } = options;
  if (existsSync(file))
    throw new SkerryError('backup-exists', `${file} is there already; choose another name`);
  // Named after the file, so that what a killed one left is found and removed by the next try.
  const work = join(dirname(file), `.${basename(file)}.part`);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true, mode: 0o700 });
  try {
    const entries: ArchiveEntry[] = [];
    for (const part of partsOf(what, data)) {
      for (const path of filesOf(part)) {
        signal?.throwIfAborted();
        const name = relative(data.path, path).split(sep).join('/');
        if (!path.endsWith('.db')) {
          entries.push({ path: name, mode: 0o600, content: { bytes: await readFile(path) } });
          continue;
        }
        await say?.(name);
        const copy = join(work, `${entries.length}.db`);
        await copyStore(path, copy);
        entries.push({ path: name, mode: 0o600, content: { file: copy } });
      }
    }
    const manifest: BackupManifest = {
      format: 'skerry-backup/1',
      made: new Date(clock.now()).toISOString(),
      version,
      what,
      cluster,
      files: Object.fromEntries(
        await Promise.all(entries.map(async (entry) => [entry.path, await sumOf(entry)] as const)),
      ),
    };
    const first: ArchiveEntry = {
      path: manifestFile,
      mode: 0o600,
      content: { bytes: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) },
    };
    const whole = join(work, 'whole');
    await writeArchive(whole, [first, ...entries], { mtimeMs: clock.now(), signal });
    // Never over a file that came to be in between.
    await link(whole, file);
    return manifest;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Unpacks a backup into a folder that is new or empty and checks every file against its sum. Fails with `backup-invalid`, or
 * with `restore-not-empty` where something is there already; nothing is left of a restore that failed.
 */
export async function restoreBackup(file: string, folder: string): Promise<BackupManifest> {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new SkerryError('restore-not-empty', `${folder} is not empty; restore into a new folder`);
  const data = dataDirectory(folder);
  try {
    createDataDirectory(data);
    const written = await readArchive(file, folder);
    const manifest = await readManifest(file, folder);
    const listed = Object.keys(manifest.files);
    if (written.length !== listed.length + 1)
      throw invalid(file, 'it holds files that its list does not have');
    for (const path of listed) {
      const sum = await sumOf({ path, mode: 0, content: { file: join(folder, path) } });
      if (sum !== manifest.files[path]) throw invalid(file, `${path} is not what was saved`);
    }
    await rm(join(folder, manifestFile));
    return manifest;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Only the list of what a backup holds. */
async function readManifest(file: string, folder: string): Promise<BackupManifest> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(join(folder, manifestFile), 'utf8')));
  } catch (cause) {
    throw invalid(file, 'it has no list of its files', cause);
  }
}

function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && !/\.(lock|pid|tmp)$|\.db-(wal|shm|journal)$|\.lock-/.test(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** As of one moment, in a thread of its own; the store's owner goes on writing. */
async function copyStore(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true });
  try {
    // All pages at once: page by page, a store that is written to would have to be begun anew again and again.
    await copyDatabase(source, to, { rate: 2 ** 31 - 1 });
  } catch (cause) {
    throw new SkerryError('backup-failed', `the store ${from} can't be copied`, { cause });
  } finally {
    source.close();
  }
}

async function sumOf({ path, content }: ArchiveEntry): Promise<string> {
  const hash = createHash('sha256');
  if ('bytes' in content) return hash.update(content.bytes).digest('hex');
  const { createReadStream } = await import('node:fs');
  try {
    for await (const chunk of createReadStream(content.file)) hash.update(chunk as Buffer);
  } catch (cause) {
    throw new SkerryError('backup-invalid', `${path} is missing`, { cause });
  }
  return hash.digest('hex');
}

function invalid(file: string, why: string, cause?: unknown): SkerryError {
  return new SkerryError('backup-invalid', `${file} is no whole backup: ${why}`, { cause });
}
