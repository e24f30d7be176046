import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '@skerry/base';
import { startContainerd, type Containerd, type ContainerdOptions } from '#containerd/start.ts';
import { createCriRuntime } from '#cri/client.ts';
import { importImage, pauseImage, writeImageArchive } from '#images/oci-archive.ts';
import { mountsUnder } from '#machine/mounts.ts';
import { isAlive, listProcesses, signalProcess } from '#machine/processes.ts';
import { eventually } from '@skerry/base/testing';
import { canRunContainers, pauseReference } from '#testing/containerd-node.ts';
import { sandboxConfig } from '#pods/sandbox-config.ts';
import { testPod } from '#testing/pods.ts';

describe.skipIf(!(await canRunContainers()))('a private containerd', () => {
  let directory: string;
  let started: Containerd[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'skerry-ctd-'));
    started = [];
  });

  afterEach(async () => {
    for (const containerd of started) await containerd.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function start(options: Partial<ContainerdOptions> = {}): Promise<Containerd> {
    const containerd = await startContainerd({
      directory: join(directory, 'containerd'),
      cniBinDirectory: '/usr/lib/cni',
      cniConfDirectory: join(directory, 'cni'),
      sandboxImage: pauseReference,
      cgroupRoot: '/skerry-ctd-test',
      log: silentLogger,
      ...options,
    });
    started.push(containerd);
    return containerd;
  }

  /** A pod on the host network, which needs no plugin. */
  async function runPod({ socket, snapshotter }: Containerd): Promise<void> {
    const archive = join(directory, 'pause.tar');
    await writeImageArchive(archive, await pauseImage(pauseReference));
    await importImage(socket, archive, { snapshotter });
    const runtime = createCriRuntime({ socket });
    try {
      const pod = testPod({ hostNetwork: true });
      const config = sandboxConfig(pod, 0, {
        cgroupRoot: '/skerry-ctd-test',
        logRoot: join(directory, 'log'),
        clusterDns: { servers: [], domain: 'cluster.local' },
        hostDns: { servers: [], searches: [], options: [] },
      });
      await runtime.runSandbox(config);
    } finally {
      runtime.close();
    }
  }

  const processesOfIt = async () =>
    (await listProcesses()).filter(({ command }) => command.some((part) => part.includes(directory)));

  test('is found again by the next start, and ended with everything that is its own', async () => {
    const first = await start();
    await runPod(first);
    const second = await start();
    expect(second).toMatchObject({ pid: first.pid, adopted: true });
    await second.stop({ graceSeconds: 0 });
    expect(isAlive(first.pid)).toBe(false);
    expect(await processesOfIt()).toEqual([]);
    expect(await mountsUnder(directory)).toEqual([]);
    started = [];
  });

  test('that was killed leaves its pods running, and its next start finds them', async () => {
    const first = await start();
    await runPod(first);
    signalProcess(first.pid, 'SIGKILL');
    await eventually(async () =>
      expect((await processesOfIt()).map(({ pid }) => pid)).not.toContain(first.pid),
    );
    const shims = (await processesOfIt()).map(({ pid }) => pid);
    expect(shims).not.toEqual([]);
    const second = await start();
    expect(second.adopted).toBe(false);
    const runtime = createCriRuntime({ socket: second.socket });
    expect(await runtime.listSandboxes()).toMatchObject([{ name: 'web', ready: true }]);
    runtime.close();
    expect((await processesOfIt()).map(({ pid }) => pid)).toEqual(expect.arrayContaining(shims));
    await second.stop();
    expect(await processesOfIt()).toEqual([]);
    expect(await mountsUnder(directory)).toEqual([]);
    started = [];
  });

  test('keeps its images when it is stopped', async () => {
    const first = await start();
    await runPod(first);
    await first.stop();
    const second = await start();
    const runtime = createCriRuntime({ socket: second.socket });
    expect(await runtime.imageStatus(pauseReference)).toBeDefined();
    runtime.close();
  });

  test('says what is wrong when it cannot start', async () => {
    await expect(start({ directory: join(directory, 'x'.repeat(100)) })).rejects.toThrow(
      'choose a shorter folder',
    );
    await expect(start({ networkNamespace: '/run/netns/none-of-this-name' })).rejects.toThrow(/containerd/);
    expect(await readdir(directory)).toBeDefined();
    started = [];
  });
});
