/**
 * Which PersistentVolume may serve which claim. Shared by the controller that binds claims at once and the scheduler that
 * binds them together with the first pod that uses them, so that both always agree.
 * Rules: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
 */
import { compareQuantities, parseQuantity, zeroQuantity, type Quantity } from '../quantity.ts';
import { labelSelectorFrom } from '../selector.ts';
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  TopologySelectorTerm,
} from '../types.generated.ts';
import { matchesNodeSelector } from './node-affinity.ts';

const betaClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** The class of a volume or claim; '' for one without. */
export function storageClassOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[betaClassAnnotation] ?? spec?.storageClassName ?? '';
}

/** Whether a claim says anything of its class; an empty one is a choice too. */
export function namesStorageClass({ metadata, spec }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[betaClassAnnotation] !== undefined || spec?.storageClassName !== undefined;
}

/** Whether a class leaves binding and provisioning to the scheduling of the first pod. */
export function delaysBinding(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

export function isVolumeBoundTo({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const claim = spec?.claimRef;
  if (!claim || claim.name !== metadata.name || claim.namespace !== metadata.namespace) return false;
  return !claim.uid || claim.uid === metadata.uid;
}

export function requestedStorage({ spec }: PersistentVolumeClaim): Quantity {
  return readable(spec?.resources?.requests?.['storage']);
}

export function volumeCapacity({ spec }: PersistentVolume): Quantity {
  return readable(spec?.capacity?.['storage']);
}

function readable(quantity: string | number | undefined): Quantity {
  return quantity === undefined ? zeroQuantity : parseQuantity(quantity);
}

export function modesDiffer({ spec }: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return (spec?.volumeMode ?? 'Filesystem') !== (volume.spec?.volumeMode ?? 'Filesystem');
}

/** Whether the volume can be used in every way that the claim asks for. */
export function allowsAccess(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  const allowed = volume.spec?.accessModes ?? [];
  return (claim.spec?.accessModes ?? []).every((mode) => allowed.includes(mode));
}

function attributesDiffer(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return (claim.spec?.volumeAttributesClassName ?? '') !== (volume.spec?.volumeAttributesClassName ?? '');
}

/** Why a volume that a claim names can't serve it. */
export function volumeUnfitness(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata.deletionTimestamp)
    return `the volume is marked for deletion ${JSON.stringify(volume.metadata.name)}`;
  if (compareQuantities(volumeCapacity(volume), requestedStorage(claim)) < 0)
    return 'requested PV is too small';
  if (attributesDiffer(claim, volume)) return 'volumeAttributesClassName does not match';
  if (storageClassOf(volume) !== storageClassOf(claim)) return 'storageClassName does not match';
  if (modesDiffer(claim, volume)) return 'incompatible volumeMode';
  if (!allowsAccess(claim, volume)) return 'incompatible accessMode';
  return undefined;
}

/** Whether a node is one that can use the volume. */
export function volumeAllowsNode({ spec }: PersistentVolume, node: Node): boolean {
  const required = spec?.nodeAffinity?.required;
  return !required || matchesNodeSelector(required, node);
}

export interface VolumeChoice {
  /** Only volumes that this node can use. */
  readonly node?: Node;
  /** Volumes that were chosen already for other claims of the pod. */
  readonly excluded?: ReadonlySet<string>;
  /** The claim is bound with its first pod: without a node only a volume that is promised to it counts. */
  readonly delayed?: boolean;
}

/** The smallest volume that can serve the claim; one that is promised to it goes before all. */
export function bestVolumeFor(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  { node, excluded, delayed = false }: VolumeChoice = {},
): PersistentVolume | undefined {
  const wanted = requestedStorage(claim);
  const wantedClass = storageClassOf(claim);
  const selector = claim.spec?.selector && labelSelectorFrom(claim.spec.selector);
  let smallest: { volume: PersistentVolume; capacity: Quantity } | undefined;
  for (const volume of volumes) {
    if (excluded?.has(volume.metadata.name ?? '')) continue;
    const promised = isVolumeBoundTo(volume, claim);
    if (volume.spec?.claimRef && !promised) continue;
    const capacity = volumeCapacity(volume);
    if (compareQuantities(capacity, wanted) < 0) continue;
    if (modesDiffer(claim, volume) || volume.metadata.deletionTimestamp) continue;
    const reachable = !node || volumeAllowsNode(volume, node);
    if (promised) return reachable ? volume : undefined;
    if (delayed && !node) continue;
    if (volume.status?.phase !== 'Available' || !reachable) continue;
    if (storageClassOf(volume) !== wantedClass || attributesDiffer(claim, volume)) continue;
    if (selector && !selector.matches(volume.metadata.labels ?? {})) continue;
    if (!allowsAccess(claim, volume)) continue;
    if (!smallest || compareQuantities(capacity, smallest.capacity) < 0) smallest = { volume, capacity };
  }
  return smallest?.volume;
}

/** Whether a node is one of those that a class may make volumes for. No terms allow every node. */
export function matchesTopologyTerms(
  terms: readonly TopologySelectorTerm[] | undefined,
  node: Node,
): boolean {
  if (!terms || terms.length === 0) return true;
  const labels = node.metadata.labels ?? {};
  return terms.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')),
  );
}
