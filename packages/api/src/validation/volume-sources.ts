/**
 * Kinds of storage that both pods and PersistentVolumes name. Of a list of sources an object has exactly one; each has its
 * own few fields to check.
 */
import type { FieldError } from '#status.ts';
import type {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  HostPathVolumeSource,
  NFSVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from '#types.generated.ts';
import {
  checkOptionalChoice,
  checkReasons,
  forbiddenField,
  invalidValue,
  notSupported,
  rangeFault,
  required,
  tooLong,
} from '#validation/faults.ts';
import { dnsLabelFaults, dnsSubdomainFaults } from '#validation/names.ts';
import { checkNoBacksteps } from '#validation/paths.ts';

/** One kind of storage: its field, its path in faults where that differs, and what to check of it. */
export interface SourceRule<Volume, Context> {
  readonly field: keyof Volume & string;
  /** How the faults of its fields name it. */
  readonly as?: string;
  /** How it is named when it is one too many. */
  readonly surplusAs?: string;
  check(faults: FieldError[], volume: Volume, path: string, context: Context): void;
}

/** A rule for the one field of a volume. */
export function sourceRule<Volume, Context, Field extends keyof Volume & string>(
  field: Field,
  check: (faults: FieldError[], source: NonNullable<Volume[Field]>, path: string, context: Context) => void,
  names: { readonly as?: string; readonly surplusAs?: string } = {},
): SourceRule<Volume, Context> {
  return {
    field,
    ...names,
    check(faults, volume, path, context) {
      const source = volume[field];
      if (source !== undefined && source !== null) check(faults, source, path, context);
    },
  };
}

/** Checks the one source that there is, and refuses the others. */
export function checkOneSource<Volume extends object, Context>(
  faults: FieldError[],
  rules: readonly SourceRule<Volume, Context>[],
  volume: Volume,
  path: string,
  context: Context,
): void {
  let found = false;
  for (const rule of rules) {
    if (volume[rule.field] === undefined) continue;
    if (found)
      faults.push(
        forbiddenField(`${path}.${rule.surplusAs ?? rule.field}`, 'may not specify more than 1 volume type'),
      );
    else rule.check(faults, volume, `${path}.${rule.as ?? rule.field}`, context);
    found = true;
  }
  if (!found) faults.push(required(path, 'must specify a volume type'));
}

/** Faults of absent texts. */
export function checkPresent<Source extends object>(
  faults: FieldError[],
  source: Source,
  path: string,
  fields: readonly (keyof Source & string)[],
): void {
  for (const field of fields) {
    const value = source[field] as unknown;
    if (!value || (Array.isArray(value) && value.length === 0)) faults.push(required(`${path}.${field}`));
  }
}

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

export function checkHostPath(faults: FieldError[], source: HostPathVolumeSource, path: string): void {
  if (!source.path) {
    faults.push(required(`${path}.path`));
    return;
  }
  checkNoBacksteps(faults, source.path, `${path}.path`);
  checkOptionalChoice(faults, `${path}.type`, source.type, hostPathTypes);
}

export function checkNfs(faults: FieldError[], source: NFSVolumeSource, path: string): void {
  checkPresent(faults, source, path, ['server', 'path']);
  if (!source.path?.startsWith('/'))
    faults.push(invalidValue(`${path}.path`, source.path ?? '', 'must be an absolute path'));
}

const initiatorPatterns = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
} as const;

interface IscsiSource {
  readonly targetPortal?: string;
  readonly iqn?: string;
  readonly lun?: number;
  readonly chapAuthDiscovery?: boolean;
  readonly chapAuthSession?: boolean;
  readonly secretRef?: { readonly name?: string };
  readonly initiatorName?: string;
}

/** `persistent`: of a PersistentVolume, whose faults are worded a little differently. */
export function checkIscsi(
  faults: FieldError[],
  source: IscsiSource,
  path: string,
  persistent?: { readonly volumeName: string },
): void {
  const { targetPortal = '', iqn = '', lun = 0, initiatorName } = source;
  if (!targetPortal) faults.push(required(`${path}.targetPortal`));
  if (persistent && initiatorName !== undefined && `${persistent.volumeName}:${targetPortal}`.length > 64)
    faults.push(invalidValue(`${path}.targetportal`, targetPortal, iscsiLengthFault));
  const startFault = persistent
    ? 'must be valid format'
    : 'must be valid format starting with iqn, eui, or naa';
  if (!iqn) faults.push(required(`${path}.iqn`));
  else checkInitiator(faults, iqn, `${path}.iqn`, startFault);
  if (lun < 0 || lun > 255) faults.push(invalidValue(`${path}.lun`, lun, rangeFault(0, 255)));
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef)
    faults.push(required(`${path}.secretRef`));
  if (persistent && source.secretRef && !source.secretRef.name)
    faults.push(required(`${path}.secretRef.name`));
  if (initiatorName !== undefined) checkInitiator(faults, initiatorName, `${path}.initiatorname`, startFault);
}

