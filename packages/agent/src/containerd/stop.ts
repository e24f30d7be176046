import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, type Logger } from '@skerry/base';
import type { ContainerdPaths } from '#containerd/config.ts';
import { createCriRuntime } from '#cri/client.ts';
import { openCgroups } from '#machine/cgroups.ts';
import { unmountUnder } from '#machine/mounts.ts';
import { descendants, endProcesses, listProcesses } from '#machine/processes.ts';

/** Ends all pods in order, which gives addresses and port mappings back. What resists is left to `endLeftovers`. */
export async function endContainers(
  socket: string,
  { graceSeconds, log }: { graceSeconds: number; log: Logger },
): Promise<void> {
  const runtime = createCriRuntime({ socket });
  try {
    const containers = await runtime.listContainers();
    const running = containers.filter(({ state }) => state === 'running');
    await Promise.allSettled(running.map(({ id }) => runtime.stopContainer(id, graceSeconds)));
    const sandboxes = await runtime.listSandboxes();
    const ready = sandboxes.filter(({ ready }) => ready);
    const results = await Promise.allSettled(ready.map(({ id }) => runtime.stopSandbox(id)));
    for (const result of results) {
      if (result.status === 'rejected')
        log.warn('sandbox did not stop', { error: describeError(result.reason) });
    }
  } catch (error) {
    log.warn('containers were not stopped in order', { socket, error: describeError(error) });
  } finally {
    runtime.close();
  }
}

/** Ends the shims of this containerd with all below them, then takes its mounts, sockets and control groups away. */
export async function endLeftovers(
  paths: ContainerdPaths,
  { cgroupRoot }: { cgroupRoot?: string } = {},
): Promise<void> {
  const processes = await listProcesses();
  const pids = (await shimsOf(paths)).flatMap((pid) => descendants(processes, pid));
  if (pids.length > 0) await endProcesses(pids, { graceMs: 0 });
  await removeShimSockets(paths);
  await unmountUnder(paths.state);
  await unmountUnder(paths.root);
  await rm(paths.state, { recursive: true, force: true });
  if (cgroupRoot !== undefined) await (await openCgroups()).remove(cgroupRoot);
}

/** The processes that hold this containerd's pods; they live on without it. */
export async function shimsOf(paths: ContainerdPaths): Promise<number[]> {
  const processes = await listProcesses();
  return processes.filter(({ command }) => isShimOf(command, paths.socket)).map(({ pid }) => pid);
}

function isShimOf(command: readonly string[], socket: string): boolean {
  const program = command[0]?.split('/').at(-1) ?? '';
  return program.startsWith('containerd-shim') && command[command.indexOf('-address') + 1] === socket;
}

/** A shim's socket lies in a common folder, under a name that its `address` file tells. */
async function removeShimSockets(paths: ContainerdPaths): Promise<void> {
  const tasks = join(paths.state, 'io.containerd.runtime.v2.task', 'k8s.io');
  for (const name of await readdir(tasks).catch(() => [])) {
    const address = await readFile(join(tasks, name, 'address'), 'utf8').catch(() => '');
    const socket = address.trim().replace(/^unix:\/\//, '');
    if (socket.startsWith('/run/containerd/s/')) await rm(socket, { force: true });
  }
}
