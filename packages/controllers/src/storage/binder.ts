/**
 * Binds claims to volumes, says in both what they are to each other, and deals with volumes whose claim has gone.
 *
 * One worker: two claims at once could choose one volume. The order of writes and the annotations are those of stock
 * clusters, so that a cluster's tools, and a binder that takes over half-way, read them alike. Volumes are made by
 * provisioners, which are told by an annotation of the claim; there are no in-tree ones, and no recycler.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#lifecycle-of-a-volume-and-claim
 */
import { bestVolumeFor, isVolumeBoundTo, modesDiffer, storageClassOf, volumeUnfitness } from '@skerry/api';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@skerry/api';
import { resources } from '@skerry/client';
import { isApiError } from '@skerry/api';
import {
  betaStorageProvisioner,
  boundByController,
  provisionedBy,
  selectedNode,
  storageProvisioner,
  withAnnotation,
} from '#storage/annotations.ts';
import { annotationOf, claimsOf, isBound, openCopies } from '#storage/binder-copies.ts';
import { binderWrites, type Told } from '#storage/binder-writes.ts';
import { volumeNumbers } from '#storage/volume-numbers.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { numbersOf } from '#runtime/numbers.ts';

/** As often a claim that waits is looked at again, and its events say that it still waits. */
const againMs = 15_000;

