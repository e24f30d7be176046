/** Drivers of the Container Storage Interface, the nodes they run on, the room they have, and what they have attached. */
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type {
  CSIDriver,
  CSINode,
  CSINodeDriver,
  CSIStorageCapacity,
  VolumeAttachment,
  VolumeError,
} from '#types.generated.ts';
import { inOrder } from '#validation/apps/template.ts';
import {
  checkImmutable,
  checkNotNegative,
  checkOptionalChoice,
  checkReasons,
  duplicateValue,
  forbiddenField,
  invalidValue,
  notSupported,
  rangeFault,
  required,
  sameJson,
  tooLong,
} from '#validation/faults.ts';
import { checkLabelSelector } from '#validation/label-selector.ts';
import { dnsSubdomainFaults } from '#validation/names.ts';
import { checkNotNegativeQuantity } from '#validation/resources.ts';
import { typedForm } from '#validation/typed-form.ts';
import { checkCsiDriverName } from '#validation/volume-sources.ts';

const nodeIdLengthMax = 256;

export function validateCsiNode({ spec }: CSINode): FieldError[] {
  const faults: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, driver] of (spec?.drivers ?? []).entries()) {
    const at = `spec.drivers[${index}]`;
    const { name, nodeID, allocatable, topologyKeys } = driver;
    checkCsiDriverName(faults, name, `${at}.name`);
    if (!nodeID) faults.push(required(`${at}.nodeID`));
    if (nodeID.length > nodeIdLengthMax)
      faults.push(invalidValue(`${at}.nodeID`, nodeID, `must be ${nodeIdLengthMax} characters or less`));
    checkNotNegative(faults, `${at}.allocatable.count`, allocatable?.count);
    if (names.has(name)) faults.push(duplicateValue(`${at}.name`, name));
    names.add(name);
    const keys = new Set<string>();
    for (const key of topologyKeys ?? []) {
      if (!key) faults.push(required(at));
      if (keys.has(key)) faults.push(duplicateValue(at, key));
      keys.add(key);
      checkReasons(faults, at, key, labelKeyFaults(key));
    }
  }
  return faults;
}

/** What a driver says about a node stays while it is there, but for how much there is. */
export function validateCsiNodeUpdate(next: CSINode, old: CSINode): FieldError[] {
  const faults = validateCsiNode(next);
  for (const before of old.spec?.drivers ?? [])
    for (const now of next.spec?.drivers ?? []) {
      if (now.name !== before.name) continue;
      const fixed = (driver: CSINodeDriver): CSINodeDriver => ({ ...driver, allocatable: undefined });
      if (!sameJson(fixed(now), fixed(before)))
        faults.push(
          invalidValue('spec.drivers', typedForm('storage.CSINodeDriver', fixed(now)), 'field is immutable'),
        );
    }
  return faults;
}

const groupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType'];
const updateSecondsMin = 10;
const tokenSecondsMin = 600;

export function validateCsiDriver({ spec }: CSIDriver): FieldError[] {
  const faults: FieldError[] = [];
  const given = spec ?? {};
  if (given.attachRequired === undefined) faults.push(required('spec.attachedRequired'));
  if (given.podInfoOnMount === undefined) faults.push(required('spec.podInfoOnMount'));
  if (given.storageCapacity === undefined) faults.push(required('spec.storageCapacity'));
  checkOptionalChoice(faults, 'spec.fsGroupPolicy', given.fsGroupPolicy, groupPolicies);
  checkTokenRequests(faults, given.tokenRequests ?? []);
  for (const mode of given.volumeLifecycleModes ?? [])
    if (mode !== 'Persistent' && mode !== 'Ephemeral')
      faults.push(notSupported('spec.volumeLifecycleModes', mode, ['Persistent', 'Ephemeral']));
  if (given.seLinuxMount === undefined) faults.push(required('spec.seLinuxMount'));
  const period = given.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < updateSecondsMin)
    faults.push(
      invalidValue(
        'spec.nodeAllocatableUpdatePeriodSeconds',
        period,
        `must be greater than or equal to ${updateSecondsMin} seconds`,
      ),
    );
  const inSecrets = given.serviceAccountTokenInSecrets;
  if (inSecrets !== undefined && !given.tokenRequests?.length)
    faults.push(
      invalidValue(
        'spec.serviceAccountTokenInSecrets',
        inSecrets,
        'serviceAccountTokenInSecrets is set but no tokenRequests are specified',
      ),
    );
  return faults;
}

