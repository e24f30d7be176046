/** Long actions, to those who asked for them, who may list all, or who know the cluster that they are about. */
import { conflict, forbidden, isApiError, notFound } from '@skerry/api';
import type { ApiClient } from '@skerry/client';
import { type ClusterAccess, managementCluster } from '#access/cluster-access.ts';
import { clusterUser } from '#access/subject.ts';
import { paths } from '#contract/paths.ts';
import type { Caller } from '#http/caller.ts';
import { jsonResponse, type Route } from '#http/route.ts';
import { centerGroup, centerResources } from '#management/resources.ts';
import { cancelledBy, isCancellable, type Task, taskView } from '#tasks/task.ts';

const shownMax = 200;

export function taskRoutes({ client, access }: { client: ApiClient; access: ClusterAccess }): Route[] {
  const tasks = client.resource<Task>(centerResources.tasks);
  const visible = async (caller: Caller): Promise<(task: Task) => boolean> => {
    const question = { verb: 'list', group: centerGroup, resource: 'tasks' };
    if (await access.may(caller, managementCluster, question)) return () => true;
    const clusters = access.list(caller);
    const allowed = new Set<string>();
    for (const cluster of clusters) if (await access.may(caller, cluster, question)) allowed.add(cluster);
    return ({ spec }) =>
      spec.user === clusterUser(caller.user) || (spec.cluster !== undefined && allowed.has(spec.cluster));
  };
  const find = async (caller: Caller, id: string): Promise<Task> => {
    const task = await tasks.get(id).catch((error: unknown) => {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    });
    if (!task || !(await visible(caller))(task))
      throw notFound({ group: centerGroup, resource: 'tasks' }, id);
    return task;
  };
  return [
    {
      method: 'POST',
      pattern: `${paths.tasks}/:id/cancel`,
      action: 'cancel a task',
      async handle({ caller, params }) {
        const task = await find(caller, params['id'] ?? '');
        const id = task.metadata?.name ?? '';
        const isOwn = task.spec.user === clusterUser(caller.user);
        const question = { verb: 'update', group: centerGroup, resource: 'tasks', name: id };
        if (!isOwn && !(await access.may(caller, managementCluster, question)))
          throw forbidden(question, id, 'only who began a task, or may update tasks, can end it');
        if (!isCancellable(task)) throw conflict(question, id, 'it has ended, or can not be ended half-way');
        const change = { metadata: { annotations: { [cancelledBy]: caller.user } } };
        return jsonResponse(taskView(await tasks.patch(id, change, { type: 'merge' })));
      },
    },
    {
      method: 'GET',
      pattern: paths.tasks,
      async handle({ caller }) {
        const isVisible = await visible(caller);
        const { items } = await tasks.list();
        const shown = items.filter(isVisible).map(taskView);
        shown.sort((a, b) => (a.started < b.started ? 1 : -1));
        return jsonResponse(shown.slice(0, shownMax));
      },
    },
    {
      method: 'GET',
      pattern: `${paths.tasks}/:id`,
      async handle({ caller, params }) {
        return jsonResponse(taskView(await find(caller, params['id'] ?? '')));
      },
    },
  ];
}
