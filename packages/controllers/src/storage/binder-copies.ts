/** What the binder reads: claims, volumes and classes, with its own writes already in them. */
import { delaysBinding, isDefaultStorageClass, storageClassOf } from '@skerry/api';
import type { KubeObject, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@skerry/api';
import { resources } from '@skerry/client';
import { bindCompleted } from '#storage/annotations.ts';
import type { ControllerContext } from '#runtime/controller.ts';
import { Written } from '#runtime/written.ts';

const byPlace = 'binder-place';
const byWait = 'binder-wait';
const byClaim = 'binder-claim';

export type BinderCopies = ReturnType<typeof openCopies>;

export function openCopies({ informers }: ControllerContext) {
  const claims = informers.informer<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const volumes = informers.informer<PersistentVolume>(resources.persistentVolumes);
  const classes = informers.informer<StorageClass>(resources.storageClasses);
  const pods = informers.informer<Pod>(resources.pods);
  const writtenClaims = new Written<PersistentVolumeClaim>();
  const writtenVolumes = new Written<PersistentVolume>();
  volumes.addIndex(byPlace, (volume) => {
    const claim = volume.spec?.claimRef;
    return [claim ? `claim ${claim.namespace}/${claim.name}` : `class ${storageClassOf(volume)}`];
  });
  claims.addIndex(byWait, (claim) => (isBound(claim) ? [] : [storageClassOf(claim)]));
  pods.addIndex(byClaim, (pod) => claimsOf(pod).map((name) => `${pod.metadata.namespace}/${name}`));
  const latestVolume = (volume: PersistentVolume | undefined) => volume && writtenVolumes.latest(volume);
  const latestClaim = (claim: PersistentVolumeClaim | undefined) => claim && writtenClaims.latest(claim);
  return {
    claims,
    volumes,
    classes,
    pods,
    writtenClaims,
    writtenVolumes,
    claim: (namespace: string, name: string) => latestClaim(claims.get(namespace, name)),
    volume: (name: string) => latestVolume(volumes.get(undefined, name)),
    storageClass: (name: string) => (name === '' ? undefined : classes.get(undefined, name)),
    /** Volumes that are promised to the claim, or free and of its class. */
    candidates(claim: PersistentVolumeClaim): PersistentVolume[] {
      const key = `claim ${claim.metadata.namespace}/${claim.metadata.name}`;
      const found = [
        ...volumes.byIndex(byPlace, key),
        ...volumes.byIndex(byPlace, `class ${storageClassOf(claim)}`),
      ];
      return found.map((volume) => writtenVolumes.latest(volume));
    },
    /** Claims of a class that wait for a volume. */
    waiting: (className: string) => claims.byIndex(byWait, className),
    isDelayed: (claim: PersistentVolumeClaim) => delaysBinding(classes.get(undefined, storageClassOf(claim))),
    /** Of several default classes the newest counts; of the same age the first by name. */
    defaultClass(): StorageClass | undefined {
      const age = ({ metadata }: StorageClass) => metadata.creationTimestamp ?? '';
      return classes
        .list()
        .filter(isDefaultStorageClass)
        .toSorted(
          (a, b) =>
            age(b).localeCompare(age(a)) || (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''),
        )[0];
    },
    /** Pods that use the claim and have no node yet. */
    unscheduledPods: ({ metadata }: PersistentVolumeClaim) =>
      pods
        .byIndex(byClaim, `${metadata.namespace}/${metadata.name}`)
        .filter(
          ({ spec, status }) =>
            !spec?.nodeName && status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
        )
        .map((pod) => pod.metadata.name ?? ''),
  };
}

export function isBound({ metadata }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[bindCompleted] !== undefined;
}

/** Names of the claims a pod uses, those of its ephemeral volumes included. */
export function claimsOf({ metadata, spec }: Pod): string[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName];
    return ephemeral ? [`${metadata.name}-${name}`] : [];
  });
}

/** Objects of a local copy are shared: what is changed of one is changed of a copy. */
export function annotationOf({ metadata }: KubeObject, name: string): string | undefined {
  return metadata?.annotations?.[name];
}
