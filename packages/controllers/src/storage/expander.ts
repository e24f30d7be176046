/** Says of a claim that has grown that whoever made its volume is to let that grow too; no volume grows by itself here. */
import { compareQuantities, parseQuantity, requestedStorage, storageClassOf } from '@skerry/api';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@skerry/api';
import { resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { splitKey } from '#runtime/status.ts';

/** Whether a bound claim asks for more than it has. */
export function isToGrow(claim: PersistentVolumeClaim): boolean {
  const { phase, capacity } = claim.status ?? {};
  const held = capacity?.['storage'];
  return (
    phase === 'Bound' &&
    held !== undefined &&
    compareQuantities(requestedStorage(claim), parseQuantity(held)) > 0
  );
}

export function createVolumeExpander(context: ControllerContext): Controller {
  const { informers, events } = context;
  const claims = informers.informer<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const volumes = informers.informer<PersistentVolume>(resources.persistentVolumes);
  const classes = informers.informer<StorageClass>(resources.storageClasses);
  const queue = createQueue(context);
  claims.addHandler({
    onUpdate(claim, old) {
      if (isToGrow(claim) && !isToGrow(old)) queue.add(`${claim.metadata.namespace}/${claim.metadata.name}`);
    },
  });
  return createController({
    name: 'persistentvolume-expander-controller',
    context,
    waitFor: [claims, volumes, classes],
    queue,
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const claim = claims.get(namespace, name);
      if (!claim || !isToGrow(claim)) return;
      if (!classes.get(undefined, storageClassOf(claim))?.allowVolumeExpansion) return;
      const volume = volumes.get(undefined, claim.spec?.volumeName ?? '');
      const message = volume?.spec?.csi
        ? 'waiting for an external controller to expand this PVC'
        : "Ignoring the PVC: didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC.";
      events.record(claim, { type: 'Normal', reason: 'ExternalExpanding', message });
    },
  });
}
