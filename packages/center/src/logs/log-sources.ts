/** Which logs a query asks for: a container each, of the pods that it names or selects. All is asked as the caller. */
import type { Pod } from '@skerry/api';
import { resources, type ApiClient, type ResourceRef } from '@skerry/client';
import type { CheckedLogsQuery } from '#logs/logs-query.ts';

export interface LogSource {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** `pod/container`. */
  readonly name: string;
}

/** Streams at once. */
export const sourcesMax = 20;

/** At most `sourcesMax`. @throws ApiError as the cluster answers */
export async function logSources(client: ApiClient, query: CheckedLogsQuery): Promise<LogSource[]> {
  const { namespace, pod, selector, container } = query;
  if (pod !== undefined && container !== undefined) return [sourceOf(namespace, pod, container)];
  const pods = client.resource<Pod>(resources.pods satisfies ResourceRef);
  const found = pod
    ? [await pods.get(pod, { namespace })]
    : (await pods.list({ namespace, ...(selector ? { labelSelector: selector } : {}), limit: sourcesMax }))
        .items;
  return found
    .flatMap((object) =>
      containersOf(object, container).map((name) => sourceOf(namespace, object.metadata.name!, name)),
    )
    .slice(0, sourcesMax);
}

function sourceOf(namespace: string, pod: string, container: string): LogSource {
  return { namespace, pod, container, name: `${pod}/${container}` };
}

/** Those that run as long as the pod does, or the one that is named, whichever it is. */
function containersOf({ spec }: Pod, named: string | undefined): string[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const lasting = [...(spec?.containers ?? []), ...sidecars].map(({ name }) => name);
  if (named === undefined) return lasting;
  const all = [...lasting, ...(spec?.initContainers ?? []).map(({ name }) => name)];
  return all.includes(named) ? [named] : [];
}

export function logPath({ namespace, pod, container }: LogSource, query: CheckedLogsQuery): string {
  const parameters = new URLSearchParams({ container });
  for (const key of ['previous', 'follow', 'timestamps'] as const)
    if (query[key]) parameters.set(key, 'true');
  for (const key of ['tailLines', 'sinceSeconds', 'sinceTime', 'limitBytes'] as const)
    if (query[key] !== undefined) parameters.set(key, String(query[key]));
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${parameters.toString()}`;
}
