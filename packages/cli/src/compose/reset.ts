/**
 * `skerry reset`: back to how the machine was before. Refuses while something runs on the data directory. Whatever is
 * gone already is no error, so that a reset that was interrupted can be repeated.
 */
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import {
  createCriRuntime,
  removeCgroups,
  removeDevicePlugins,
  removePodNetwork,
  removePods,
  startContainerd,
  unmountUnder,
} from '@skerry/agent';
import { type Clock, silentLogger, SkerryError } from '@skerry/base';
import { removeNodeNetwork } from '@skerry/network';
import { type DataDirectory, lockDataDirectory } from '#data-directory.ts';
import { agentFiles, readAgentIdentity } from '#join/agent-config.ts';
import { endAgent, endOrphans } from '#process/orphans.ts';
import { removeAgentService } from '#process/systemd.ts';
import { removeInstance } from '#regions/network.ts';
import { namespacePath } from '#regions/plan.ts';
import { pauseReference } from '#stand-ins/images.ts';
import type { Report } from '#terminal/report.ts';
import { removeHubAddress } from './hub-address.ts';
import { rememberedPlaces } from './node-places.ts';
import { podNetworkOf } from './pod-network.ts';
import { readUpState } from './up-state.ts';

export interface ResetOptions {
  readonly data: DataDirectory;
  readonly confirmed: boolean;
  readonly root: boolean;
  readonly clock: Clock;
  readonly report: Report;
}

export async function resetMachine({ data, confirmed, root, clock, report }: ResetOptions): Promise<void> {
  if (!existsSync(data.path)) {
    report.line(`There is nothing in ${data.path}.`);
    return;
  }
  if (!isOurs(data)) {
    throw new SkerryError(
      'reset-refused',
      `${data.path} does not look like a data directory of skerry; name the right one with --data-dir`,
    );
  }
  if (!confirmed) await confirm(data);
  const lock = lockDataDirectory(data, 'skerry reset');
  try {
    await endOrphans(data.path, clock);
    if (existsSync(agentFiles(data.path).certificate)) await resetNode(data, { clock, report });
    const state = existsSync(join(data.path, 'up.json')) ? readUpState(data) : undefined;
    if (state && root && state.runtime === 'containerd') {
      await report.step('machines of `skerry up` ended', () => endMachines(data, state.id));
      await report.step('network removed', () => removeInstance(state));
    }
  } finally {
    lock.release();
  }
  await report.step(`${data.path} deleted`, async () => {
    if (root) await unmountUnder(data.path);
    await rm(data.path, { recursive: true, force: true });
  });
  report.line('The Node object, if there was one, is still in the cluster: kubectl delete node NAME');
}

/** Only a folder that has what we put there is ever deleted. */
function isOurs(data: DataDirectory): boolean {
  const marks = [
    data.database,
    agentFiles(data.path).config,
    join(data.path, 'up.json'),
    join(data.path, 'sim'),
  ];
  return marks.some((mark) => existsSync(mark));
}

async function confirm(data: DataDirectory): Promise<void> {
  if (!process.stdin.isTTY)
    throw new SkerryError('usage', 'reset deletes data: run it in a terminal, or say --yes');
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await lines.question(
    `Delete everything in ${data.path}, with all pods of this machine? [y/N] `,
  );
  lines.close();
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new SkerryError('reset-refused', 'not confirmed; nothing was changed');
}

async function resetNode(
  data: DataDirectory,
  { clock, report }: Pick<ResetOptions, 'clock' | 'report'>,
): Promise<void> {
  await report.step('agent stopped', async () => {
    await removeAgentService();
    // One that somebody else runs; whoever starts it again is to be told first.
    await endAgent(data.path, clock);
  });
  const { config } = readAgentIdentity(data.path);
  if (config.runtimeEndpoint === 'simulated') return;
  const node = join(data.path, 'node');
  const places = await rememberedPlaces(node, config.nodeName);
  const runtime = createCriRuntime({ socket: config.runtimeEndpoint.replace(/^unix:\/\//, '') });
  try {
    await report.step('pods ended', () => removePods(runtime));
  } finally {
    runtime.close();
  }
  await report.step('pod network removed', async () => {
    await removePodNetwork(podNetworkOf(places));
    await removeNodeNetwork({ stateDirectory: join(node, 'network') });
    await removeHubAddress();
  });
  await report.step('control groups and sockets removed', async () => {
    await removeCgroups(places.cgroupRoot);
    await removeDevicePlugins(places.kubeletDirectory);
  });
}

/** Takes over what an `up` that was killed left running, and ends it in order. */
async function endMachines(data: DataDirectory, id: string): Promise<void> {
  const names = await readdir(data.machines).catch(() => []);
  for (const name of names) {
    const directory = join(data.machines, name);
    const namespace = `skerry-${id}-${name}`;
    if (!existsSync(join(directory, 'containerd')) || !existsSync(namespacePath(namespace))) continue;
    const containerd = await startContainerd({
      directory: join(directory, 'containerd'),
      cniBinDirectory: '/usr/lib/cni',
      cniConfDirectory: join(directory, 'cni'),
      sandboxImage: pauseReference,
      networkNamespace: namespacePath(namespace),
      cgroupRoot: `/${namespace}`,
      log: silentLogger,
    });
    await containerd.stop({ graceSeconds: 2 });
  }
}
