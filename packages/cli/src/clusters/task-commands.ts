/** What `skerry task` does. */
import { isApiError } from '@skerry/api';
import { type Clock, SkerryError } from '@skerry/base';
import { centerResources, type TaskObject, taskView } from '@skerry/center';
import { managementClient } from '#compose/management-credential.ts';
import type { DataDirectory } from '#data-directory.ts';
import type { Report } from '#terminal/report.ts';
import { table } from '#terminal/table.ts';
import { followTask } from './follow-task.ts';

export async function listTasks(
  data: DataDirectory,
  { output, clock }: { output: string; clock: Clock },
): Promise<string> {
  const client = managementClient(data, clock);
  try {
    const { items } = await client.resource<TaskObject>(centerResources.tasks).list();
    const tasks = items.map(taskView).sort((a, b) => (a.started < b.started ? 1 : -1));
    if (output === 'json') return `${JSON.stringify(tasks, null, 2)}\n`;
    return table(
      ['ID', 'STATE', 'STARTED', 'BY', 'TITLE', 'STEP'],
      tasks.map(({ id, state, started, user, title, steps, message }) => {
        const step = steps.find((each) => each.state === 'running' || each.state === 'failed');
        return [id, state, started, user, title, message ?? step?.title ?? ''];
      }),
    );
  } finally {
    client.close();
  }
}

export async function followById(
  data: DataDirectory,
  { id, clock, report }: { id: string; clock: Clock; report: Report },
): Promise<void> {
  const client = managementClient(data, clock);
  try {
    await client.resource(centerResources.tasks).get(id);
    await followTask(client, id, { clock, report });
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
    throw new SkerryError('task-not-found', `there is no task ${id}; \`skerry task list\` shows them`);
  } finally {
    client.close();
  }
}
