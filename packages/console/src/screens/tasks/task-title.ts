import type { Task } from '@skerry/center/contract';
import { translateIfKnown } from '#i18n/index.ts';

/** What a task does, in the language of the page where it is one of a cluster; a component's says it itself, with versions. */
export function taskTitle({ kind, cluster, title }: Pick<Task, 'kind' | 'cluster' | 'title'>): string {
  return (cluster && translateIfKnown(`tasks.kind.${kind}`, { cluster })) || title;
}
