/** Settings of a person, kept by the backend, so that they are the same on every device. */
import { paths, type Preferences } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { queryClient } from './queries.ts';
import { request } from './request.ts';

const key = ['preferences'] as const;

function fetchPreferences(): Promise<Preferences> {
  return request<Preferences>(paths.preferences);
}

export function usePreferences(): Preferences {
  const { data } = useQuery({ queryKey: key, queryFn: fetchPreferences, staleTime: 60_000 });
  return data ?? {};
}

/** Changes some; the others stay. */
export async function savePreferences(change: Preferences): Promise<void> {
  const before =
    queryClient.getQueryData<Preferences>(key) ??
    (await queryClient.ensureQueryData({ queryKey: key, queryFn: fetchPreferences }));
  const next = { ...before, ...change };
  queryClient.setQueryData(key, next);
  await request(paths.preferences, { method: 'PUT', body: next });
}
