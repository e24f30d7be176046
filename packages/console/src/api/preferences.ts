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
  return useKnownPreferences() ?? {};
}

/** Undefined until they have been read: what changes a part of them has to wait, or it would undo the rest. */
export function useKnownPreferences(): Preferences | undefined {
  const { data } = useQuery({ queryKey: key, queryFn: fetchPreferences, staleTime: 60_000 });
  return data;
}

/** Outside of components; nothing where they have not been read yet. */
export function preferencesNow(): Preferences {
  return queryClient.getQueryData<Preferences>(key) ?? {};
}

/** Changes some; the others stay. A list or map is changed from what is known, which may be newer than what the screen shows. */
export async function savePreferences(
  change: Preferences | ((before: Preferences) => Preferences),
): Promise<void> {
  const before: Preferences =
    queryClient.getQueryData<Preferences>(key) ??
    (await queryClient.ensureQueryData<Preferences>({ queryKey: key, queryFn: fetchPreferences }));
  const next = { ...before, ...(typeof change === 'function' ? change(before) : change) };
  queryClient.setQueryData(key, next);
  await request(paths.preferences, { method: 'PUT', body: next });
}
