import { paths, type Task } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { request } from './request.ts';

const idleMs = 15_000;
const runningMs = 2000;

/** What goes on or went on for long; asked more often while anything runs. */
export function useTasks() {
  return useQuery({
    queryKey: ['tasks'],
    queryFn: async () => {
      const answer = await request<readonly Task[] | { readonly items: readonly Task[] }>(paths.tasks);
      return 'items' in answer ? answer.items : answer;
    },
    refetchInterval: (query) =>
      query.state.data?.some((task) => task.state === 'running') ? runningMs : idleMs,
  });
}

export function useTask(id: string) {
  return useQuery({
    queryKey: ['task', id],
    queryFn: () => request<Task>(`${paths.tasks}/${encodeURIComponent(id)}`),
    refetchInterval: (query) =>
      query.state.data && query.state.data.state !== 'running' ? false : runningMs,
  });
}

export function useRunningTasks(): number {
  const { data } = useTasks();
  return data?.filter((task) => task.state === 'running').length ?? 0;
}
