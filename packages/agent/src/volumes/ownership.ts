/**
 * Gives a volume to a pod's `fsGroup`: every file and folder gets the group, which may write, and folders hand the group on
 * to what is made in them. Containers of other pods may be at work in the tree meanwhile, so each entry is opened without
 * following links, below a folder that was opened in the same way, and what was opened is changed.
 * https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#configure-volume-permission-and-ownership-change-policy-for-pods
 */
import { constants } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

export interface Ownership {
  readonly group: number;
  /** Only where the root isn't the group's already. */
  readonly onRootMismatch?: boolean;
  readonly readOnly?: boolean;
}

const groupId = 0o2000;
const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export async function giveToGroup(path: string, ownership: Ownership): Promise<void> {
  const root = await stat(path);
  const wanted = modeFor(root, ownership);
  if (ownership.onRootMismatch && root.gid === ownership.group && (root.mode & 0o7777) === wanted) return;
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await giveFolder(folder, ownership);
  } finally {
    await folder.close();
  }
}

/** The folder last: until then its root shows that the tree isn't done. */
async function giveFolder(folder: FileHandle, ownership: Ownership): Promise<void> {
  const path = `/proc/self/fd/${folder.fd}`;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (!entry.isDirectory() && !entry.isFile()) continue;
    const flags = entry.isDirectory() ? folderFlags : fileFlags;
    const opened = await open(join(path, entry.name), flags).catch(ignoreMoved);
    if (!opened) continue;
    try {
      await (entry.isDirectory() ? giveFolder(opened, ownership) : giveOne(opened, ownership));
    } finally {
      await opened.close();
    }
  }
  await giveOne(folder, ownership);
}

async function giveOne(opened: FileHandle, ownership: Ownership): Promise<void> {
  const info = await opened.stat();
  const mode = modeFor(info, ownership);
  if (info.gid !== ownership.group) await opened.chown(info.uid, ownership.group);
  // A change of the group takes setgid away, so the mode comes after it.
  if ((info.mode & 0o7777) !== mode || info.gid !== ownership.group) await opened.chmod(mode);
}

function modeFor({ mode }: { readonly mode: number }, { readOnly = false }: Ownership): number {
  const access = readOnly ? 0o440 : 0o660;
  const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR;
  return (mode & 0o7777) | access | (isFolder ? 0o110 | groupId : 0);
}

/** Gone, or made a link, since the folder was read. */
function ignoreMoved(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ELOOP' && error.code !== 'ENOTDIR' && error.code !== 'ENXIO')
    throw error;
}
