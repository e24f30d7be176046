/**
 * The files of images as mounts on the machine. The CRI can mount an image into a container only from containerd 2.1 on; the
 * `ctr` that comes with every containerd makes the same mount anywhere, and a container gets it like any other folder.
 *
 * `ctr` keeps the mount's snapshot by a lease of a day. Nothing is lost when that ends: the mount itself stays, and the
 * layers below it belong to the image, which is not removed while a pod names it.
 * https://github.com/containerd/containerd/blob/main/cmd/ctr/commands/images/mount.go
 */
import { mkdir } from 'node:fs/promises';
import { runCommand } from '#machine/command.ts';

export interface ImageMountsOptions {
  /** Of the runtime. */
  readonly socket: string;
  /** What the runtime says of itself when asked at length; containerd's `config` names its snapshotter. */
  readonly info: () => Promise<Readonly<Record<string, string>>>;
}

export class ImageMounts {
  readonly #options: ImageMountsOptions;

  constructor(options: ImageMountsOptions) {
    this.#options = options;
  }

  async mount(id: string, target: string): Promise<void> {
    const snapshotter = await this.#snapshotter();
    await mkdir(target, { recursive: true });
    // A snapshot that is left from before a restart of the machine would be in the way.
    await this.#remove(snapshotter, target);
    await this.#images('mount', '--snapshotter', snapshotter, id, target);
  }

  async unmount(target: string): Promise<void> {
    await this.#remove(await this.#snapshotter(), target);
  }

  async #snapshotter(): Promise<string> {
    return snapshotterOf((await this.#options.info())['config']);
  }

  async #remove(snapshotter: string, target: string): Promise<void> {
    await this.#images('unmount', '--rm', '--snapshotter', snapshotter, target).catch((error: unknown) => {
      if (!String(error).includes('not found')) throw error;
    });
  }

  async #images(...args: readonly string[]): Promise<void> {
    await runCommand('ctr', ['--address', this.#options.socket, '--namespace', 'k8s.io', 'images', ...args]);
  }
}

/** @throws Error where the runtime is none of containerd's. */
export function snapshotterOf(config: string | undefined): string {
  const { containerd } = JSON.parse(config ?? '{}') as { containerd?: { snapshotter?: string } };
  if (!containerd?.snapshotter)
    throw new Error('volumes of type image need containerd, and the runtime of this node is another');
  return containerd.snapshotter;
}
