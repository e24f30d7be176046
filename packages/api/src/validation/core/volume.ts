/** PersistentVolumes and the claims for them. */
import type { FieldError } from '#status.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
} from '#types.generated.ts';
import { checkAccessModes, checkClaimSpec, volumeModes, type ClaimOptions } from '#validation/claim-spec.ts';
import {
  checkImmutable,
  checkOptionalChoice,
  checkReasons,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  sameJson,
} from '#validation/faults.ts';
import { jsonDiff } from '#validation/line-diff.ts';
import { validateLabelSelector } from '#validation/label-selector.ts';
import { dnsLabelFaults, dnsSubdomainFaults } from '#validation/names.ts';
import { checkNodeSelector } from '#validation/node-selector.ts';
import { checkNoBacksteps } from '#validation/paths.ts';
import { checkAmount, checkPositiveQuantity, isNativeResource, quantityIn } from '#validation/resources.ts';
import { labelKeyFaults } from '#selector.ts';
import { compareQuantities, quantityValue, zeroQuantity } from '#quantity.ts';
import { typedForm } from '#validation/typed-form.ts';
import * as sources from '#validation/volume-sources.ts';
import { sourceRule, type SourceRule } from '#validation/volume-sources.ts';

interface VolumeContext {
  readonly name: string;
  readonly hasAffinity: boolean;
}

/** In the order in which they are looked at. */
const rules: readonly SourceRule<PersistentVolumeSpec, VolumeContext>[] = [
  sourceRule('hostPath', sources.checkHostPath),
  sourceRule('gcePersistentDisk', sources.checkGcePersistentDisk, { as: 'persistentDisk' }),
  sourceRule('awsElasticBlockStore', sources.checkAwsBlockStore),
  sourceRule('glusterfs', sources.checkGlusterfs),
  sourceRule('flocker', sources.checkFlocker),
  sourceRule('nfs', sources.checkNfs),
  sourceRule('rbd', sources.checkRbd),
  sourceRule('quobyte', sources.checkQuobyte),
  sourceRule('cephfs', sources.checkCephFs, { surplusAs: 'cephFS' }),
  sourceRule('iscsi', (faults, source, path, { name }: VolumeContext) =>
    sources.checkIscsi(faults, source, path, { volumeName: name }),
  ),
  sourceRule('cinder', (faults, source, path) => sources.checkCinder(faults, source, path, true)),
  sourceRule('fc', sources.checkFibreChannel),
  sourceRule('flexVolume', sources.checkFlexVolume),
  sourceRule('azureFile', sources.checkAzureFile),
  sourceRule('vsphereVolume', sources.checkVsphere),
  sourceRule('photonPersistentDisk', sources.checkPhoton),
  sourceRule('portworxVolume', sources.checkPortworx),
  sourceRule('azureDisk', sources.checkAzureDisk),
  sourceRule('scaleIO', sources.checkScaleIo),
  sourceRule('local', checkLocal),
  sourceRule('storageos', (faults, source, path) => sources.checkStorageOs(faults, source, path, true)),
  sourceRule('csi', checkCsi),
];

const sourceFields = rules.map(({ field }) => field);
const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];

function checkLocal(
  faults: FieldError[],
  { path: folder }: NonNullable<PersistentVolumeSpec['local']>,
  path: string,
  { hasAffinity }: VolumeContext,
): void {
  if (!folder) faults.push(required(`${path}.path`));
  else checkNoBacksteps(faults, folder, `${path}.path`);
  if (!hasAffinity) faults.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
}

