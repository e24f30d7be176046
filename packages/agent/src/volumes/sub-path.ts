/**
 * A part of a volume as a mount of its own. A container may write links into a volume, so the path is opened first, what
 * was opened is looked at, and exactly that is mounted: a link swapped in between can't lead out of the volume. What is
 * missing is made folder by folder below a folder that was looked at in the same way, and through no link.
 */
import { close as closeCallback, open as openCallback, constants } from 'node:fs';
import { chmod, mkdir, open as openFile, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { runCommand } from '#machine/command.ts';
import { mountsUnder } from '#machine/mounts.ts';

const open = promisify(openCallback);
const close = promisify(closeCallback);
/** Linux's O_PATH, which Node has no name for. */
const pathOnly = 0o10000000;

export async function mountSubPath(volume: string, subPath: string, target: string): Promise<void> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) {
    throw new Error(`subPath ${JSON.stringify(subPath)} must be relative and must not contain '..'`);
  }
  if ((await mountsUnder(target)).length > 0) return;
  const descriptor = await openWithin(volume, subPath);
  try {
    await makeTarget(target, (await stat(`/proc/self/fd/${descriptor}`)).isDirectory());
    const opened = `/proc/${process.pid}/fd/${descriptor}`;
    await runCommand('mount', ['--no-canonicalize', '--bind', opened, target]);
  } finally {
    await close(descriptor);
  }
}

/** Opens the part, made where it is missing. The caller closes it. */
async function openWithin(volume: string, subPath: string): Promise<number> {
  const root = await realpath(volume);
  const segments = subPath.split('/').filter((segment) => segment !== '' && segment !== '.');
  let present = segments.length;
  while (present > 0 && !(await stat(join(root, ...segments.slice(0, present))).catch(() => undefined)))
    present--;
  let descriptor = await open(join(root, ...segments.slice(0, present)), pathOnly | constants.O_RDONLY);
  try {
    const actual = await readlink(`/proc/self/fd/${descriptor}`);
    if (actual !== root && !actual.startsWith(`${root}/`)) {
      throw new Error(`subPath ${JSON.stringify(subPath)} leads out of its volume`);
    }
    const { mode } = await stat(root);
    for (const segment of segments.slice(present)) {
      const folder = `/proc/self/fd/${descriptor}/${segment}`;
      const isMade = await mkdir(folder, { mode: 0o700 }).then(() => true, ignoreExisting);
      const inner = await open(folder, pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      await close(descriptor);
      descriptor = inner;
      // As open as the volume itself: who may write there may write here.
      if (isMade) await chmod(`/proc/self/fd/${inner}`, mode & 0o7777);
    }
    return descriptor;
  } catch (error) {
    await close(descriptor);
    throw error;
  }
}

/** Another container may need the same folder; what it is shows when it is opened. */
function ignoreExisting(error: NodeJS.ErrnoException): false {
  if (error.code !== 'EEXIST') throw error;
  return false;
}

async function makeTarget(target: string, isDirectory: boolean): Promise<void> {
  await mkdir(isDirectory ? target : dirname(target), { recursive: true });
  if (!isDirectory) await (await openFile(target, 'a')).close();
}
