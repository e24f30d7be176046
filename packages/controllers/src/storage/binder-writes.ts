/**
 * The steps of a binding, each a write of its own, in an order in which a binder that dies between two of them finds what
 * to do next: the volume says whose it is, then that it is bound, then the claim says what it has, then that it is bound.
 */
import { compareQuantities, isVolumeBoundTo, parseQuantity } from '@skerry/api';
import type { PersistentVolume, PersistentVolumeClaim } from '@skerry/api';
import { resources } from '@skerry/client';
import { bindCompleted, boundByController, withAnnotation, withoutAnnotation } from '#storage/annotations.ts';
import type { BinderCopies } from '#storage/binder-copies.ts';
import type { ControllerContext } from '#runtime/controller.ts';
import { isSame } from '#runtime/canonical.ts';

export type BinderWrites = ReturnType<typeof binderWrites>;

export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export function binderWrites({ client, events }: ControllerContext, copies: BinderCopies) {
  const claimClient = client.resource<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const volumeClient = client.resource<PersistentVolume>(resources.persistentVolumes);
  const saveClaim = async (claim: PersistentVolumeClaim, subresource?: string) =>
    copies.writtenClaims.note(await claimClient.update(claim, subresource ? { subresource } : {}));
  const saveVolume = async (volume: PersistentVolume, subresource?: string) =>
    copies.writtenVolumes.note(await volumeClient.update(volume, subresource ? { subresource } : {}));

  async function volumePhase(
    volume: PersistentVolume,
    phase: string,
    { told, message }: { told?: Told; message?: string } = {},
  ): Promise<PersistentVolume> {
    const { status } = volume;
    if (status?.phase === phase && (status.message ?? '') === (message ?? '')) return volume;
    const { message: _old, ...kept } = status ?? {};
    const saved = await saveVolume(
      { ...volume, status: { ...kept, phase, ...(message ? { message } : {}) } },
      'status',
    );
    if (told && status?.phase !== phase) events.record(saved, told);
    return saved;
  }

  async function claimPhase(
    claim: PersistentVolumeClaim,
    phase: 'Pending' | 'Bound' | 'Lost',
    { volume, told }: { volume?: PersistentVolume; told?: Told } = {},
  ): Promise<PersistentVolumeClaim> {
    const old = claim.status ?? {};
    const {
      accessModes: _modes,
      capacity: _capacity,
      currentVolumeAttributesClassName: _class,
      ...kept
    } = old;
    const status: PersistentVolumeClaim['status'] = volume
      ? { ...old, phase, accessModes: volume.spec?.accessModes, ...boundSize(old, phase, volume) }
      : { ...kept, phase };
    if (isSame(status, old)) return claim;
    const saved = await saveClaim({ ...claim, status }, 'status');
    if (told && old.phase !== phase) events.record(saved, told);
    return saved;
  }

  /** Whose the volume is. */
  async function claimVolume(
    volume: PersistentVolume,
    claim: PersistentVolumeClaim,
  ): Promise<PersistentVolume> {
    const { name, namespace, uid, resourceVersion } = claim.metadata;
    const held = volume.spec?.claimRef;
    if (held?.name === name && held?.namespace === namespace && held?.uid === uid) return volume;
    const claimRef = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      name,
      namespace,
      uid,
      resourceVersion,
    };
    const claimed = { ...volume, spec: { ...volume.spec, claimRef } };
    return saveVolume(
      isVolumeBoundTo(volume, claim) ? claimed : withAnnotation(claimed, { [boundByController]: 'yes' }),
    );
  }

  /** What the claim has. */
  async function nameVolume(
    claim: PersistentVolumeClaim,
    volume: PersistentVolume,
  ): Promise<PersistentVolumeClaim> {
    const { annotations = {} } = claim.metadata;
    const isNamed = claim.spec?.volumeName === volume.metadata.name;
    if (isNamed && annotations[bindCompleted] !== undefined) return claim;
    const named = { ...claim, spec: { ...claim.spec, volumeName: volume.metadata.name } };
    const added = { [bindCompleted]: 'yes', ...(isNamed ? {} : { [boundByController]: 'yes' }) };
    return saveClaim(withAnnotation(named, added));
  }

  return {
    saveClaim,
    saveVolume,
    volumePhase,
    claimPhase,

    async bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
      const claimed = await claimVolume(volume, claim);
      const bound = await volumePhase(claimed, 'Bound');
      const named = await nameVolume(claim, bound);
      await claimPhase(named, 'Bound', { volume: bound });
    },

    /** Takes back what the controller promised; of a promise that a person made, only whose it became. */
    async unbind(volume: PersistentVolume): Promise<void> {
      const isOurs = volume.metadata.annotations?.[boundByController] !== undefined;
      const { claimRef, ...spec } = volume.spec ?? {};
      const { uid: _uid, ...promise } = claimRef ?? {};
      const free = isOurs
        ? withoutAnnotation({ ...volume, spec }, boundByController)
        : { ...volume, spec: { ...spec, claimRef: promise } };
      await volumePhase(await saveVolume(free), 'Available');
    },
  };
}

/** A claim takes its size from the volume when it is bound; later that is for those who resize it. */
function boundSize(
  old: NonNullable<PersistentVolumeClaim['status']>,
  phase: string,
  { spec }: PersistentVolume,
): Pick<NonNullable<PersistentVolumeClaim['status']>, 'capacity' | 'currentVolumeAttributesClassName'> {
  const size = spec?.capacity?.['storage'];
  if (old.phase === phase && old.capacity?.['storage'] !== undefined) return {};
  if (size === undefined || sameSize(old.capacity?.['storage'], size)) return {};
  return {
    capacity: { ...spec?.capacity },
    ...(spec?.volumeAttributesClassName
      ? { currentVolumeAttributesClassName: spec.volumeAttributesClassName }
      : {}),
  };
}

function sameSize(a: string | undefined, b: string): boolean {
  return a !== undefined && compareQuantities(parseQuantity(a), parseQuantity(b)) === 0;
}