function checkCsi(
  faults: FieldError[],
  source: NonNullable<PersistentVolumeSpec['csi']>,
  path: string,
): void {
  sources.checkCsiDriverName(faults, source.driver, `${path}.driver`);
  if (!source.volumeHandle) faults.push(required(`${path}.volumeHandle`));
  for (const field of [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const) {
    const secret = source[field];
    if (!secret) continue;
    const at = `${path}.${field}`;
    if (!secret.name) faults.push(required(`${at}.name`));
    else checkReasons(faults, `${at}.name`, secret.name, dnsSubdomainFaults(secret.name));
    if (!secret.namespace) faults.push(required(`${at}.namespace`));
    else checkReasons(faults, `${at}.namespace`, secret.namespace, dnsLabelFaults(secret.namespace));
  }
}

export function validateVolume({ metadata, spec = {} }: PersistentVolume): FieldError[] {
  const faults: FieldError[] = [];
  if (!spec.accessModes?.length) faults.push(required('spec.accessModes'));
  checkAccessModes(faults, spec.accessModes, 'spec.accessModes');
  checkCapacity(faults, spec.capacity);
  if (spec.persistentVolumeReclaimPolicy)
    checkOptionalChoice(
      faults,
      'spec.persistentVolumeReclaimPolicy',
      spec.persistentVolumeReclaimPolicy,
      reclaimPolicies,
    );
  if (spec.nodeAffinity) {
    const at = 'spec.nodeAffinity.required';
    if (spec.nodeAffinity.required) checkNodeSelector(faults, spec.nodeAffinity.required, at);
    else faults.push(required(at, 'must specify required node constraints'));
  }
  const hasAffinity = spec.nodeAffinity !== undefined;
  sources.checkOneSource(faults, rules, spec, 'spec', { name: metadata.name ?? '', hasAffinity });
  if (isRoot(spec.hostPath?.path) && spec.persistentVolumeReclaimPolicy === 'Recycle')
    faults.push(
      forbiddenField(
        'spec.persistentVolumeReclaimPolicy',
        "may not be 'recycle' for a hostPath mount of '/'",
      ),
    );
  const { storageClassName, volumeAttributesClassName: attributes } = spec;
  if (storageClassName)
    checkReasons(faults, 'spec.storageClassName', storageClassName, dnsSubdomainFaults(storageClassName));
  checkOptionalChoice(faults, 'spec.volumeMode', spec.volumeMode, volumeModes);
  if (attributes === undefined) return faults;
  const at = 'spec.volumeAttributesClassName';
  if (attributes === '') faults.push(required(at, 'an empty string is disallowed'));
  else checkReasons(faults, at, attributes, dnsSubdomainFaults(attributes));
  if (!spec.csi)
    faults.push(required('spec.csi', 'has to be specified when using volumeAttributesClassName'));
  return faults;
}

/** Whether a path is the file system's root, whatever it takes to get there. */
function isRoot(path: string | undefined): boolean {
  return (
    path !== undefined &&
    path.startsWith('/') &&
    new URL(`file://${path}`).pathname.replaceAll('/', '') === ''
  );
}

function checkCapacity(faults: FieldError[], given: Record<string, string> | undefined): void {
  const capacity = given ?? {};
  const names = Object.keys(capacity);
  if (names.length === 0) faults.push(required('spec.capacity'));
  if (capacity['storage'] === undefined || names.length > 1)
    faults.push(notSupported('spec.capacity', given, ['storage']));
  for (const name of names) {
    checkBasic(faults, capacity[name]!, `spec.capacity[${name}]`);
    checkPositiveQuantity(faults, capacity[name]!, `spec.capacity[${name}]`);
  }
}

function checkBasic(faults: FieldError[], text: string, path: string): boolean {
  const amount = quantityIn(text);
  if (!amount || quantityValue(amount) >= 0) return true;
  faults.push(invalidValue(path, quantityValue(amount), 'must be a valid resource quantity'));
  return false;
}

export function validateVolumeUpdate(next: PersistentVolume, old: PersistentVolume): FieldError[] {
  const faults = [...validateVolume(next), ...validateVolume(next)];
  const now = sourceOf(next.spec);
  const before = sourceOf(old.spec);
  // The secret for expanding may be added later.
  if (before.csi && !before.csi.controllerExpandSecretRef && now.csi) {
    const { controllerExpandSecretRef: _, ...rest } = now.csi;
    now.csi = rest;
  }
  if (!sameJson(now, before))
    faults.push(
      forbiddenField(
        'spec.persistentvolumesource',
        `spec.persistentvolumesource is immutable after creation\n${jsonDiff(
          typedSource(before),
          typedSource(now),
        )}`,
      ),
    );
  checkImmutable(faults, 'volumeMode', next.spec?.volumeMode, old.spec?.volumeMode);
  if (old.spec?.nodeAffinity) checkAffinityKept(faults, next.spec?.nodeAffinity, old.spec.nodeAffinity);
  if (old.spec?.volumeAttributesClassName !== undefined && next.spec?.volumeAttributesClassName === undefined)
    faults.push(
      forbiddenField('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'),
    );
  return faults;
}

function sourceOf(spec: PersistentVolumeSpec = {}): Partial<PersistentVolumeSpec> {
  const source: Record<string, unknown> = {};
  for (const field of sourceFields) if (spec[field] !== undefined) source[field] = spec[field];
  return source;
}

function typedSource(source: Partial<PersistentVolumeSpec>): unknown {
  return typedForm('PersistentVolumeSource', source);
}

/** Labels that were renamed when they became stable. */
const stableLabels: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

type VolumeAffinity = PersistentVolumeSpec['nodeAffinity'];

function checkAffinityKept(faults: FieldError[], next: VolumeAffinity, old: VolumeAffinity): void {
  if (sameJson(next, withNewLabels(old, next))) return;
  faults.push(
    invalidValue(
      'nodeAffinity',
      typedForm('VolumeNodeAffinity', next),
      'field is immutable, except for updating from beta label to GA',
    ),
  );
}

function withNewLabels(old: VolumeAffinity, next: VolumeAffinity): VolumeAffinity {
  const renamed = structuredClone(old);
  for (const [index, term] of (renamed?.required?.nodeSelectorTerms ?? []).entries())
    for (const [position, expression] of (term.matchExpressions ?? []).entries()) {
      const now = next?.required?.nodeSelectorTerms?.[index]?.matchExpressions?.[position]?.key;
      if (now !== undefined && stableLabels[expression.key] === now) expression.key = now;
    }
  return renamed;
}

export function validateClaim({ spec = {} }: PersistentVolumeClaim): FieldError[] {
  const faults: FieldError[] = [];
  checkClaimSpec(faults, spec, 'spec');
  return faults;
}

const betaClass = 'volume.beta.kubernetes.io/storage-class';

export function validateClaimUpdate(next: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const faults: FieldError[] = [];
  const spec = next.spec ?? {};
  const before = old.spec ?? {};
  checkClaimSpec(faults, spec, 'spec', leniencyOf(before));
  const masked = maskedSpec(faults, next, old);
  const expected = { ...before, volumeName: before.volumeName || spec.volumeName };
  if (!sameJson(masked, expected))
    faults.push(
      forbiddenField(
        'spec',
        `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${jsonDiff(
          typedForm('PersistentVolumeClaimSpec', expected),
          typedForm('PersistentVolumeClaimSpec', masked),
        )}`,
      ),
    );
  checkSize(faults, next, old);
  checkImmutable(faults, 'volumeMode', spec.volumeMode, before.volumeMode);
  const attributes = spec.volumeAttributesClassName;
  if (
    attributes !== before.volumeAttributesClassName &&
    old.status?.currentVolumeAttributesClassName !== undefined
  ) {
    const at = 'spec.volumeAttributesClassName';
    const when = 'when status.currentVolumeAttributesClassName is not nil';
    if (attributes === undefined) faults.push(forbiddenField(at, `update to nil is forbidden ${when}`));
    else if (attributes === '')
      faults.push(forbiddenField(at, `update to empty string is forbidden ${when}`));
  }
  return faults;
}

function leniencyOf(old: PersistentVolumeClaimSpec): ClaimOptions {
  return {
    anySourceGroup: old.dataSource?.apiGroup !== undefined || old.dataSourceRef?.apiGroup !== undefined,
    anySelectorValues: validateLabelSelector(old.selector, '').length > 0,
  };
}

/** The new spec with what may change put back; the class may move from the annotation into the field. */
function maskedSpec(
  faults: FieldError[],
  next: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): PersistentVolumeClaimSpec {
  const before = old.spec ?? {};
  const masked: PersistentVolumeClaimSpec = { ...next.spec };
  const annotation = next.metadata.annotations?.[betaClass];
  const oldAnnotation = old.metadata.annotations?.[betaClass];
  const className = next.spec?.storageClassName;
  const unset = before.storageClassName === undefined && className !== undefined;
  const moved =
    unset &&
    oldAnnotation !== undefined &&
    className === oldAnnotation &&
    (annotation ?? className) === className;
  if (moved) masked.storageClassName = undefined;
  else {
    checkImmutable(faults, `metadata.annotations.${betaClass}`, annotation ?? '', oldAnnotation ?? '');
    if (unset && (oldAnnotation === undefined || className === oldAnnotation))
      masked.storageClassName = before.storageClassName;
  }
  if (next.status?.phase !== 'Bound') return masked;
  const storage = before.resources?.requests?.['storage'];
  if (masked.resources?.requests && storage !== undefined)
    masked.resources = { ...masked.resources, requests: { ...masked.resources.requests, storage } };
  masked.volumeAttributesClassName = before.volumeAttributesClassName;
  return masked;
}

function checkSize(faults: FieldError[], next: PersistentVolumeClaim, old: PersistentVolumeClaim): void {
  const size = quantityIn(next.spec?.resources?.requests?.['storage']) ?? zeroQuantity;
  const before = quantityIn(old.spec?.resources?.requests?.['storage']) ?? zeroQuantity;
  const actual = quantityIn(old.status?.capacity?.['storage']) ?? zeroQuantity;
  if (compareQuantities(size, before) < 0 && compareQuantities(size, actual) <= 0)
    faults.push(
      forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity'),
    );
}

const resizeStatuses = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

export function validateClaimStatus({ spec, status = {} }: PersistentVolumeClaim): FieldError[] {
  const faults: FieldError[] = [];
  if (!spec?.accessModes?.length) faults.push(required('Spec.accessModes'));
  for (const [name, amount] of Object.entries(status.capacity ?? {}))
    checkBasic(faults, amount, `status.capacity[${name}]`);
  for (const [name, value] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    const at = 'status.allocatedResourceStatuses';
    checkResourceKey(faults, name, at);
    if (!resizeStatuses.includes(value)) faults.push(notSupported(at, name, resizeStatuses));
  }
  for (const [name, amount] of Object.entries(status.allocatedResources ?? {})) {
    const at = `status.allocatedResources[${name}]`;
    if (!checkResourceKey(faults, name, 'status.allocatedResources')) continue;
    if (checkBasic(faults, amount, at)) checkAmount(faults, 'storage', amount, at);
  }
  return faults;
}

function checkResourceKey(faults: FieldError[], name: string, path: string): boolean {
  const before = faults.length;
  checkReasons(faults, path, name, labelKeyFaults(name));
  if (faults.length === before && isNativeResource(name) && name !== 'storage')
    faults.push(notSupported(path, name, ['storage']));
  return faults.length === before;
}
