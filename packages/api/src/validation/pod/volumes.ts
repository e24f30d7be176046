/** The volumes of a pod. */
import type { ObjectMeta } from '#object.ts';
import type { FieldError } from '#status.ts';
import type {
  ConfigMapVolumeSource,
  CSIVolumeSource,
  DownwardAPIVolumeSource,
  EmptyDirVolumeSource,
  EphemeralVolumeSource,
  GitRepoVolumeSource,
  ImageVolumeSource,
  PersistentVolumeClaimVolumeSource,
  SecretVolumeSource,
  Volume,
} from '#types.generated.ts';
import { checkClaimSpec } from '#validation/claim-spec.ts';
import {
  checkChoice,
  checkReasons,
  duplicateValue,
  forbiddenField,
  invalidValue,
  quoted,
  required,
} from '#validation/faults.ts';
import { dnsLabelFaults, dnsSubdomainFaults } from '#validation/names.ts';
import { checkAnnotations, checkLabels } from '#validation/object-meta.ts';
import { checkDescending } from '#validation/paths.ts';
import type { PodOptions } from '#validation/pod/options.ts';
import { checkProjected } from '#validation/pod/projected.ts';
import { checkDownwardFile, checkKeyToPath, checkMode } from '#validation/pod/volume-files.ts';
import { quantityIn } from '#validation/resources.ts';
import * as sources from '#validation/volume-sources.ts';
import { sourceRule, type SourceRule } from '#validation/volume-sources.ts';

interface VolumeContext {
  readonly meta: ObjectMeta | undefined;
  readonly options: PodOptions;
}

/** Volumes by name, as containers may mount them: those without faults. */
export type KnownVolumes = ReadonlyMap<string, Volume>;

export function checkVolumes(
  faults: FieldError[],
  volumes: readonly Volume[] | undefined,
  path: string,
  context: VolumeContext,
): KnownVolumes {
  const known = new Map<string, Volume>();
  const made = claimsMade(volumes, context.meta);
  for (const [index, volume] of (volumes ?? []).entries()) {
    const at = `${path}[${index}]`;
    const before = faults.length;
    sources.checkOneSource(faults, rules, volume, at, context);
    if (!volume.name) faults.push(required(`${at}.name`));
    else checkReasons(faults, `${at}.name`, volume.name, dnsLabelFaults(volume.name));
    if (known.has(volume.name)) faults.push(duplicateValue(`${at}.name`, volume.name));
    if (faults.length === before) known.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && made.has(claim))
      faults.push(
        invalidValue(
          `${at}.persistentVolumeClaim.claimName`,
          claim,
          'must not reference a PVC that gets created for an ephemeral volume',
        ),
      );
  }
  return known;
}

const noClaims: ReadonlySet<string> = new Set();

/** Claims that will be made for ephemeral volumes. */
function claimsMade(
  volumes: readonly Volume[] | undefined,
  meta: ObjectMeta | undefined,
): ReadonlySet<string> {
  const name = meta?.name;
  if (!name || !volumes?.some(({ ephemeral }) => ephemeral)) return noClaims;
  return new Set(volumes.filter(({ ephemeral }) => ephemeral).map((volume) => `${name}-${volume.name}`));
}

/** In the order in which they are looked at. */
const rules: readonly SourceRule<Volume, VolumeContext>[] = [
  sourceRule('emptyDir', checkEmptyDir),
  sourceRule('hostPath', sources.checkHostPath),
  sourceRule('gitRepo', checkGitRepo),
  sourceRule('gcePersistentDisk', sources.checkGcePersistentDisk, { as: 'persistentDisk' }),
  sourceRule('awsElasticBlockStore', sources.checkAwsBlockStore),
  sourceRule('secret', checkSecret),
  sourceRule('nfs', sources.checkNfs),
  {
    field: 'iscsi',
    check(faults, { iscsi, name }, path) {
      if (!iscsi) return;
      sources.checkIscsi(faults, iscsi, path);
      if (iscsi.initiatorName !== undefined && `${name}:${iscsi.targetPortal}`.length > 64)
        faults.push(invalidValue(`${path.slice(0, -'.iscsi'.length)}.name`, name, sources.iscsiLengthFault));
    },
  },
  sourceRule('glusterfs', sources.checkGlusterfs),
  sourceRule('flocker', sources.checkFlocker),
  sourceRule('persistentVolumeClaim', checkClaim),
  sourceRule('rbd', sources.checkRbd),
  sourceRule('cinder', (faults, source, path) => sources.checkCinder(faults, source, path)),
  sourceRule('cephfs', sources.checkCephFs, { surplusAs: 'cephFS' }),
  sourceRule('quobyte', sources.checkQuobyte),
  sourceRule('downwardAPI', checkDownward, { surplusAs: 'downwarAPI' }),
  sourceRule('fc', sources.checkFibreChannel),
  sourceRule('flexVolume', sources.checkFlexVolume),
  sourceRule('configMap', checkConfigMap),
  sourceRule('azureFile', (faults, source, path) =>
    sources.checkPresent(faults, source, path, ['secretName', 'shareName']),
  ),
  sourceRule('vsphereVolume', sources.checkVsphere),
  sourceRule('photonPersistentDisk', sources.checkPhoton),
  sourceRule('portworxVolume', sources.checkPortworx),
  sourceRule('azureDisk', sources.checkAzureDisk),
  sourceRule('storageos', (faults, source, path) => sources.checkStorageOs(faults, source, path)),
  sourceRule('projected', (faults, source, path, { options }: VolumeContext) =>
    checkProjected(faults, source, path, options),
  ),
  sourceRule('scaleIO', sources.checkScaleIo),
  sourceRule('csi', checkCsi),
  {
    field: 'ephemeral',
    check(faults, { ephemeral, name }, path, { meta }) {
      if (!ephemeral) return;
      checkEphemeral(faults, ephemeral, path);
      if (!meta?.name || !name) return;
      const claim = `${meta.name}-${name}`;
      for (const why of dnsSubdomainFaults(claim))
        faults.push(
          invalidValue(
            `${path.slice(0, -'.ephemeral'.length)}.name`,
            name,
            `PVC name ${quoted(claim)}: ${why}`,
          ),
        );
    },
  },
  sourceRule('image', checkImage),
];

