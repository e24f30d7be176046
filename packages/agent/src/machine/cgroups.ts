/**
 * Control groups of pods, in both layouts: v1 with one tree per controller, v2 with one tree for all. The runtime makes
 * and removes the groups of containers; the group of a pod, which holds its total, is made and removed here.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseMountInfo } from '#machine/mounts.ts';
import type { ContainerResources } from '#runtime.ts';

export interface Cgroups {
  /** Makes the group, with its parents, and sets its limits. */
  ensure(path: string, resources: ContainerResources): Promise<void>;
  /** Removes the group and the empty ones below it. Nothing happens where it isn't there. */
  remove(path: string): Promise<void>;
  /** Processes in the group and below it. */
  processes(path: string): Promise<number[]>;
  /** Names of the groups directly below, from every tree. */
  children(path: string): Promise<string[]>;
}

/** For pods that have no processes. */
export const noCgroups: Cgroups = {
  ensure: async () => undefined,
  remove: async () => undefined,
  processes: async () => [],
  children: async () => [],
};

/** Reads the layout of this machine. */
export async function openCgroups(): Promise<Cgroups> {
  const mounts = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
  const unified = mounts.find(({ path, type }) => type === 'cgroup2' && path === '/sys/fs/cgroup');
  if (unified) return cgroupsOver([unified.path], ensureUnified);
  const trees = mounts.filter(({ type }) => type === 'cgroup' || type === 'cgroup2').map(({ path }) => path);
  return cgroupsOver([...new Set(trees)], ensureSplit);
}

/** Removes the group that held all pods, and what is empty above it. Groups in which something still runs stay. */
export async function removeCgroups(root: string): Promise<void> {
  const groups = await openCgroups();
  await groups.remove(root);
  for (let parent = dirname(root); parent !== '/' && (await groups.children(parent)).length === 0;) {
    await groups.remove(parent);
    parent = dirname(parent);
  }
}

type Ensure = (trees: readonly string[], path: string, resources: ContainerResources) => Promise<void>;

function cgroupsOver(trees: readonly string[], ensure: Ensure): Cgroups {
  return {
    ensure: (path, resources) => ensure(trees, path, resources),
    async remove(path) {
      for (const tree of trees) await removeTree(join(tree, path));
    },
    async processes(path) {
      const found = await Promise.all(trees.map((tree) => readProcesses(join(tree, path))));
      return [...new Set(found.flat())];
    },
    async children(path) {
      const found = await Promise.all(trees.map((tree) => readFolders(join(tree, path))));
      return [...new Set(found.flat())];
    },
  };
}

async function ensureSplit(
  trees: readonly string[],
  path: string,
  resources: ContainerResources,
): Promise<void> {
  for (const tree of trees) {
    const controllers = tree.split('/').at(-1)?.split(',') ?? [];
    // A cpuset group without cpus takes no process; the runtime makes those with the parent's cpus in them.
    if (!controllers.includes('cpu') && !controllers.includes('memory')) continue;
    const group = join(tree, path);
    await mkdir(group, { recursive: true });
    if (controllers.includes('cpu')) {
      await set(group, 'cpu.shares', resources.cpuShares);
      await set(group, 'cpu.cfs_period_us', resources.cpuPeriod);
      await set(group, 'cpu.cfs_quota_us', resources.cpuQuota);
    }
    if (controllers.includes('memory')) await set(group, 'memory.limit_in_bytes', resources.memoryLimitBytes);
  }
}

async function ensureUnified(
  trees: readonly string[],
  path: string,
  resources: ContainerResources,
): Promise<void> {
  const tree = trees[0] ?? '/sys/fs/cgroup';
  const group = join(tree, path);
  await mkdir(group, { recursive: true });
  const ancestors: string[] = [];
  for (let at = group; at !== tree && at.length > tree.length; at = dirname(at)) ancestors.unshift(at);
  for (const parent of [tree, ...ancestors]) {
    for (const controller of ['cpu', 'cpuset', 'memory', 'pids', 'io', 'hugetlb']) {
      await writeFile(join(parent, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
    }
  }
  if (resources.cpuShares !== undefined) await set(group, 'cpu.weight', weightOfShares(resources.cpuShares));
  if (resources.cpuQuota !== undefined) {
    await writeFile(join(group, 'cpu.max'), `${resources.cpuQuota} ${resources.cpuPeriod ?? 100_000}`).catch(
      () => undefined,
    );
  }
  await set(group, 'memory.max', resources.memoryLimitBytes);
}

/** 2..262144 shares to 1..10000 weight, as container runtimes do it. */
export function weightOfShares(shares: number): number {
  return Math.floor(1 + ((Math.min(Math.max(shares, 2), 262_144) - 2) * 9_999) / 262_142);
}

/** A controller that is missing here limits nothing; that is the machine's choice, and no reason not to run. */
async function set(group: string, file: string, value: number | undefined): Promise<void> {
  if (value === undefined) return;
  await writeFile(join(group, file), String(Math.trunc(value))).catch(() => undefined);
}

async function readFolders(group: string): Promise<string[]> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function removeTree(group: string): Promise<void> {
  for (const name of await readFolders(group)) await removeTree(join(group, name));
  await rmdir(group).catch(() => undefined);
}

async function readProcesses(group: string): Promise<number[]> {
  const own = await readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '');
  const pids = own
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
  const below = await Promise.all((await readFolders(group)).map((name) => readProcesses(join(group, name))));
  return [...pids, ...below.flat()];
}
