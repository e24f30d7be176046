/**
 * Lets a PersistentVolumeClaim that is being deleted go once no pod uses it: the finalizer that admission gave it is taken
 * off then. A pod counts when it has a node, since only then someone will mount; of an ephemeral volume's claim, also only
 * until its pod is shut down. The local copy may lack the newest pods, so a claim goes only after the server was asked.
 *
 * Works by namespace, so that many claims that go together ask for the pods once.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
 */
import type { PersistentVolumeClaim, Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import { dueOf, protect, release } from '#core/storage-protection/finalizer.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { isFinished } from '#runtime/pods.ts';

const finalizer = 'kubernetes.io/pvc-protection';
/** Pods of one page of the list that is asked for. */
const podsPerPage = 500;

export function createClaimProtectionController(context: ControllerContext): Controller {
  const { client, informers } = context;
  const claims = informers.informer<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const pods = informers.informer<Pod>(resources.pods);
  const claimClient = client.resource<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const podClient = client.resource<Pod>(resources.pods);
  const queue = createQueue(context);
  const onClaim = (claim: PersistentVolumeClaim) => {
    if (dueOf(claim, finalizer)) queue.add(claim.metadata.namespace ?? '');
  };
  // A pod that has a node and runs on frees no claim.
  const onPod = (pod: Pod) => {
    if (usesClaims(pod) && (isFinished(pod) || !pod.spec?.nodeName)) queue.add(pod.metadata.namespace ?? '');
  };
  claims.addHandler({ onAdd: onClaim, onUpdate: (claim) => onClaim(claim) });
  pods.addHandler({
    onAdd: onPod,
    onUpdate: (pod) => onPod(pod),
    onDelete: (pod) => {
      if (usesClaims(pod)) queue.add(pod.metadata.namespace ?? '');
    },
  });

  async function reconcile(namespace: string): Promise<void> {
    let asked: Promise<readonly Pod[]> | undefined;
    const failures: unknown[] = [];
    for (const claim of claims.list(namespace)) {
      const due = dueOf(claim, finalizer);
      try {
        if (due === 'add') await protect(claimClient, claim, finalizer);
        if (due !== 'release' || pods.list(namespace).some((pod) => uses(pod, claim))) continue;
        asked ??= podsOf(namespace);
        if (!(await asked).some((pod) => uses(pod, claim))) await release(claimClient, claim, finalizer);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async function podsOf(namespace: string): Promise<readonly Pod[]> {
    const all: Pod[] = [];
    let page: string | undefined;
    do {
      const list = await podClient.list({
        namespace,
        limit: podsPerPage,
        ...(page ? { continue: page } : {}),
      });
      all.push(...list.items);
      page = list.metadata.continue;
    } while (page);
    return all;
  }

  return createController({
    name: 'persistentvolumeclaim-protection-controller',
    context,
    waitFor: [claims, pods],
    queue,
    reconcile,
  });
}

function usesClaims(pod: Pod): boolean {
  return pod.spec?.volumes?.some((volume) => volume.persistentVolumeClaim || volume.ephemeral) ?? false;
}

function uses({ metadata, spec }: Pod, claim: PersistentVolumeClaim): boolean {
  if (!spec?.nodeName) return false;
  const { name, ownerReferences = [] } = claim.metadata;
  const isShutDown = metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
  const isOwner = ownerReferences.some(({ controller, uid }) => controller && uid === metadata.uid);
  return (spec.volumes ?? []).some(
    (volume) =>
      volume.persistentVolumeClaim?.claimName === name ||
      (volume.ephemeral && !isShutDown && isOwner && `${metadata.name}-${volume.name}` === name),
  );
}
