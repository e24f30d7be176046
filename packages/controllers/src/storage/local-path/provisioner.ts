/**
 * Makes volumes of the class `local-path.skerry.io`, and deletes them: folders on the node that the scheduler chose for the claim's
 * first pod. The node makes and removes them; a volume exists only once its folder does, and goes only after it. So while
 * a machine is cut off, its volumes wait, and the events say for what.
 *
 * It is an ordinary external provisioner to the binder and the scheduler, by the annotations that those have, and its events
 * are worded as theirs. A folder is not a partition: see docs/concepts/storage.md for what its size means.
 */
import { delaysBinding, isApiError, storageClassOf, volumeAllowsNode } from '@skerry/api';
import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@skerry/api';
import { describeError } from '@skerry/base';
import { resources } from '@skerry/client';
import { release } from '#core/storage-protection/finalizer.ts';
import {
  provisionerFinalizer,
  selectedNode,
  storageProvisioner,
  withoutAnnotation,
} from '#storage/annotations.ts';
import {
  isLocalVolume,
  localVolume,
  localVolumeName,
  sizeBytesOf,
  unservable,
} from '#storage/local-path/local-volume.ts';
import { nodeVolumes } from '#storage/local-path/node-volumes.ts';
import { localPathProvisioner } from '#storage/local-path/storage-class.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';

/** A node that can't be asked is asked again after this long, or when it is Ready again. */
const againMs = 60_000;

export function createLocalPathProvisioner(context: ControllerContext): Controller {
  const { client, informers, events, log } = context;
  const folders = nodeVolumes(client);
  const claims = informers.informer<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const volumes = informers.informer<PersistentVolume>(resources.persistentVolumes);
  const classes = informers.informer<StorageClass>(resources.storageClasses);
  const nodes = informers.informer<Node>(resources.nodes);
  const claimClient = client.resource<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const volumeClient = client.resource<PersistentVolume>(resources.persistentVolumes);
  const queue = createQueue(context);
  const onClaim = (claim: PersistentVolumeClaim) => {
    const { annotations, namespace, name } = claim.metadata;
    if (annotations?.[storageProvisioner] === localPathProvisioner && !claim.spec?.volumeName)
      queue.add(`claim/${namespace}/${name}`);
  };
  const onVolume = (volume: PersistentVolume) => {
    if (isToGo(volume)) queue.add(`volume/${volume.metadata.name}`);
  };
  claims.addHandler({ onAdd: onClaim, onUpdate: onClaim });
  volumes.addHandler({ onAdd: onVolume, onUpdate: onVolume });
  nodes.addHandler({
    onUpdate(node, old) {
      if (isReady(node) && !isReady(old)) volumes.list().forEach(onVolume);
    },
    onDelete: () => volumes.list().forEach(onVolume),
  });

  async function provision(namespace: string, name: string): Promise<void> {
    const claim = claims.get(namespace, name);
    if (!claim || claim.spec?.volumeName || claim.metadata.deletionTimestamp) return;
    const storageClass = classes.get(undefined, storageClassOf(claim));
    if (storageClass?.provisioner !== localPathProvisioner) return;
    const nodeName = claim.metadata.annotations?.[selectedNode];
    if (delaysBinding(storageClass) && nodeName === undefined) return;
    if (volumes.get(undefined, localVolumeName(claim))) return;
    const unable =
      nodeName === undefined
        ? 'no node was selected: the class needs volumeBindingMode WaitForFirstConsumer'
        : unservable(claim);
    if (nodeName === undefined || unable) {
      fail(claim, storageClass, unable ?? '');
      return;
    }
    const message = `External provisioner is provisioning volume for claim "${namespace}/${name}"`;
    events.record(claim, { type: 'Normal', reason: 'Provisioning', message });
    const node = nodes.get(undefined, nodeName);
    if (!node) {
      await giveBack(claim, storageClass, `failed to get target node: nodes "${nodeName}" not found`);
      return;
    }
    let path: string;
    try {
      ({ path } = await folders.ensure(nodeName, localVolumeName(claim), { sizeBytes: sizeBytesOf(claim) }));
    } catch (error) {
      await giveBack(claim, storageClass, `node ${nodeName} made no folder: ${describeError(error)}`);
      return;
    }
    await volumeClient.create(localVolume(claim, { storageClass, node, path })).catch((error: unknown) => {
      if (!isApiError(error, 'AlreadyExists')) throw error;
    });
    const made = `Successfully provisioned volume ${localVolumeName(claim)}`;
    events.record(claim, { type: 'Normal', reason: 'ProvisioningSucceeded', message: made });
  }

  function fail(claim: PersistentVolumeClaim, { metadata }: StorageClass, why: string): void {
    const message = `failed to provision volume with StorageClass ${JSON.stringify(metadata.name)}: ${why}`;
    events.record(claim, { type: 'Warning', reason: 'ProvisioningFailed', message });
  }

  /** Another node may do better: the scheduler is to choose again. */
  async function giveBack(
    claim: PersistentVolumeClaim,
    storageClass: StorageClass,
    why: string,
  ): Promise<void> {
    fail(claim, storageClass, why);
    await claimClient.update(withoutAnnotation(claim, selectedNode));
  }

  async function remove(name: string): Promise<Requeue | undefined> {
    const volume = volumes.get(undefined, name);
    if (!volume || !isToGo(volume)) return undefined;
    for (const node of nodes.list().filter((each) => volumeAllowsNode(volume, each))) {
      try {
        await folders.remove(node.metadata.name ?? '', name);
      } catch (error) {
        const message = `node ${node.metadata.name} did not remove the folder: ${describeError(error)}`;
        events.record(volume, { type: 'Warning', reason: 'VolumeFailedDelete', message });
        return { afterMs: againMs };
      }
    }
    log.info('local volume removed', { volume: name, path: volume.spec?.local?.path });
    const { uid } = volume.metadata;
    await volumeClient.delete(name, { preconditions: { uid } }).catch(ignoreGone);
    const left = await volumeClient.get(name).catch(ignoreGone);
    if (left && left.metadata.uid === uid) await release(volumeClient, left, provisionerFinalizer);
    return undefined;
  }

  return createController({
    name: 'local-path-provisioner',
    context,
    waitFor: [claims, volumes, classes, nodes],
    queue,
    async reconcile(key) {
      const [kind, first = '', second = ''] = key.split('/');
      return kind === 'claim' ? provision(first, second) : remove(first);
    },
  });
}

function isToGo(volume: PersistentVolume): boolean {
  const { metadata, spec, status } = volume;
  if (!isLocalVolume(volume) || spec?.persistentVolumeReclaimPolicy !== 'Delete') return false;
  const isReleased = status?.phase === 'Released' || status?.phase === 'Failed';
  // One that is deleted before any claim had it.
  return isReleased || (metadata.deletionTimestamp !== undefined && status?.phase === 'Available');
}

function isReady({ status }: Node): boolean {
  return (
    status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ??
    false
  );
}

function ignoreGone(error: unknown): undefined {
  if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) throw error;
}
