/**
 * A machine for tests: a network namespace with a containerd of its own, its images made from busybox, everything in one
 * temporary folder. `close` takes all of it away; `leftovers` says what would have stayed.
 */
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, type Logger } from '@skerry/base';
import { startContainerd, type Containerd } from '#containerd/start.ts';
import { createCriRuntime } from '#cri/client.ts';
import { busyboxImage, importImage, pauseImage, writeImageArchive } from '#images/oci-archive.ts';
import { runCommand } from '#machine/command.ts';
import { listProcesses } from '#machine/processes.ts';
import type { ContainerRuntime } from '#runtime.ts';

export interface ContainerdNode {
  readonly directory: string;
  readonly networkNamespace: string;
  readonly cgroupRoot: string;
  readonly containerd: Containerd;
  readonly runtime: ContainerRuntime;
  readonly cniConfigFile: string;
  /** Loads a busybox under this name; it runs `sh` unless told. */
  addImage(reference: string, options?: { command?: readonly string[] }): Promise<void>;
  /** Sends an image that is here to a registry that speaks plain HTTP, and forgets it here. */
  moveToRegistry(reference: string, user?: { username: string; password: string }): Promise<void>;
  close(): Promise<void>;
  /** Mounts, processes and control groups that belong to it, as lines to read. */
  leftovers(): Promise<string[]>;
}

export const pauseReference = 'registry.k8s.io/pause:3.10';
const cniBinDirectory = '/usr/lib/cni';

/** Whether this machine can run containers: root, containerd and the CNI plugins. */
export async function canRunContainers(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const needed = ['/usr/bin/containerd', '/usr/bin/busybox', `${cniBinDirectory}/bridge`];
  const found = await Promise.all(
    needed.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

export async function startContainerdNode({
  log = silentLogger,
}: { log?: Logger } = {}): Promise<ContainerdNode> {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-node-'));
  const name = directory.slice(-6);
  const namespace = `skt${name}`;
  await runCommand('ip', ['netns', 'add', namespace]);
  await runCommand('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  const networkNamespace = `/run/netns/${namespace}`;
  const cgroupRoot = `/skerry-test-${name}`;
  const cniConfDirectory = join(directory, 'cni');
  const containerd = await startContainerd({
    directory: join(directory, 'containerd'),
    cniBinDirectory,
    cniConfDirectory,
    sandboxImage: pauseReference,
    networkNamespace,
    cgroupRoot,
    log,
  });
  const runtime = createCriRuntime({ socket: containerd.socket });
  let archives = 0;
  const load = async (spec: Awaited<ReturnType<typeof busyboxImage>>) => {
    const archive = join(directory, `image-${archives++}.tar`);
    await writeImageArchive(archive, spec);
    await importImage(containerd.socket, archive, containerd);
    await rm(archive);
  };
  await load(await pauseImage(pauseReference));
  return {
    directory,
    networkNamespace,
    cgroupRoot,
    containerd,
    runtime,
    cniConfigFile: join(cniConfDirectory, '10-skerry.conflist'),
    addImage: async (reference, { command = ['sh'] } = {}) =>
      load(await busyboxImage({ reference, command })),
    async moveToRegistry(reference, user) {
      const login = user ? ['--user', `${user.username}:${user.password}`] : [];
      const images = [
        `--net=${networkNamespace}`,
        'ctr',
        '--address',
        containerd.socket,
        '-n',
        'k8s.io',
        'images',
      ];
      await runCommand('nsenter', [...images, 'push', '--plain-http', ...login, reference]);
      const image = await runtime.imageStatus(reference);
      if (image) await runtime.removeImage(image.id);
    },
    async close() {
      runtime.close();
      await containerd.stop({ graceSeconds: 0 });
      await runCommand('ip', ['netns', 'delete', namespace]);
      await rm(directory, { recursive: true, force: true });
    },
    async leftovers() {
      const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
      const processes = await listProcesses();
      return [
        ...mounts.filter((line) => line.includes(directory)),
        ...processes
          .map(({ pid, command }) => `${pid} ${command.join(' ')}`)
          .filter((line) => line.includes(directory)),
      ];
    },
  };
}
