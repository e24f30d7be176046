/**
 * A part of a volume as a mount of its own. A container may write links into a volume, so the path is opened first, what
 * was opened is looked at, and exactly that is mounted: a link swapped in between can't lead out of the volume.
 */
import { close as closeCallback, open as openCallback, constants } from 'node:fs';
import { mkdir, open as openFile, readlink, realpath, stat } from 'node:fs/promises';
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
  const source = join(volume, subPath);
  if (!(await stat(source).catch(() => undefined))) await mkdir(source, { recursive: true, mode: 0o750 });
  const descriptor = await open(source, pathOnly | constants.O_RDONLY);
  try {
    const actual = await readlink(`/proc/self/fd/${descriptor}`);
    const root = await realpath(volume);
    if (actual !== root && !actual.startsWith(`${root}/`)) {
      throw new Error(`subPath ${JSON.stringify(subPath)} leads out of its volume`);
    }
    await makeTarget(target, (await stat(`/proc/self/fd/${descriptor}`)).isDirectory());
    const opened = `/proc/${process.pid}/fd/${descriptor}`;
    await runCommand('mount', ['--no-canonicalize', '--bind', opened, target]);
  } finally {
    await close(descriptor);
  }
}

async function makeTarget(target: string, isDirectory: boolean): Promise<void> {
  await mkdir(isDirectory ? target : dirname(target), { recursive: true });
  if (!isDirectory) await (await openFile(target, 'a')).close();
}
