/**
 * Lets a VolumeAttributesClass that is being deleted go once no volume and no claim names it, by taking off the finalizer
 * that admission gave it. It asks its local copies alone, as a stock controller does: a claim that is made at the very
 * moment may find its class gone.
 * https://kubernetes.io/docs/concepts/storage/volume-attributes-classes/
 */
import type { PersistentVolume, PersistentVolumeClaim, VolumeAttributesClass } from '@skerry/api';
import { resources } from '@skerry/client';
import { dueOf, protect, release } from '#core/storage-protection/finalizer.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';

const finalizer = 'kubernetes.io/vac-protection';

export function createAttributesClassProtectionController(context: ControllerContext): Controller {
  const { client, informers } = context;
  const classes = informers.informer<VolumeAttributesClass>(resources.volumeAttributesClasses);
  const volumes = informers.informer<PersistentVolume>(resources.persistentVolumes);
  const claims = informers.informer<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const classClient = client.resource<VolumeAttributesClass>(resources.volumeAttributesClasses);
  const queue = createQueue(context);
  const onClass = (found: VolumeAttributesClass) => {
    if (dueOf(found, finalizer)) queue.add(found.metadata.name ?? '');
  };
  classes.addHandler({ onAdd: onClass, onUpdate: (found) => onClass(found) });
  const addAll = (names: readonly string[]) => names.forEach((name) => queue.add(name));
  volumes.addHandler({
    onUpdate: (_, old) => addAll(classesOfVolume(old)),
    onDelete: (volume) => addAll(classesOfVolume(volume)),
  });
  claims.addHandler({
    onUpdate: (_, old) => addAll(classesOfClaim(old)),
    onDelete: (claim) => addAll(classesOfClaim(claim)),
  });

  function isUsed(name: string): boolean {
    return (
      volumes.list().some((volume) => classesOfVolume(volume).includes(name)) ||
      claims.list().some((claim) => classesOfClaim(claim).includes(name))
    );
  }

  return createController({
    name: 'volumeattributesclass-protection-controller',
    context,
    waitFor: [classes, volumes, claims],
    queue,
    async reconcile(name) {
      const found = classes.get(undefined, name);
      const due = found && dueOf(found, finalizer);
      if (due === 'add') await protect(classClient, found!, finalizer);
      if (due === 'release' && !isUsed(name)) await release(classClient, found!, finalizer);
    },
  });
}

function classesOfVolume({ spec }: PersistentVolume): string[] {
  return spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];
}

function classesOfClaim({ spec, status }: PersistentVolumeClaim): string[] {
  return [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name) => name !== undefined && name !== '') as string[];
}