export function createVolumeBinder(context: ControllerContext): Controller {
  const { client, events } = context;
  const copies = openCopies(context);
  const writes = binderWrites(context, copies);
  const queue = createQueue(context);
  const numbers = numbersOf(context, volumeNumbers);
  numbers.follow(copies);
  const addClaim = ({ metadata }: { metadata: { namespace?: string; name?: string } }) =>
    queue.add(`claim/${metadata.namespace}/${metadata.name}`);
  const addVolume = (name: string | undefined) => name && queue.add(`volume/${name}`);
  const addWaiting = (className: string) => copies.waiting(className).forEach(addClaim);
  const onVolume = (volume: PersistentVolume) => {
    addVolume(volume.metadata.name);
    const claim = volume.spec?.claimRef;
    if (claim) addClaim({ metadata: claim });
    else addWaiting(storageClassOf(volume));
  };
  const onClass = ({ metadata }: StorageClass) => {
    addWaiting(metadata.name ?? '');
    addWaiting('');
  };
  copies.claims.addHandler({
    onAdd: addClaim,
    onUpdate: addClaim,
    onDelete(claim) {
      copies.writtenClaims.forget(claim);
      addVolume(claim.spec?.volumeName);
      for (const volume of copies.candidates(claim)) addVolume(volume.metadata.name);
    },
  });
  copies.volumes.addHandler({
    onAdd: onVolume,
    onUpdate(volume, old) {
      onVolume(volume);
      // Who had it has it no longer.
      const had = old.spec?.claimRef;
      if (had && had.name !== volume.spec?.claimRef?.name) addClaim({ metadata: had });
    },
    onDelete(volume) {
      copies.writtenVolumes.forget(volume);
      if (volume.spec?.claimRef) addClaim({ metadata: volume.spec.claimRef });
    },
  });
  copies.classes.addHandler({ onAdd: onClass, onUpdate: onClass });

  copies.pods.addHandler({
    onAdd(pod) {
      for (const name of claimsOf(pod)) {
        const claim = copies.claims.get(pod.metadata.namespace, name);
        if (claim && !isBound(claim)) addClaim(claim);
      }
    },
  });

  const tell = (
    object: PersistentVolumeClaim | PersistentVolume,
    type: Told['type'],
    reason: string,
    message: string,
  ) => events.record(object, { type, reason, message });

  async function syncClaim(namespace: string, name: string): Promise<Requeue | undefined> {
    const claim = copies.claim(namespace, name);
    if (!claim) return undefined;
    if (isBound(claim)) return syncBound(claim);
    return claim.spec?.volumeName ? syncNamed(claim, claim.spec.volumeName) : syncUnbound(claim);
  }

  async function syncUnbound(claim: PersistentVolumeClaim): Promise<Requeue | undefined> {
    const delayed = copies.isDelayed(claim);
    const volume = bestVolumeFor(claim, copies.candidates(claim), { delayed });
    if (volume) {
      await writes.bind(volume, claim);
      return undefined;
    }
    if (claim.metadata.deletionTimestamp) return undefined;
    if (await assignDefaultClass(claim)) return undefined;
    if (delayed && annotationOf(claim, selectedNode) === undefined) sayWhatItWaitsFor(claim);
    else if (storageClassOf(claim) !== '') {
      await askProvisioner(claim);
      return { afterMs: againMs };
    } else {
      const message = 'no persistent volumes available for this claim and no storage class is set';
      tell(claim, 'Normal', 'FailedBinding', message);
    }
    await writes.claimPhase(claim, 'Pending');
    return { afterMs: againMs };
  }

  function sayWhatItWaitsFor(claim: PersistentVolumeClaim): void {
    const pods = copies.unscheduledPods(claim);
    if (pods.length === 0) {
      const message = 'waiting for first consumer to be created before binding';
      tell(claim, 'Normal', 'WaitForFirstConsumer', message);
      return;
    }
    const named = pods.length > 1 ? `pods ${pods.join(',')}` : `pod ${pods[0]}`;
    tell(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${named} to be scheduled`);
  }

  /** A claim that named no class when there was no default one gets it when there is. */
  async function assignDefaultClass(claim: PersistentVolumeClaim): Promise<boolean> {
    const isSilent =
      claim.spec?.storageClassName === undefined &&
      annotationOf(claim, 'volume.beta.kubernetes.io/storage-class') === undefined;
    const found = isSilent ? copies.defaultClass() : undefined;
    if (!found) return false;
    try {
      await writes.saveClaim({ ...claim, spec: { ...claim.spec, storageClassName: found.metadata.name } });
      numbers.classAssigned('success');
    } catch (error) {
      numbers.classAssigned('error');
      throw error;
    }
    return true;
  }

  /** Tells the provisioner of the claim's class, by an annotation, that a volume is wanted. */
  async function askProvisioner(claim: PersistentVolumeClaim): Promise<void> {
    const className = storageClassOf(claim);
    const found = copies.storageClass(className);
    const fault = found ? builtInFault(found) : `storageclass.storage.k8s.io "${className}" not found`;
    if (!found || fault) {
      tell(claim, 'Warning', 'ProvisioningFailed', fault ?? '');
      return;
    }
    const { provisioner } = found;
    const told = { [storageProvisioner]: provisioner, [betaStorageProvisioner]: provisioner };
    const isTold = Object.keys(told).every((name) => annotationOf(claim, name) === provisioner);
    const asked = isTold ? claim : await writes.saveClaim(withAnnotation(claim, told));
    tell(
      asked,
      'Normal',
      'ExternalProvisioning',
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the ` +
        'system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.',
    );
  }

  /** The claim names its volume: it takes that one or waits for it. */
  async function syncNamed(claim: PersistentVolumeClaim, volumeName: string): Promise<Requeue | undefined> {
    const volume = copies.volume(volumeName);
    const waits = { afterMs: againMs };
    if (!volume) {
      await writes.claimPhase(claim, 'Pending');
      return waits;
    }
    if (!volume.spec?.claimRef) {
      const unfit = volumeUnfitness(volume, claim);
      if (!unfit) return bound(volume, claim);
      tell(
        claim,
        'Warning',
        'VolumeMismatch',
        `Cannot bind to requested volume ${JSON.stringify(volumeName)}: ${unfit}`,
      );
      await writes.claimPhase(claim, 'Pending');
      return waits;
    }
    if (isVolumeBoundTo(volume, claim)) return bound(volume, claim);
    if (annotationOf(claim, boundByController) === undefined)
      tell(
        claim,
        'Warning',
        'FailedBinding',
        `volume ${JSON.stringify(volumeName)} already bound to a different claim.`,
      );
    await writes.claimPhase(claim, 'Pending');
    return waits;
  }

  async function bound(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<undefined> {
    await writes.bind(volume, claim);
  }

  async function syncBound(claim: PersistentVolumeClaim): Promise<undefined> {
    const { volumeName } = claim.spec ?? {};
    const volume = volumeName ? copies.volume(volumeName) : undefined;
    const holder = volume?.spec?.claimRef;
    if (volume && (!holder || holder.uid === claim.metadata.uid)) return bound(volume, claim);
    const lost = (reason: string, message: string) =>
      writes.claimPhase(claim, 'Lost', { told: { type: 'Warning', reason, message } });
    if (!volumeName) {
      await lost(
        'ClaimLost',
        'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
      );
    } else if (!volume) {
      await lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
    } else {
      await lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
    }
    return undefined;
  }

  async function syncVolume(name: string): Promise<void> {
    const volume = copies.volume(name);
    if (!volume) return;
    const holder = volume.spec?.claimRef;
    if (!holder?.uid) {
      await writes.volumePhase(volume, 'Available');
      return;
    }
    const claim = await claimOf(volume);
    if (!claim) await release(volume);
    else if (!claim.spec?.volumeName) meet(volume, claim);
    else if (claim.spec.volumeName === name) await writes.volumePhase(volume, 'Bound');
    else if (isMadeToGo(volume)) await release(volume);
    else await writes.unbind(volume);
  }

  /** Data may hang on it, so a claim that the local copy doesn't show is asked for before it counts as gone. */
  async function claimOf({ spec }: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
    const { namespace = '', name = '', uid } = spec?.claimRef ?? {};
    const known = copies.claim(namespace, name);
    if (known?.metadata.uid === uid) return known;
    const claimClient = client.resource<PersistentVolumeClaim>(resources.persistentVolumeClaims);
    try {
      const read = await claimClient.get(name, { namespace });
      return read.metadata.uid === uid ? read : undefined;
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  function meet(volume: PersistentVolume, claim: PersistentVolumeClaim): void {
    if (!modesDiffer(claim, volume)) {
      addClaim(claim);
      return;
    }
    const to = (what: string, whose: string) => `Cannot bind ${what} due to incompatible volumeMode.${whose}`;
    tell(
      volume,
      'Warning',
      'VolumeMismatch',
      to(`PersistentVolume to requested PersistentVolumeClaim ${JSON.stringify(claim.metadata.name)}`, ''),
    );
    tell(
      claim,
      'Warning',
      'VolumeMismatch',
      to(`PersistentVolume ${JSON.stringify(volume.metadata.name)} to requested PersistentVolumeClaim`, ''),
    );
  }

  /** The claim has gone: what becomes of the volume is for its policy to say. */
  async function release(volume: PersistentVolume): Promise<void> {
    const { phase } = volume.status ?? {};
    const isKnown = phase === 'Released' || phase === 'Failed';
    const released = isKnown ? volume : await writes.volumePhase(volume, 'Released');
    const fail = (reason: string, message: string) =>
      writes.volumePhase(released, 'Failed', { message, told: { type: 'Warning', reason, message } });
    switch (volume.spec?.persistentVolumeReclaimPolicy) {
      case 'Retain':
        return;
      case 'Recycle':
        await fail('VolumeFailedRecycle', 'No recycler plugin found for the volume!');
        return;
      case 'Delete': {
        const by = annotationOf(volume, provisionedBy);
        // Whoever made it deletes it.
        if (by && !by.startsWith('kubernetes.io/')) return;
        // So it is said of a driver.
        if (volume.spec.csi) return;
        const name = JSON.stringify(volume.metadata.name);
        await fail(
          'VolumeFailedDelete',
          `error getting deleter volume plugin for volume ${name}: no deletable volume plugin matched`,
        );
        return;
      }
      default:
        await fail('VolumeUnknownReclaimPolicy', 'Volume has an unrecognized PersistentVolumeReclaimPolicy');
    }
  }

  return createController({
    name: 'persistentvolume-binder-controller',
    context,
    waitFor: [copies.claims, copies.volumes, copies.classes, copies.pods],
    queue,
    workers: 1,
    reconcile(key) {
      const [kind, first = '', second = ''] = key.split('/');
      return kind === 'claim' ? syncClaim(first, second) : syncVolume(first);
    },
  });
}

function isMadeToGo({ metadata, spec }: PersistentVolume): boolean {
  return (
    metadata.annotations?.[provisionedBy] !== undefined && spec?.persistentVolumeReclaimPolicy === 'Delete'
  );
}

/** Stock clusters once had provisioners of their own, whose names still stand in classes. */
function builtInFault({ provisioner }: StorageClass): string | undefined {
  return provisioner.startsWith('kubernetes.io/')
    ? `no volume plugin matched name: ${provisioner}`
    : undefined;
}
