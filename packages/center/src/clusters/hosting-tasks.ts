/** How a hosted cluster comes to be and how it goes, as tasks. Every step may be done twice. */
import { SkerryError, sleep, type Clock } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import type { ClusterWriter } from '#clusters/cluster-writer.ts';
import type { ClusterHost } from '#clusters/host.ts';
import { deleteKubeconfigSecret } from '#clusters/import/kubeconfig-secret.ts';
import { placeCluster } from '#clusters/placement.ts';
import type { TaskSaying } from '#contract/index.ts';
import { saidText, TaskFault } from '#tasks/task-fault.ts';
import type { TaskContext, TaskKind } from '#tasks/task-runner.ts';

export interface HostingOptions {
  /** Of the management API. */
  readonly client: ApiClient;
  readonly host: ClusterHost;
  readonly clusters: ClusterWriter;
  readonly clock: Clock;
  /** Has the list of clusters that run told to the supervisor anew. */
  readonly onChange: () => Promise<void>;
}

const startMsMax = 120_000;
const stopMsMax = 60_000;
const lookEveryMs = 250;

/** True once folder and keys are there: from then on its processes are kept running. */
export const preparedCondition = 'Prepared';

export function createClusterTask(options: HostingOptions): TaskKind {
  const { host, clusters, onChange } = options;
  const required = async ({ spec }: TaskContext) => {
    const cluster = await clusters.get(spec.cluster ?? '');
    if (!cluster || cluster.metadata?.deletionTimestamp) throw clusterGone(spec.cluster);
    return cluster;
  };
  return {
    steps: () => [
      {
        title: 'ranges and port',
        async run(context) {
          const cluster = await required(context);
          const name = cluster.metadata?.name ?? '';
          await clusters.patchStatus(name, { phase: 'Creating', task: context.name });
          const others = (await clusters.list()).filter(({ metadata }) => metadata?.name !== name);
          const { podCIDR, serviceCIDR, port } = await placeCluster(cluster, { others, host });
          await clusters.patchSpec(name, { podCIDR, serviceCIDR, port });
          return { code: 'placed', values: { pods: podCIDR, services: serviceCIDR, port } };
        },
      },
      {
        title: 'keys and certificates',
        async run(context) {
          const cluster = await required(context);
          const { podCIDR = '', serviceCIDR = '', port = 0, advertise = [] } = cluster.spec;
          const name = cluster.metadata?.name ?? '';
          const facts = await host.prepare(name, { podCIDR, serviceCIDR, port, advertise });
          await clusters.patchStatus(name, {
            endpoint: facts.endpoint,
            certificates: [...facts.certificates],
          });
          const after = await required(context);
          await clusters.setCondition(after, { type: preparedCondition, status: 'True', reason: 'Prepared' });
        },
      },
      {
        title: 'processes',
        async run(context) {
          await onChange();
          await until(options, context, startMsMax, () => {
            const state = host.state(context.spec.cluster ?? '');
            return state?.state === 'running'
              ? undefined
              : state?.why
                ? saidText(state.why)
                : { code: 'notStarted' };
          });
        },
      },
      { title: 'API server answers', run: (context) => answers(options, context) },
    ],
    async ended({ spec }, { state, message }) {
      const name = spec.cluster ?? '';
      if (!(await clusters.get(name))) return;
      await clusters.patchStatus(name, { phase: state === 'succeeded' ? 'Running' : 'Failed' });
      const cluster = await clusters.get(name);
      if (!cluster) return;
      await clusters.setCondition(
        cluster,
        state === 'succeeded'
          ? { type: 'Ready', status: 'True', reason: 'Created' }
          : { type: 'Ready', status: 'False', reason: 'NotCreated', message },
      );
    },
  };
}

/** The same from a backup: its ranges are kept, its port where it is free. */
export function restoreClusterTask(options: HostingOptions): TaskKind {
  const { host, clusters } = options;
  const create = createClusterTask(options);
  return {
    ...create,
    steps: (spec) => [
      {
        title: 'unpacked',
        async run(context) {
          const name = context.spec.cluster ?? '';
          if (!(await clusters.get(name))) throw clusterGone(name);
          await clusters.patchStatus(name, { phase: 'Creating', task: context.name });
          const file = context.spec.input?.['file'];
          if (typeof file !== 'string') throw new SkerryError('backup-invalid', 'no backup was named');
          const { podCIDR, serviceCIDR, made } = await host.unpack(name, file);
          await clusters.patchSpec(name, { podCIDR, serviceCIDR });
          return { code: 'asOf', values: { instant: made } };
        },
      },
      ...create.steps(spec),
    ],
  };
}

async function answers(options: HostingOptions, context: TaskContext): Promise<TaskSaying> {
  const client = await options.host.adminClient(context.spec.cluster ?? '');
  try {
    let version = '';
    await until(options, context, startMsMax, async () => {
      try {
        const answer = await client.request<{ gitVersion: string }>('GET', '/version');
        version = answer.gitVersion;
        await client.request('GET', '/readyz');
        return undefined;
      } catch (error) {
        return saidText(error instanceof Error ? error.message : String(error));
      }
    });
    await options.clusters.patchStatus(context.spec.cluster ?? '', { version });
    return saidText(version);
  } finally {
    client.close();
  }
}

export function deleteClusterTask(options: HostingOptions): TaskKind {
  const { client, host, clusters, onChange } = options;
  return {
    steps: () => [
      {
        title: 'processes stopped',
        async run(context) {
          const name = context.spec.cluster ?? '';
          if (await clusters.get(name))
            await clusters.patchStatus(name, { phase: 'Deleting', task: context.name });
          await onChange();
          await until(options, context, stopMsMax, () =>
            host.state(name) === undefined ? undefined : { code: 'processesRun' },
          );
        },
      },
      { title: 'folder removed', run: ({ spec }) => host.remove(spec.cluster ?? '') },
      {
        title: 'forgotten',
        async run({ spec }) {
          await deleteKubeconfigSecret(client, spec.cluster ?? '');
          const cluster = await clusters.get(spec.cluster ?? '');
          if (cluster) await clusters.removeFinalizer(cluster);
        },
      },
    ],
  };
}

export function clusterGone(cluster = ''): TaskFault {
  return new TaskFault('cluster-gone', { code: 'clusterGone', values: { cluster } });
}

/** Waits until `missing` says nothing is; fails with what it said last. */
async function until(
  { clock }: HostingOptions,
  { signal }: TaskContext,
  timeoutMs: number,
  missing: () => TaskSaying | undefined | Promise<TaskSaying | undefined>,
): Promise<void> {
  const deadlineMs = clock.monotonic() + timeoutMs;
  for (;;) {
    const why = await missing();
    if (why === undefined) return;
    if (clock.monotonic() > deadlineMs)
      throw new TaskFault('cluster-not-ready', [
        { code: 'notAfter', values: { seconds: timeoutMs / 1000 } },
        why,
      ]);
    await sleep(clock, lookEveryMs, signal);
  }
}
