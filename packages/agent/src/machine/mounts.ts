import { readFile } from 'node:fs/promises';
import { runCommand } from '#machine/command.ts';

/** One line of /proc/self/mountinfo: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
export interface MountPoint {
  readonly path: string;
  readonly type: string;
  readonly source: string;
}

export function parseMountInfo(text: string): MountPoint[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ');
      const separator = fields.indexOf('-');
      return {
        path: unescapePath(fields[4] ?? ''),
        type: fields[separator + 1] ?? '',
        source: unescapePath(fields[separator + 2] ?? ''),
      };
    });
}

function unescapePath(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** Mounts at or below a folder, innermost first: the order in which they can be taken away. */
export async function mountsUnder(directory: string): Promise<MountPoint[]> {
  const all = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
  return all.filter(({ path }) => path === directory || path.startsWith(`${directory}/`)).toReversed();
}

export async function mountTmpfs(
  directory: string,
  options: { sizeBytes?: number; mode?: string },
): Promise<void> {
  const settings = [
    ...(options.sizeBytes === undefined ? [] : [`size=${options.sizeBytes}`]),
    ...(options.mode === undefined ? [] : [`mode=${options.mode}`]),
    'noswap',
  ];
  const mount = (values: readonly string[]) =>
    runCommand('mount', [
      '-t',
      'tmpfs',
      ...(values.length > 0 ? ['-o', values.join(',')] : []),
      'tmpfs',
      directory,
    ]);
  try {
    await mount(settings);
  } catch {
    // Kernels before 6.4 don't know noswap.
    await mount(settings.slice(0, -1));
  }
}

/** Takes away every mount at or below a folder. A busy one is detached: it goes when its last user does. */
export async function unmountUnder(directory: string): Promise<void> {
  // Mounts may lie on top of each other at one path, so look again until none is left.
  for (let round = 0; round < 10; round++) {
    const mounts = await mountsUnder(directory);
    if (mounts.length === 0) return;
    for (const { path } of mounts) {
      await runCommand('umount', ['--', path]).catch(() =>
        runCommand('umount', ['--lazy', '--', path]).catch(() => undefined),
      );
    }
  }
  const left = await mountsUnder(directory);
  if (left.length > 0) throw new Error(`${left.length} mounts under ${directory} could not be taken away`);
}
