/**
 * OpenYurt's strategy for machines whose owners say when: with OnDelete and `OTA`, the set marks its pods that are of an older
 * template, and whoever looks after the machine has them replaced, on the machine. What the newer one's images are is written beside
 * the mark, so that the machine can bring them in before.
 * https://openyurt.io/docs/user-manuals/workload/daemon-pod-ota-update
 */
import { isApiError, nextImagesAnnotation, podNeedUpgradeCondition, revisionPrefix } from '@skerry/api';
import type { DaemonSet, Pod } from '@skerry/api';
import { resources, type ApiClient } from '@skerry/client';
import { isUpdated } from '#daemon/node-view.ts';
import { timestamp } from '#runtime/status.ts';

const strategyAnnotation = 'apps.openyurt.io/update-strategy';

export function isUpdatedByOwners({ metadata, spec }: DaemonSet): boolean {
  const strategy = metadata.annotations?.[strategyAnnotation]?.toLowerCase();
  return spec?.updateStrategy?.type === 'OnDelete' && strategy === 'ota';
}

/** Marks each pod that is not marked so already. */
export async function markForOwners(
  client: ApiClient,
  set: DaemonSet,
  pods: readonly Pod[],
  { hash, nowMs }: { readonly hash: string; readonly nowMs: number },
): Promise<void> {
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp) continue;
    await mark(client, pod, { isOld: !isUpdated(pod, hash), images: imagesOf(set), hash, nowMs });
  }
}

async function mark(
  client: ApiClient,
  { metadata, status }: Pod,
  wanted: { readonly isOld: boolean; readonly images: string; readonly hash: string; readonly nowMs: number },
): Promise<void> {
  const { name = '', namespace, uid, annotations } = metadata;
  const pods = client.resource<Pod>(resources.pods);
  const images = wanted.isOld ? wanted.images : undefined;
  const condition = {
    type: podNeedUpgradeCondition,
    status: wanted.isOld ? 'True' : 'False',
    message: revisionPrefix + wanted.hash,
  };
  const old = status?.conditions?.find(({ type }) => type === podNeedUpgradeCondition);
  try {
    // Before the condition: whoever reads that finds these.
    if (annotations?.[nextImagesAnnotation] !== images) {
      const change = { [nextImagesAnnotation]: images ?? null };
      await pods.patch(name, { metadata: { uid, annotations: change } }, { namespace, type: 'merge' });
    }
    if (old?.status === condition.status && old.message === condition.message) return;
    const lastTransitionTime =
      old?.status === condition.status ? old.lastTransitionTime : timestamp(wanted.nowMs);
    await pods.patch(
      name,
      { metadata: { uid }, status: { conditions: [{ ...condition, lastTransitionTime }] } },
      { namespace, subresource: 'status', type: 'strategic' },
    );
  } catch (error) {
    // Gone, or another of its name: the next look sees which.
    if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) throw error;
  }
}

function imagesOf({ spec }: DaemonSet): string {
  const { initContainers = [], containers = [] } = spec?.template.spec ?? {};
  return JSON.stringify([...new Set([...initContainers, ...containers].flatMap(({ image }) => image ?? []))]);
}