function checkEmptyDir(faults: FieldError[], { sizeLimit }: EmptyDirVolumeSource, path: string): void {
  const size = quantityIn(sizeLimit);
  if (size && size.nanos < 0n)
    faults.push(forbiddenField(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
}

function checkGitRepo(faults: FieldError[], source: GitRepoVolumeSource, path: string): void {
  sources.checkPresent(faults, source, path, ['repository']);
  checkDescending(faults, source.directory ?? '', `${path}.directory`);
}

function checkClaim(faults: FieldError[], source: PersistentVolumeClaimVolumeSource, path: string): void {
  sources.checkPresent(faults, source, path, ['claimName']);
}

function checkSecret(faults: FieldError[], source: SecretVolumeSource, path: string): void {
  sources.checkPresent(faults, source, path, ['secretName']);
  checkMode(faults, source.defaultMode, `${path}.defaultMode`);
  for (const [index, item] of (source.items ?? []).entries())
    checkKeyToPath(faults, item, `${path}.items[${index}]`);
}

function checkConfigMap(faults: FieldError[], source: ConfigMapVolumeSource, path: string): void {
  sources.checkPresent(faults, source, path, ['name']);
  checkMode(faults, source.defaultMode, `${path}.defaultMode`);
  for (const [index, item] of (source.items ?? []).entries())
    checkKeyToPath(faults, item, `${path}.items[${index}]`);
}

function checkDownward(faults: FieldError[], source: DownwardAPIVolumeSource, path: string): void {
  checkMode(faults, source.defaultMode, `${path}.defaultMode`);
  for (const file of source.items ?? []) checkDownwardFile(faults, file, path);
}

function checkCsi(faults: FieldError[], source: CSIVolumeSource, path: string): void {
  sources.checkCsiDriverName(faults, source.driver, `${path}.driver`);
  const secret = source.nodePublishSecretRef;
  if (!secret) return;
  if (!secret.name) faults.push(required(`${path}.nodePublishSecretRef.name`));
  else checkReasons(faults, `${path}.name`, secret.name, dnsSubdomainFaults(secret.name));
}

const templateMetaFields: ReadonlySet<string> = new Set(['annotations', 'labels', 'creationTimestamp']);

function checkEphemeral(faults: FieldError[], source: EphemeralVolumeSource, path: string): void {
  const template = source.volumeClaimTemplate;
  const at = `${path}.volumeClaimTemplate`;
  if (!template) {
    faults.push(required(at));
    return;
  }
  const { metadata = {} } = template;
  checkAnnotations(faults, metadata.annotations, `${at}.metadata.annotations`);
  checkLabels(faults, metadata.labels, `${at}.metadata.labels`);
  for (const [field, value] of Object.entries(metadata))
    if (!templateMetaFields.has(field) && value !== undefined)
      faults.push(forbiddenField(`${at}.metadata.${field}`, 'cannot be set'));
  checkClaimSpec(faults, template.spec ?? {}, `${at}.spec`);
}

export const pullPolicies = ['Always', 'IfNotPresent', 'Never'];

function checkImage(
  faults: FieldError[],
  source: ImageVolumeSource,
  path: string,
  { options }: VolumeContext,
): void {
  if (options.isPod && !source.reference) faults.push(required(`${path}.reference`));
  checkChoice(faults, `${path}.pullPolicy`, source.pullPolicy, pullPolicies);
}
