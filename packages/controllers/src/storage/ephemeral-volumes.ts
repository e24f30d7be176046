/**
 * Makes the claims of pods' ephemeral volumes: `<pod>-<volume>`, owned by the pod and gone with it. A claim of that name
 * that belongs to someone else is never taken.
 * https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
 */
import type { PersistentVolumeClaim, Pod, Volume } from '@skerry/api';
import { describeError } from '@skerry/base';
import { resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { numbersOf } from '#runtime/numbers.ts';
import { isFinished } from '#runtime/pods.ts';
import { splitKey } from '#runtime/status.ts';

export function createEphemeralVolumeController(context: ControllerContext): Controller {
  const { client, informers, events } = context;
  const pods = informers.informer<Pod>(resources.pods);
  const claims = informers.informer<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const claimClient = client.resource<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const podClient = client.resource<Pod>(resources.pods);
  const queue = createQueue(context);
  const numbers = numbersOf(context, ephemeralNumbers);
  const onPod = (pod: Pod) => {
    if (pod.metadata.deletionTimestamp || isFinished(pod)) return;
    if (pod.spec?.volumes?.some(({ ephemeral }) => ephemeral))
      queue.add(`${pod.metadata.namespace}/${pod.metadata.name}`);
  };
  pods.addHandler({ onAdd: onPod, onUpdate: (pod) => onPod(pod) });
  claims.addHandler({
    onDelete({ metadata }) {
      const owner = metadata.ownerReferences?.find(({ kind, controller }) => kind === 'Pod' && controller);
      if (owner) queue.add(`${metadata.namespace}/${owner.name}`);
    },
  });

  async function ensure(pod: Pod, { name, ephemeral }: Volume): Promise<void> {
    const claimName = `${pod.metadata.name}-${name}`;
    const found = claims.get(pod.metadata.namespace, claimName);
    if (found) {
      if (isOwned(found, pod)) return;
      throw new Error(
        `PVC ${found.metadata.namespace}/${claimName} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`,
      );
    }
    const template = ephemeral?.volumeClaimTemplate;
    const { name: podName, namespace, uid = '' } = pod.metadata;
    const claim: PersistentVolumeClaim = {
      metadata: {
        name: claimName,
        namespace,
        labels: template?.metadata?.labels,
        annotations: template?.metadata?.annotations,
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Pod',
            name: podName ?? '',
            uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: template?.spec,
    };
    numbers.asked.add();
    await claimClient.create(claim).catch((error: unknown) => {
      numbers.failed.add();
      throw error;
    });
  }

  return createController({
    name: 'ephemeral-volume-controller',
    context,
    waitFor: [pods, claims],
    queue,
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const shown = pods.get(namespace, name);
      if (!shown || shown.metadata.deletionTimestamp || isFinished(shown)) return;
      // The local copy of pods holds no templates.
      const missing = (shown.spec?.volumes ?? []).filter(
        (volume) => volume.ephemeral && !claims.get(namespace, `${name}-${volume.name}`),
      );
      const pod = missing.length > 0 ? await podClient.get(name, { namespace }) : shown;
      if (pod.metadata.uid !== shown.metadata.uid) return;
      for (const volume of pod.spec?.volumes ?? []) {
        if (!volume.ephemeral) continue;
        await ensure(pod, volume).catch((error: unknown) => {
          const message = `ephemeral volume ${volume.name}: ${describeError(error)}`;
          events.record(pod, { type: 'Warning', reason: 'FailedBinding', message });
          throw error;
        });
      }
    },
  });
}

function ephemeralNumbers(metrics: Metrics) {
  const counter = (name: string) =>
    metrics
      .counter({
        name: `ephemeral_volume_controller_${name}`,
        help: 'Number of PersistentVolumeClaim creation requests',
      })
      .with();
  return { asked: counter('create_total'), failed: counter('create_failures_total') };
}

function isOwned({ metadata }: PersistentVolumeClaim, pod: Pod): boolean {
  return (metadata.ownerReferences ?? []).some(
    ({ controller, uid }) => controller && uid === pod.metadata.uid,
  );
}
