/**
 * Lets volumes of the local-path provisioner grow with their claims. There is nothing to enlarge: the node is asked whether its disk is
 * big enough for the new size, then volume and claim say it. The steps and conditions are those of stock resizers.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims
 */
import { compareQuantities, requestedStorage, volumeAllowsNode, volumeCapacity } from '@skerry/api';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '@skerry/api';
import { describeError } from '@skerry/base';
import { resources } from '@skerry/client';
import { isToGrow } from '#storage/expander.ts';
import { isLocalVolume, sizeBytesOf } from '#storage/local-path/local-volume.ts';
import { nodeVolumes } from '#storage/local-path/node-volumes.ts';
import { localPathProvisioner } from '#storage/local-path/storage-class.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { splitKey, withCondition } from '#runtime/status.ts';

/** A node that refused, or can't be asked, is asked again after this long. */
const againMs = 60_000;

type ClaimStatus = NonNullable<PersistentVolumeClaim['status']>;

export function createLocalPathResizer(context: ControllerContext): Controller {
  const { client, informers, events, clock } = context;
  const folders = nodeVolumes(client);
  const claims = informers.informer<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const volumes = informers.informer<PersistentVolume>(resources.persistentVolumes);
  const nodes = informers.informer<Node>(resources.nodes);
  const claimClient = client.resource<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const volumeClient = client.resource<PersistentVolume>(resources.persistentVolumes);
  const queue = createQueue(context);
  const onClaim = (claim: PersistentVolumeClaim) => {
    if (isToGrow(claim)) queue.add(`${claim.metadata.namespace}/${claim.metadata.name}`);
  };
  claims.addHandler({ onAdd: onClaim, onUpdate: onClaim });

  const saveStatus = (claim: PersistentVolumeClaim, status: ClaimStatus) =>
    claimClient.update({ ...claim, status }, { subresource: 'status' });

  async function begin(claim: PersistentVolumeClaim, volumeName: string): Promise<PersistentVolumeClaim> {
    const held = claim.status?.conditions?.find(({ type }) => type === 'Resizing');
    if (held?.status === 'True') return claim;
    const message = `External resizer is resizing volume ${volumeName}`;
    events.record(claim, { type: 'Normal', reason: 'Resizing', message });
    const storage = claim.spec?.resources?.requests?.['storage'] ?? '0';
    return saveStatus(claim, {
      ...claim.status,
      allocatedResources: { ...claim.status?.allocatedResources, storage },
      allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' },
      conditions: withCondition(claim.status?.conditions, { type: 'Resizing', status: 'True' }, clock.now()),
    });
  }

  async function grow(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const wanted = requestedStorage(claim);
    const storage = claim.spec?.resources?.requests?.['storage'] ?? '0';
    const name = volume.metadata.name ?? '';
    const [node] = nodes.list().filter((each) => volumeAllowsNode(volume, each));
    if (!node) throw new Error('its node is not part of the cluster');
    await folders.ensure(node.metadata.name ?? '', name, { sizeBytes: sizeBytesOf(claim) });
    if (compareQuantities(volumeCapacity(volume), wanted) < 0)
      await volumeClient.patch(name, { spec: { capacity: { storage } } }, { type: 'merge' });
    const over = new Set(['Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError']);
    const { allocatedResourceStatuses: _statuses, ...status } = claim.status ?? {};
    await saveStatus(claim, {
      ...status,
      capacity: { ...status.capacity, storage },
      allocatedResources: { ...status.allocatedResources, storage },
      conditions: status.conditions?.filter(({ type }) => !over.has(type)),
    });
    events.record(claim, {
      type: 'Normal',
      reason: 'VolumeResizeSuccessful',
      message: 'Resize volume succeeded',
    });
  }

  return createController({
    name: 'local-path-resizer',
    context,
    waitFor: [claims, volumes, nodes],
    queue,
    async reconcile(key): Promise<Requeue | undefined> {
      const { namespace, name } = splitKey(key);
      const claim = claims.get(namespace, name);
      if (!claim || !isToGrow(claim)) return undefined;
      const volume = volumes.get(undefined, claim.spec?.volumeName ?? '');
      if (!volume || !isLocalVolume(volume)) return undefined;
      const volumeName = volume.metadata.name ?? '';
      const begun = await begin(claim, volumeName);
      try {
        await grow(volume, begun);
        return undefined;
      } catch (error) {
        const message = `resize volume ${JSON.stringify(volumeName)} by resizer ${JSON.stringify(localPathProvisioner)} failed: ${describeError(error)}`;
        events.record(claim, { type: 'Warning', reason: 'VolumeResizeFailed', message });
        return { afterMs: againMs };
      }
    },
  });
}