function checkTokenRequests(
  faults: FieldError[],
  requests: readonly { readonly audience: string; readonly expirationSeconds?: number }[],
): void {
  const audiences = new Set<string>();
  for (const [index, { audience, expirationSeconds: seconds }] of requests.entries()) {
    const at = `spec.tokenRequests[${index}]`;
    if (audiences.has(audience)) {
      faults.push(duplicateValue(`${at}.audience`, audience));
      continue;
    }
    audiences.add(audience);
    if (seconds === undefined) continue;
    if (seconds < tokenSecondsMin)
      faults.push(
        invalidValue(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'),
      );
    if (seconds > 2 ** 32)
      faults.push(
        invalidValue(
          `${at}.expirationSeconds`,
          seconds,
          'may not specify a duration larger than 2^32 seconds',
        ),
      );
  }
}

export function validateCsiDriverUpdate(next: CSIDriver, old: CSIDriver): FieldError[] {
  const faults = validateCsiDriver(next);
  checkImmutable(faults, 'spec.attachedRequired', next.spec?.attachRequired, old.spec?.attachRequired);
  checkImmutable(
    faults,
    'spec.volumeLifecycleModes',
    next.spec?.volumeLifecycleModes,
    old.spec?.volumeLifecycleModes,
  );
  return faults;
}

export function validateStorageCapacity(capacity: CSIStorageCapacity): FieldError[] {
  const faults: FieldError[] = [];
  const { nodeTopology, storageClassName } = capacity;
  checkLabelSelector(faults, nodeTopology, 'nodeTopology');
  checkReasons(faults, 'storageClassName', storageClassName, dnsSubdomainFaults(storageClassName));
  if (capacity.capacity !== undefined) checkNotNegativeQuantity(faults, capacity.capacity, 'capacity');
  return faults;
}

export function validateStorageCapacityUpdate(
  next: CSIStorageCapacity,
  old: CSIStorageCapacity,
): FieldError[] {
  const faults = validateStorageCapacity(next);
  if (!sameJson(next.nodeTopology, old.nodeTopology))
    faults.push(invalidValue('nodeTopology', inOrder(next.nodeTopology), 'field is immutable'));
  checkImmutable(faults, 'storageClassName', next.storageClassName, old.storageClassName);
  return faults;
}

const metadataBytesMax = 256 * 1024;
const errorLengthMax = 1024;

export function validateAttachment({ spec, status }: VolumeAttachment): FieldError[] {
  const faults: FieldError[] = [];
  const { attacher, source, nodeName } = spec ?? {};
  const { inlineVolumeSpec, persistentVolumeName: volume } = source;
  checkCsiDriverName(faults, attacher, 'spec.attacher');
  const which = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (!inlineVolumeSpec && volume === undefined) faults.push(required('spec.source', which));
  else if (inlineVolumeSpec && volume !== undefined) faults.push(forbiddenField('spec.source', which));
  else if (volume === '')
    faults.push(required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName'));
  checkReasons(faults, 'spec.nodeName', nodeName, dnsSubdomainFaults(nodeName));
  let bytes = 0;
  for (const [key, value] of Object.entries(status?.attachmentMetadata ?? {}))
    bytes += key.length + value.length;
  if (bytes > metadataBytesMax) faults.push(tooLong('status.attachmentMetadata', metadataBytesMax));
  checkError(faults, status?.attachError, 'status.attachError');
  checkError(faults, status?.detachError, 'status.detachError');
  if (volume !== undefined)
    checkReasons(faults, 'spec.source.persistentVolumeName', volume, dnsSubdomainFaults(volume));
  return faults;
}

function checkError(faults: FieldError[], error: VolumeError | undefined, path: string): void {
  if (!error) return;
  if ((error.message ?? '').length > errorLengthMax)
    faults.push(tooLong(`${path}.message`, metadataBytesMax));
  if (error.errorCode !== undefined && error.errorCode < 0)
    faults.push(invalidValue(`${path}.errorCode`, error.errorCode, rangeFault(0, 2 ** 31 - 1)));
}

export function validateAttachmentUpdate(next: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  const faults = validateAttachment(next);
  if (!sameJson(next.spec, old.spec))
    faults.push(
      invalidValue('spec', typedForm('storage.VolumeAttachmentSpec', next.spec), 'field is immutable'),
    );
  return faults;
}
