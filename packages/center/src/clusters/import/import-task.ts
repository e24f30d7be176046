/** How a cluster of elsewhere is taken in, as a task. */
import type { Clock } from '@skerry/base';
import { type ApiClient, createClient } from '@skerry/client';
import type { Cluster } from '#clusters/cluster.ts';
import type { ClusterWriter } from '#clusters/cluster-writer.ts';
import { openForeignConnection } from '#clusters/import/foreign-connection.ts';
import type { guardedDial } from '#clusters/import/guarded-dial.ts';
import { readKubeconfigSecret } from '#clusters/import/kubeconfig-secret.ts';
import type { OpenConnection } from '#clusters/registered-connections.ts';
import { sayingText, type TaskSaying } from '#contract/index.ts';
import { clusterGone } from '#clusters/hosting-tasks.ts';
import { saidText, TaskFault } from '#tasks/task-fault.ts';
import type { TaskContext, TaskKind } from '#tasks/task-runner.ts';

export interface ImportOptions {
  /** Of the management API. */
  readonly client: ApiClient;
  readonly clusters: ClusterWriter;
  readonly dial: ReturnType<typeof guardedDial>;
  readonly clock: Clock;
}

/** What the console needs to show a cluster to people by their own rights. */
const needed = [
  { verb: 'impersonate', group: '', resource: 'users' },
  { verb: 'impersonate', group: '', resource: 'groups' },
  { verb: 'list', group: '', resource: 'nodes' },
  { verb: 'watch', group: '', resource: 'pods' },
];

export async function connectImported(
  cluster: Cluster,
  { client, dial, clock }: Pick<ImportOptions, 'client' | 'dial' | 'clock'>,
): Promise<OpenConnection> {
  const kubeconfig = await readKubeconfigSecret(client, cluster.metadata?.name ?? '');
  return openForeignConnection(kubeconfig, { dial, clock });
}

export function importClusterTask(options: ImportOptions): TaskKind {
  const { client, clusters } = options;
  return {
    steps: () => [
      {
        title: 'kubeconfig checked',
        async run({ spec, name: task }) {
          const name = spec.cluster ?? '';
          await clusters.patchStatus(name, { phase: 'Creating', task });
          const { server } = await readKubeconfigSecret(client, name);
          await clusters.patchStatus(name, { endpoint: server });
          return saidText(server);
        },
      },
      {
        title: 'reached',
        run: (context) =>
          withForeign(options, context, async (foreign) => {
            const { gitVersion } = await foreign.request<{ gitVersion?: string }>('GET', '/version');
            if (typeof gitVersion !== 'string') throw new TaskFault('not-a-cluster', { code: 'noCluster' });
            await clusters.patchStatus(context.spec.cluster ?? '', { version: gitVersion });
            return saidText(gitVersion);
          }),
      },
      {
        title: 'permissions',
        run: (context) =>
          withForeign(options, context, async (foreign) => {
            const missing = await missingRights(foreign);
            const cluster = await clusters.get(context.spec.cluster ?? '');
            if (!cluster) throw clusterGone(context.spec.cluster);
            const said: TaskSaying =
              missing.length === 0
                ? { code: 'permitted' }
                : { code: 'notPermitted', values: { rights: missing.join(', ') } };
            await clusters.setCondition(
              cluster,
              missing.length === 0
                ? { type: 'Permitted', status: 'True', reason: 'Enough' }
                : { type: 'Permitted', status: 'False', reason: 'Missing', message: sayingText([said]) },
            );
            return said;
          }),
      },
    ],
    async ended({ spec }, { state, message }) {
      const name = spec.cluster ?? '';
      if (!(await clusters.get(name))) return;
      await clusters.patchStatus(name, { phase: state === 'succeeded' ? 'Running' : 'Failed' });
      const cluster = await clusters.get(name);
      if (cluster && state !== 'succeeded')
        await clusters.setCondition(cluster, {
          type: 'Ready',
          status: 'False',
          reason: 'NotImported',
          message,
        });
    },
  };
}

async function withForeign<T>(
  { client, dial, clock }: ImportOptions,
  { spec, signal }: TaskContext,
  use: (foreign: ApiClient) => Promise<T>,
): Promise<T> {
  const kubeconfig = await readKubeconfigSecret(client, spec.cluster ?? '');
  const connection = openForeignConnection(kubeconfig, { dial, clock });
  try {
    // Without a clock nothing is sent again: the person who waits sees the first reason.
    const foreign = createClient({ transport: connection.people, userAgent: 'skerry-center' });
    signal.throwIfAborted();
    return await use(foreign);
  } finally {
    connection.close();
  }
}

async function missingRights(foreign: ApiClient): Promise<string[]> {
  const answers = await Promise.all(
    needed.map(async (resourceAttributes) => {
      const review = await foreign.request<{ status?: { allowed?: boolean } }>(
        'POST',
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        {
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            spec: { resourceAttributes },
          },
        },
      );
      return review.status?.allowed ? undefined : `${resourceAttributes.verb} ${resourceAttributes.resource}`;
    }),
  );
  return answers.filter((answer) => answer !== undefined);
}
