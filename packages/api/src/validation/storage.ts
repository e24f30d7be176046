import type { FieldError } from '#status.ts';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec } from '#types.generated.ts';
import { compareQuantities, isQuantity, parseQuantity } from '#quantity.ts';
import { forbiddenField, immutable, notSupported, required, sameJson } from '#validation/faults.ts';
import { validateLabelSelector } from '#validation/label-selector.ts';
import { validateQuantity } from '#validation/resources.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];
const volumeModes = ['Block', 'Filesystem'];
/** Fields of a volume's spec that say something else than where the data is. */
const notSources = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

function validateModes(modes: readonly string[] | undefined, path: string): FieldError[] {
  if (!modes?.length) return [required(path, 'at least 1 access mode is required')];
  return modes
    .filter((mode) => !accessModes.includes(mode))
    .map((mode) => notSupported(path, mode, accessModes));
}

export function validateVolume({ spec }: PersistentVolume): FieldError[] {
  if (!spec) return [required('spec')];
  const faults = validateModes(spec.accessModes, 'spec.accessModes');
  const storage = spec.capacity?.['storage'];
  if (Object.keys(spec.capacity ?? {}).length === 0) faults.push(required('spec.capacity'));
  else if (storage === undefined) faults.push(notSupported('spec.capacity', spec.capacity, ['storage']));
  else faults.push(...validateQuantity(storage, 'spec.capacity[storage]'));
  const sources = Object.keys(spec).filter((key) => !notSources.has(key));
  if (sources.length === 0) faults.push(required('spec', 'must specify a volume type'));
  for (const source of sources.slice(1))
    faults.push(forbiddenField(`spec.${source}`, 'may not specify more than 1 volume type'));
  if (spec.local && !spec.nodeAffinity)
    faults.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec;
  if (policy && !reclaimPolicies.includes(policy))
    faults.push(notSupported('spec.persistentVolumeReclaimPolicy', policy, reclaimPolicies));
  if (volumeMode && !volumeModes.includes(volumeMode))
    faults.push(notSupported('spec.volumeMode', volumeMode, volumeModes));
  return faults;
}

export function validateVolumeUpdate(next: PersistentVolume, old: PersistentVolume): FieldError[] {
  const source = ({ spec }: PersistentVolume): object =>
    Object.fromEntries(Object.entries(spec ?? {}).filter(([key]) => !notSources.has(key)));
  const faults: FieldError[] = sameJson(source(next), source(old))
    ? []
    : [
        forbiddenField(
          'spec.persistentvolumesource',
          'spec.persistentvolumesource is immutable after creation',
        ),
      ];
  faults.push(...immutable('spec.volumeMode', next.spec?.volumeMode, old.spec?.volumeMode));
  if (old.spec?.nodeAffinity)
    faults.push(...immutable('spec.nodeAffinity', next.spec?.nodeAffinity, old.spec.nodeAffinity));
  return faults;
}

export function validateClaimSpec(spec: PersistentVolumeClaimSpec | undefined, path: string): FieldError[] {
  if (!spec) return [required(path)];
  const faults = [
    ...validateModes(spec.accessModes, `${path}.accessModes`),
    ...validateLabelSelector(spec.selector, `${path}.selector`),
  ];
  const storage = spec.resources?.requests?.['storage'];
  if (storage === undefined) faults.push(required(`${path}.resources[storage]`));
  else faults.push(...validateQuantity(storage, `${path}.resources[storage]`));
  if (spec.volumeMode && !volumeModes.includes(spec.volumeMode))
    faults.push(notSupported(`${path}.volumeMode`, spec.volumeMode, volumeModes));
  return faults;
}

export function validateClaim({ spec }: PersistentVolumeClaim): FieldError[] {
  return validateClaimSpec(spec, 'spec');
}

/** A bound claim may ask for more; an unbound one may be bound. */
export function validateClaimUpdate(next: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const fixed = ({ spec }: PersistentVolumeClaim): object => {
    const { resources, volumeName, ...rest } = spec ?? {};
    return {
      ...rest,
      volumeAttributesClassName: undefined,
      ...(old.spec?.volumeName ? { volumeName } : {}),
      requests: { ...resources?.requests, storage: undefined },
    };
  };
  const path = 'spec';
  const faults: FieldError[] = sameJson(fixed(next), fixed(old))
    ? []
    : [
        forbiddenField(
          path,
          'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
        ),
      ];
  const asked = next.spec?.resources?.requests?.['storage'];
  const before = old.spec?.resources?.requests?.['storage'];
  if (
    isQuantity(asked) &&
    isQuantity(before) &&
    compareQuantities(parseQuantity(asked), parseQuantity(before)) < 0
  )
    faults.push(
      forbiddenField(`${path}.resources.requests.storage`, 'field can not be less than previous value'),
    );
  return faults;
}
