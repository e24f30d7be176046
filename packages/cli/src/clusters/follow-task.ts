import { isApiError } from '@skerry/api';
import { type Clock, SkerryError, sleep } from '@skerry/base';
import { centerResources, type TaskObject } from '@skerry/center';
import { type ApiClient, TransportError } from '@skerry/client';
import type { Report } from '#terminal/report.ts';

const lookEveryMs = 200;
/** For the center to take it up. */
const appearMsMax = 30_000;
/** For a center that ended in the middle to be there again: the task goes on, so what follows it does. */
const goneMsMax = 60_000;

/**
 * Shows the steps of a task as they are done, and waits for its end. Fails with `task-failed` as the task did. Ending the
 * command leaves the task alone: it is the center's.
 */
export async function followTask(
  client: ApiClient,
  name: string,
  { clock, report }: { readonly clock: Clock; readonly report: Report },
): Promise<TaskObject> {
  const tasks = client.resource<TaskObject>(centerResources.tasks);
  const startedMs = clock.monotonic();
  let shown = 0;
  let answeredMs = startedMs;
  for (;;) {
    const task = await tasks.get(name).catch((error: unknown) => {
      const nowMs = clock.monotonic();
      if (isApiError(error, 'NotFound') && nowMs - startedMs < appearMsMax) return undefined;
      if (error instanceof TransportError && nowMs - answeredMs < goneMsMax) return undefined;
      throw error;
    });
    if (task) answeredMs = clock.monotonic();
    const steps = task?.status?.steps ?? [];
    for (; steps[shown]?.state === 'done'; shown++) {
      const { title = '', message } = steps[shown] ?? {};
      report.line(`  ${title}${message ? `: ${message}` : ''}`);
    }
    const { ended, state, message } = task?.status ?? {};
    if (task && ended && state === 'succeeded') return task;
    if (ended) throw new SkerryError('task-failed', `${task?.spec.title}: ${message ?? state}`);
    await sleep(clock, lookEveryMs);
  }
}
