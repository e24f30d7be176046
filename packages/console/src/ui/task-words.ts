/** What the center says of tasks, in the language of the page. */
import type { Task, TaskSaying } from '@skerry/center/contract';
import { translate, translateIfKnown } from '#i18n/index.ts';

/** What a task does. One made by an older center, or of the center itself, says it as it is. */
export function taskTitle({
  kind,
  cluster,
  title,
  titled,
}: Pick<Task, 'kind' | 'cluster' | 'title' | 'titled'>): string {
  if (titled) return translate(`tasks.titled.${titled.code}`, titled.values);
  return (cluster && translateIfKnown(`tasks.kind.${kind}`, { cluster })) || title;
}

export function stepTitle(title: string): string {
  return translateIfKnown(`tasks.step.${title}`) ?? title;
}

export function saying({ code, values }: TaskSaying): string {
  return translate(`tasks.says.${code}`, values);
}

/** How far a step is, or why it failed. */
export function stepMessage({ message, says }: Task['steps'][number]): string | undefined {
  return says ? says.map(saying).join('; ') : message;
}

/** Why a task ended as it did: what its failed step says. */
export function taskMessage({ steps, message }: Pick<Task, 'steps' | 'message'>): string | undefined {
  const failed = steps.find(({ state }) => state === 'failed');
  const why = failed && stepMessage(failed);
  return why ? `${stepTitle(failed.title)}: ${why}` : message;
}