export const iscsiLengthFault =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';

function checkInitiator(faults: FieldError[], text: string, path: string, startFault: string): void {
  const start = (['iqn', 'eui', 'naa'] as const).find((name) => text.startsWith(name));
  if (!start) faults.push(invalidValue(path, text, startFault));
  else if (!initiatorPatterns[start].test(text))
    faults.push(invalidValue(path, text, 'must be valid format'));
}

export function checkFibreChannel(faults: FieldError[], source: FCVolumeSource, path: string): void {
  const { targetWWNs = [], wwids = [], lun } = source;
  if (targetWWNs.length === 0 && wwids.length === 0)
    faults.push(required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  if (targetWWNs.length > 0 && wwids.length > 0)
    faults.push(
      invalidValue(
        `${path}.targetWWNs`,
        targetWWNs,
        'targetWWNs and wwids can not be specified simultaneously',
      ),
    );
  if (targetWWNs.length === 0) return;
  if (lun === undefined) faults.push(required(`${path}.lun`, 'lun is required if targetWWNs is specified'));
  else if (lun < 0 || lun > 255) faults.push(invalidValue(`${path}.lun`, lun, rangeFault(0, 255)));
}

function checkPartition(faults: FieldError[], partition: number | undefined, path: string): void {
  if (partition !== undefined && (partition < 0 || partition > 255))
    faults.push(invalidValue(`${path}.partition`, partition, rangeFault(1, 255)));
}

export function checkGcePersistentDisk(
  faults: FieldError[],
  source: GCEPersistentDiskVolumeSource,
  path: string,
): void {
  checkPresent(faults, source, path, ['pdName']);
  checkPartition(faults, source.partition, path);
}

export function checkAwsBlockStore(
  faults: FieldError[],
  source: AWSElasticBlockStoreVolumeSource,
  path: string,
): void {
  checkPresent(faults, source, path, ['volumeID']);
  checkPartition(faults, source.partition, path);
}

export function checkQuobyte(faults: FieldError[], source: QuobyteVolumeSource, path: string): void {
  const registryFault = 'must be a host:port pair or multiple pairs separated by commas';
  const { registry, tenant = '' } = source;
  if (!registry) faults.push(required(`${path}.registry`, registryFault));
  else if (tenant.length >= 65)
    faults.push(required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'));
  else
    for (const pair of registry.split(','))
      if (!/^(\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair))
        faults.push(invalidValue(`${path}.registry`, registry, registryFault));
  checkPresent(faults, source, path, ['volume']);
}

export function checkGlusterfs(
  faults: FieldError[],
  source: { endpoints?: string; path?: string; endpointsNamespace?: string },
  path: string,
): void {
  checkPresent(faults, source, path, ['endpoints', 'path']);
  const { endpointsNamespace } = source;
  if (endpointsNamespace === undefined) return;
  const at = `${path}.endpointsNamespace`;
  if (endpointsNamespace === '')
    faults.push(
      invalidValue(
        at,
        endpointsNamespace,
        'if the endpointnamespace is set, it must be a valid namespace name',
      ),
    );
  else checkReasons(faults, at, endpointsNamespace, dnsLabelFaults(endpointsNamespace));
}

export function checkFlocker(faults: FieldError[], source: FlockerVolumeSource, path: string): void {
  const { datasetName = '', datasetUUID = '' } = source;
  if (!datasetName && !datasetUUID)
    faults.push(required(path, 'one of datasetName and datasetUUID is required'));
  if (datasetName && datasetUUID)
    faults.push(
      invalidValue(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'),
    );
  if (datasetName.includes('/'))
    faults.push(invalidValue(`${path}.datasetName`, datasetName, "must not contain '/'"));
}

export function checkRbd(
  faults: FieldError[],
  source: { monitors?: string[]; image?: string },
  path: string,
): void {
  checkPresent(faults, source, path, ['monitors', 'image']);
}

export function checkCephFs(faults: FieldError[], source: { monitors?: string[] }, path: string): void {
  checkPresent(faults, source, path, ['monitors']);
}

/** `persistent`: a secret of a PersistentVolume has a namespace. */
export function checkCinder(
  faults: FieldError[],
  source: { volumeID?: string; secretRef?: { name?: string; namespace?: string } },
  path: string,
  persistent = false,
): void {
  checkPresent(faults, source, path, ['volumeID']);
  checkSecretRef(faults, source.secretRef, path, persistent);
}

function checkSecretRef(
  faults: FieldError[],
  secretRef: { name?: string; namespace?: string } | undefined,
  path: string,
  persistent: boolean,
): void {
  if (!secretRef) return;
  checkPresent(faults, secretRef, `${path}.secretRef`, persistent ? ['name', 'namespace'] : ['name']);
}

export function checkStorageOs(
  faults: FieldError[],
  source: {
    volumeName?: string;
    volumeNamespace?: string;
    secretRef?: { name?: string; namespace?: string };
  },
  path: string,
  persistent = false,
): void {
  const { volumeName, volumeNamespace } = source;
  if (!volumeName) faults.push(required(`${path}.volumeName`));
  else checkReasons(faults, `${path}.volumeName`, volumeName, dnsLabelFaults(volumeName));
  if (volumeNamespace)
    checkReasons(faults, `${path}.volumeNamespace`, volumeNamespace, dnsLabelFaults(volumeNamespace));
  checkSecretRef(faults, source.secretRef, path, persistent);
}

export function checkFlexVolume(
  faults: FieldError[],
  source: { driver?: string; options?: Record<string, string> },
  path: string,
): void {
  checkPresent(faults, source, path, ['driver']);
  for (const key in source.options) {
    const domain = `.${(key.split('/')[0] ?? '').toLowerCase()}`;
    if (domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io'))
      faults.push(
        invalidValue(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'),
      );
  }
}

export function checkAzureFile(
  faults: FieldError[],
  source: { secretName?: string; shareName?: string; secretNamespace?: string },
  path: string,
): void {
  checkPresent(faults, source, path, ['secretName', 'shareName']);
  if (source.secretNamespace === '') faults.push(required(`${path}.secretNamespace`));
}

const cachingModes = ['None', 'ReadOnly', 'ReadWrite'];
const diskKinds = ['Dedicated', 'Managed', 'Shared'];

export function checkAzureDisk(faults: FieldError[], source: AzureDiskVolumeSource, path: string): void {
  checkPresent(faults, source, path, ['diskName', 'diskURI']);
  const { diskURI, kind, cachingMode } = source;
  checkOptionalChoice(faults, `${path}.cachingMode`, cachingMode, cachingModes);
  checkOptionalChoice(faults, `${path}.kind`, kind, diskKinds);
  if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/'))
    faults.push(
      notSupported(`${path}.diskURI`, diskURI, [
        '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
      ]),
    );
  if (kind !== undefined && kind !== 'Managed' && !diskURI.startsWith('https://'))
    faults.push(
      notSupported(`${path}.diskURI`, diskURI, [
        'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd',
      ]),
    );
}

export const checkVsphere = (
  faults: FieldError[],
  source: VsphereVirtualDiskVolumeSource,
  path: string,
): void => checkPresent(faults, source, path, ['volumePath']);

export const checkPhoton = (
  faults: FieldError[],
  source: PhotonPersistentDiskVolumeSource,
  path: string,
): void => checkPresent(faults, source, path, ['pdID']);

export const checkPortworx = (faults: FieldError[], source: PortworxVolumeSource, path: string): void =>
  checkPresent(faults, source, path, ['volumeID']);

export const checkScaleIo = (
  faults: FieldError[],
  source: { gateway?: string; system?: string; volumeName?: string },
  path: string,
): void => checkPresent(faults, source, path, ['gateway', 'system', 'volumeName']);

const driverNameLengthMax = 63;

export function checkCsiDriverName(faults: FieldError[], name: string | undefined, path: string): void {
  if (!name) {
    faults.push(required(path));
    return;
  }
  if (name.length > driverNameLengthMax) faults.push(tooLong(path, driverNameLengthMax));
  checkReasons(faults, path, name, dnsSubdomainFaults(name.toLowerCase()));
}
