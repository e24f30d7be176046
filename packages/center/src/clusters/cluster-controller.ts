/**
 * Keeps Clusters as their objects say: makes the task that creates a new hosted one, the one that removes a deleted one, and
 * has those run that should. It reads everything each time and keeps nothing in between, so that a center that is started
 * again needs no memory.
 */
import { isApiError } from '@skerry/api';
import { type Clock, type Logger, sleep } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import { type Cluster, type ClusterStatus, ownClusterLabel, restoredFrom } from '#clusters/cluster.ts';
import { ClusterWriter } from '#clusters/cluster-writer.ts';
import {
  createClusterTask,
  deleteClusterTask,
  preparedCondition,
  restoreClusterTask,
} from '#clusters/hosting-tasks.ts';
import type { ClusterHost } from '#clusters/host.ts';
import type { guardedDial } from '#clusters/import/guarded-dial.ts';
import { importClusterTask } from '#clusters/import/import-task.ts';
import { centerUser, requestedBy } from '#management/policies.ts';
import { centerResources } from '#management/resources.ts';
import type { Task } from '#tasks/task.ts';
import type { TaskKind } from '#tasks/task-runner.ts';

export interface ClusterControllerOptions {
  readonly client: ApiClient;
  readonly host: ClusterHost;
  /** The way to clusters of elsewhere. */
  readonly dial: ReturnType<typeof guardedDial>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when there is a task to be done. */
  readonly onTask: () => void;
}

const words = {
  'create-cluster': 'Create',
  'import-cluster': 'Import',
  'delete-cluster': 'Delete',
  restore: 'Restore',
} as const;

const lookEveryMs = 1_000;
/** Certificates are renewed sixty days before they end. */
const factsEveryMs = 3_600_000;

export class ClusterController {
  readonly name = 'clusters';
  readonly #options: ClusterControllerOptions;
  readonly #clusters: ClusterWriter;
  readonly #factsMs = new Map<string, number>();

  constructor(options: ClusterControllerOptions) {
    this.#options = options;
    this.#clusters = new ClusterWriter(options);
  }

  get taskKinds(): Readonly<Record<string, TaskKind>> {
    const { client, host, dial, clock } = this.#options;
    const clusters = this.#clusters;
    const options = { client, host, clock, clusters, onChange: () => this.#setRunning() };
    return {
      'create-cluster': createClusterTask(options),
      'delete-cluster': deleteClusterTask(options),
      restore: restoreClusterTask(options),
      'import-cluster': importClusterTask({ client, clusters, dial, clock }),
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.reconcile();
      await sleep(this.#options.clock, lookEveryMs, signal).catch(() => undefined);
    }
  }

  async reconcile(): Promise<void> {
    const clusters = await this.#clusters.list();
    for (const cluster of clusters.filter(isNotOwn)) {
      if (cluster.metadata?.deletionTimestamp) await this.#ensureTask(cluster, 'delete-cluster');
      else if (!cluster.status?.phase) {
        await this.#clusters.addFinalizer(cluster);
        const from = cluster.metadata?.annotations?.[restoredFrom];
        if (cluster.spec.type === 'imported') await this.#ensureTask(cluster, 'import-cluster');
        else if (from === undefined) await this.#ensureTask(cluster, 'create-cluster');
        else await this.#ensureTask(cluster, 'restore', { file: from });
      }
    }
    this.#tellHost(clusters);
    for (const cluster of clusters.filter(isHosted)) await this.#keepStatus(cluster);
  }

  /** How processes are, and when certificates end, where that is another thing than the status says. */
  async #keepStatus({ metadata, status }: Cluster): Promise<void> {
    const { host } = this.#options;
    const name = metadata?.name ?? '';
    const state = host.state(name);
    const processes = state && { state: state.state, restarts: state.restarts, why: state.why ?? null };
    if (processes && !isSame(status?.processes, processes))
      await this.#clusters.patchStatus(name, { processes: processes as ClusterStatus['processes'] });
    if (status?.phase !== 'Running' || !this.#isTimeForFacts(name)) return;
    const { certificates } = await host.facts(name);
    if (JSON.stringify(certificates) !== JSON.stringify(status.certificates))
      await this.#clusters.patchStatus(name, { certificates: [...certificates] });
  }

  #isTimeForFacts(name: string): boolean {
    const nowMs = this.#options.clock.monotonic();
    const lastMs = this.#factsMs.get(name);
    if (lastMs !== undefined && nowMs - lastMs < factsEveryMs) return false;
    this.#factsMs.set(name, nowMs);
    return true;
  }

  async #setRunning(): Promise<void> {
    this.#tellHost(await this.#clusters.list());
  }

  #tellHost(clusters: readonly Cluster[]): void {
    const running = clusters.filter(
      (cluster) => isHostedForOthers(cluster) && !cluster.metadata?.deletionTimestamp && isPrepared(cluster),
    );
    this.#options.host.setRunning(running.map(({ metadata }) => metadata?.name ?? ''));
  }

  /** One per Cluster and kind: its name is made of both, so that it can't be made twice. */
  async #ensureTask(
    cluster: Cluster,
    kind: keyof typeof words,
    input?: Record<string, unknown>,
  ): Promise<void> {
    const name = cluster.metadata?.name ?? '';
    try {
      await this.#options.client.resource<Task>(centerResources.tasks).create({
        metadata: { name: `${kind}-${name}-${(cluster.metadata?.uid ?? '').slice(0, 8)}` },
        spec: {
          kind,
          title: `${words[kind]} cluster ${name}`,
          cluster: name,
          ...(input ? { input } : {}),
          // Who deleted it stands in the audit log; an object can't be told while it goes.
          user: (kind !== 'delete-cluster' && cluster.metadata?.annotations?.[requestedBy]) || centerUser,
        },
      });
      this.#options.onTask();
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
    }
  }
}

function isHosted({ spec, metadata }: Cluster): boolean {
  return spec.type === 'hosted' && !metadata?.deletionTimestamp;
}

function isSame(
  before: ClusterStatus['processes'],
  now: { state: string; restarts: number; why: string | null },
): boolean {
  return before?.state === now.state && before.restarts === now.restarts && (before.why ?? null) === now.why;
}

function isNotOwn({ metadata }: Cluster): boolean {
  return metadata?.labels?.[ownClusterLabel] !== 'true';
}

function isHostedForOthers(cluster: Cluster): boolean {
  return cluster.spec.type === 'hosted' && isNotOwn(cluster);
}

function isPrepared({ status }: Cluster): boolean {
  return (
    status?.conditions?.some(({ type, status: is }) => type === preparedCondition && is === 'True') ?? false
  );
}
