/**
 * Folders of this node's disk that the cluster's volumes stand for: `<data>/volumes/<name>`, apart from everything that
 * belongs to one pod. They are made and removed when the center asks, never by the agent itself: data outlives pods,
 * restarts of the agent and reboots.
 *
 * A folder is refused that wants to be bigger than the disk it would lie on. Beyond that its size is no bound: who fills
 * the disk fills it for all.
 */
import { chmod, mkdir, readdir, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, type Logger } from '@skerry/base';
import { NodeRequestError } from '#server/ports.ts';

export interface LocalVolumes {
  ensure(name: string, wanted: { readonly sizeBytes: number }): Promise<{ readonly path: string }>;
  /** Nothing is there under the name once it resolves; the files themselves go in their own time. */
  remove(name: string): Promise<void>;
}

const names = /^pvc-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Before a name: to be removed. */
const leaving = '.leaving-';

export interface LocalVolumesOptions {
  readonly dataDirectory: string;
  /** False where containers are simulated: a folder is only named. */
  readonly hostAccess?: boolean;
  readonly log: Logger;
}

export function createLocalVolumes({
  dataDirectory,
  hostAccess = true,
  log,
}: LocalVolumesOptions): LocalVolumes {
  const directory = join(dataDirectory, 'volumes');
  const pathOf = (name: string) => {
    if (!names.test(name)) throw new NodeRequestError(400, `${JSON.stringify(name)} names no volume`);
    return join(directory, name);
  };
  const discard = (name: string) =>
    rm(join(directory, name), { recursive: true, force: true }).catch((error: unknown) =>
      log.warn('files of a volume not removed', { volume: name, error: describeError(error) }),
    );
  if (hostAccess) void finish();

  return {
    async ensure(name, { sizeBytes }) {
      const path = pathOf(name);
      if (!hostAccess) return { path };
      await mkdir(directory, { recursive: true, mode: 0o711 });
      const { blocks, bsize } = await statfs(directory);
      if (sizeBytes > blocks * bsize)
        throw new NodeRequestError(
          507,
          `${sizeBytes} bytes are wanted, and the disk of this node has ${blocks * bsize}`,
        );
      await mkdir(path, { recursive: true });
      // Containers of any user may write here, as on a disk of their own.
      await chmod(path, 0o777);
      return { path };
    },
    async remove(name) {
      const path = pathOf(name);
      if (!hostAccess) return;
      const gone = `${leaving}${name}`;
      try {
        await rename(path, join(directory, gone));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT') return;
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
        // What an earlier removal left lies there.
        await rm(path, { recursive: true, force: true });
      }
      log.info('volume removed', { volume: name });
      void discard(gone);
    },
  };

  /** What the last run had not removed whole. */
  async function finish(): Promise<void> {
    const left = await readdir(directory).catch(() => []);
    for (const name of left) if (name.startsWith(leaving)) await discard(name);
  }
}
