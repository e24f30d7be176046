/**
 * Lets a PersistentVolume that is being deleted go once it is bound to no claim, by taking off the finalizer that admission
 * gave it.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
 */
import type { PersistentVolume } from '@skerry/api';
import { resources } from '@skerry/client';
import { dueOf, protect, release } from '#core/storage-protection/finalizer.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';

const finalizer = 'kubernetes.io/pv-protection';

export function createVolumeProtectionController(context: ControllerContext): Controller {
  const { client, informers } = context;
  const volumes = informers.informer<PersistentVolume>(resources.persistentVolumes);
  const volumeClient = client.resource<PersistentVolume>(resources.persistentVolumes);
  const queue = createQueue(context);
  const onVolume = (volume: PersistentVolume) => {
    if (dueOf(volume, finalizer)) queue.add(volume.metadata.name ?? '');
  };
  volumes.addHandler({ onAdd: onVolume, onUpdate: (volume) => onVolume(volume) });

  return createController({
    name: 'persistentvolume-protection-controller',
    context,
    waitFor: [volumes],
    queue,
    async reconcile(name) {
      const volume = volumes.get(undefined, name);
      const due = volume && dueOf(volume, finalizer);
      if (due === 'add') await protect(volumeClient, volume!, finalizer);
      if (due === 'release' && volume!.status?.phase !== 'Bound')
        await release(volumeClient, volume!, finalizer);
    },
  });
}
