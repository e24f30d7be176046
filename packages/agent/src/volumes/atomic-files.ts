/**
 * Writes a set of files so that a reader sees the old set or the new one, never a mixture: the files lie in a folder of
 * their own, `..data` links to it, and each name links through `..data`. A change makes a new folder and swaps the one
 * link. Programs that watch files rely on exactly this layout.
 * https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically
 */
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface FileContent {
  readonly content: Uint8Array;
  readonly mode: number;
  /** Owner; root where absent. */
  readonly uid?: number;
  readonly gid?: number;
}

/** By path below the folder, `a` or `a/b`. */
export type FileSet = ReadonlyMap<string, FileContent>;

const dataLink = '..data';
const folderPrefix = '..files-';

/** Answers whether anything had to be written. @throws Error for a path that would leave the folder. */
export async function writeFiles(directory: string, files: FileSet): Promise<boolean> {
  for (const path of files.keys()) checkPath(path);
  const oldName = await linkedFolder(directory);
  if (oldName !== undefined && (await isSame(join(directory, oldName), files))) return false;

  const fresh = await mkdtemp(join(directory, folderPrefix));
  await chmod(fresh, 0o755);
  for (const [path, file] of files) {
    const target = join(fresh, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await writeFile(target, file.content);
    await chmod(target, file.mode);
    if (file.uid !== undefined || file.gid !== undefined) await chown(target, file.uid ?? 0, file.gid ?? 0);
  }
  const link = join(directory, `${dataLink}_tmp`);
  await rm(link, { force: true });
  await symlink(fresh.slice(directory.length + 1), link);
  await rename(link, join(directory, dataLink));
  await linkNames(directory, files);
  if (oldName !== undefined) await rm(join(directory, oldName), { recursive: true, force: true });
  return true;
}

/** The folder that holds the files now. A link that leads anywhere else is not ours and is never followed. */
async function linkedFolder(directory: string): Promise<string | undefined> {
  const name = await readlink(join(directory, dataLink)).catch(() => undefined);
  if (name === undefined || !name.startsWith(folderPrefix) || name.includes('/')) return undefined;
  return (await lstat(join(directory, name)).catch(() => undefined))?.isDirectory() ? name : undefined;
}

function checkPath(path: string): void {
  const parts = path.split('/');
  const bad =
    path === '' ||
    path.startsWith('/') ||
    parts.includes('..') ||
    parts.includes('') ||
    path.startsWith('..');
  if (bad) throw new Error(`invalid path ${JSON.stringify(path)}: it must stay below the volume`);
}

async function isSame(folder: string, files: FileSet): Promise<boolean> {
  const present = await listFiles(folder).catch(() => undefined);
  if (present?.length !== files.size) return false;
  for (const [path, file] of files) {
    const target = join(folder, path);
    const [content, info] = await Promise.all([
      readFile(target).catch(() => undefined),
      stat(target).catch(() => undefined),
    ]);
    if (!content || !info || Buffer.compare(content, file.content) !== 0) return false;
    if ((info.mode & 0o7777) !== file.mode) return false;
    if (info.gid !== (file.gid ?? 0) || info.uid !== (file.uid ?? 0)) return false;
  }
  return true;
}

async function listFiles(folder: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      const path = prefix ? `${prefix}/${entry.name}` : entry.name;
      return entry.isDirectory() ? listFiles(folder, path) : Promise.resolve([path]);
    }),
  );
  return found.flat();
}

async function linkNames(directory: string, files: FileSet): Promise<void> {
  const wanted = new Set([...files.keys()].map((path) => path.split('/')[0] ?? path));
  const present = await readdir(directory);
  for (const name of present) {
    if (!name.startsWith('..') && !wanted.has(name))
      await rm(join(directory, name), { recursive: true, force: true });
  }
  for (const name of wanted) {
    if (!present.includes(name)) await symlink(`${dataLink}/${name}`, join(directory, name));
  }
}
