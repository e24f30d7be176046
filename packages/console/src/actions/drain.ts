/**
 * Drains a node as kubectl does: no new pods, then every pod is asked to go by eviction, which heeds disruption budgets; pods of
 * DaemonSets and mirror pods stay. A refusal by a budget is asked again until it is granted or the person stops.
 */
import { addressOf, listObjects, patchObject, type ApiObject } from '#api/objects.ts';
import { request } from '#api/request.ts';
import { StatusError } from '#api/status-error.ts';
import { kindOf } from '#kinds/built-in.ts';
import { objectPath } from '#kinds/kind.ts';
import { textAt } from '#kinds/values.ts';

const askAgainMs = 5000;

export interface DrainOptions {
  readonly say: (message: string) => void;
  readonly isStopped: () => boolean;
  readonly words: { readonly left: (count: number) => string };
}

export async function drain(
  cluster: string,
  node: string,
  { say, isStopped, words }: DrainOptions,
): Promise<void> {
  await patchObject(cluster, kindOf('nodes'), { name: node }, { spec: { unschedulable: true } });
  while (!isStopped()) {
    const leaving = await evictable(cluster, node);
    if (leaving.length === 0) return;
    say(words.left(leaving.length));
    await Promise.all(
      leaving.filter((pod) => !pod.metadata.deletionTimestamp).map((pod) => evict(cluster, pod)),
    );
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
}

export async function evictable(cluster: string, node: string): Promise<readonly ApiObject[]> {
  const { items } = await listObjects(cluster, kindOf('pods'), { fieldSelector: `spec.nodeName=${node}` });
  return items.filter(
    ({ metadata, status }) =>
      !metadata.ownerReferences?.some((owner) => owner.controller && owner.kind === 'DaemonSet') &&
      metadata.annotations?.['kubernetes.io/config.mirror'] === undefined &&
      !['Succeeded', 'Failed'].includes(textAt(status, 'phase') ?? ''),
  );
}

async function evict(cluster: string, { metadata }: ApiObject): Promise<void> {
  const { name, namespace } = metadata;
  const path = objectPath(kindOf('pods'), { namespace: namespace ?? '', name, subresource: 'eviction' });
  try {
    await request(addressOf(cluster, path), {
      method: 'POST',
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } },
    });
  } catch (error) {
    // 429: a budget says not now. 404: gone already.
    if (error instanceof StatusError && (error.code === 429 || error.code === 404)) return;
    throw error;
  }
}
