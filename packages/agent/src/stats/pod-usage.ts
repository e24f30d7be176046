/** What each running pod uses, gathered from the runtime's statistics of its containers. */
import type { ContainerRuntime, ContainerStats, SandboxStats } from '#runtime.ts';

export interface ContainerUsage {
  readonly id: string;
  readonly name: string;
  readonly startedAtMs: number;
  readonly stats: ContainerStats;
}

export interface PodUsage {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly startedAtMs: number;
  readonly containers: readonly ContainerUsage[];
  readonly network?: SandboxStats['network'];
  /** Sums over the containers. */
  readonly cpuNanoSeconds: bigint;
  readonly workingSetBytes: number;
}

export type UsageRuntime = Pick<
  ContainerRuntime,
  'listSandboxes' | 'listContainers' | 'listContainerStats' | 'listSandboxStats' | 'imageFilesystem'
>;

export async function readPodUsage(runtime: UsageRuntime): Promise<PodUsage[]> {
  const [sandboxes, containers, containerStats, sandboxStats] = await Promise.all([
    runtime.listSandboxes(),
    runtime.listContainers(),
    runtime.listContainerStats(),
    // Network figures only; some runtimes fail them all for one sandbox that has no control group.
    runtime.listSandboxStats().catch(() => []),
  ]);
  const statsById = new Map(containerStats.map((stats) => [stats.id, stats]));
  const networkById = new Map(sandboxStats.map(({ id, network }) => [id, network]));
  return sandboxes
    .filter((sandbox) => sandbox.ready)
    .map((sandbox) => {
      const used = containers
        .filter(({ sandboxId, state }) => sandboxId === sandbox.id && state === 'running')
        .flatMap(({ id, name, createdAtMs }): ContainerUsage[] => {
          const stats = statsById.get(id);
          return stats ? [{ id, name, startedAtMs: createdAtMs, stats }] : [];
        });
      return {
        namespace: sandbox.namespace,
        name: sandbox.name,
        uid: sandbox.uid,
        startedAtMs: sandbox.createdAtMs,
        containers: used,
        network: networkById.get(sandbox.id),
        cpuNanoSeconds: used.reduce((sum, { stats }) => sum + (stats.cpu?.usageCoreNanoSeconds ?? 0n), 0n),
        workingSetBytes: used.reduce((sum, { stats }) => sum + (stats.memory?.workingSetBytes ?? 0), 0),
      };
    });
}
