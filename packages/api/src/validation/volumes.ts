import type { FieldError } from '#status.ts';
import type { Container, EphemeralContainer, KeyToPath, Volume } from '#types.generated.ts';
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  invalidValues,
  notFoundValue,
  required,
} from '#validation/faults.ts';
import { dnsLabelFaults } from '#validation/names.ts';
import { validateQuantity } from '#validation/resources.ts';

const modeMax = 0o777;
const hostPathTypes = new Set([
  '',
  'DirectoryOrCreate',
  'Directory',
  'FileOrCreate',
  'File',
  'Socket',
  'CharDevice',
  'BlockDevice',
]);

export function validateVolumes(volumes: readonly Volume[] | undefined, path: string): FieldError[] {
  const faults: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, volume] of (volumes ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (!volume.name) faults.push(required(`${at}.name`));
    else {
      faults.push(...invalidValues(`${at}.name`, volume.name, dnsLabelFaults(volume.name)));
      if (names.has(volume.name)) faults.push(duplicateValue(`${at}.name`, volume.name));
      names.add(volume.name);
    }
    faults.push(...validateSource(volume, at));
  }
  return faults;
}

function validateSource(volume: Volume, path: string): FieldError[] {
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  if (sources.length === 0) return [required(path, 'must specify a volume type')];
  const faults = sources
    .slice(1)
    .map((source) => forbiddenField(`${path}.${source}`, 'may not specify more than 1 volume type'));
  const { hostPath, configMap, secret, emptyDir, persistentVolumeClaim, downwardAPI, projected, nfs } =
    volume;
  if (hostPath) {
    if (!hostPath.path) faults.push(required(`${path}.hostPath.path`));
    else faults.push(...validateNoBacksteps(hostPath.path, `${path}.hostPath`));
    if (hostPath.type !== undefined && !hostPathTypes.has(hostPath.type))
      faults.push({
        reason: 'FieldValueNotSupported',
        path: `${path}.hostPath.type`,
        message: `Unsupported value: ${JSON.stringify(hostPath.type)}: supported values: ${[...hostPathTypes]
          .sort()
          .map((type) => JSON.stringify(type))
          .join(', ')}`,
      });
  }
  if (configMap) {
    if (!configMap.name) faults.push(required(`${path}.configMap.name`));
    faults.push(...validateFiles(configMap, `${path}.configMap`));
  }
  if (secret) {
    if (!secret.secretName) faults.push(required(`${path}.secret.secretName`));
    faults.push(...validateFiles(secret, `${path}.secret`));
  }
  if (emptyDir?.sizeLimit !== undefined)
    faults.push(...validateQuantity(emptyDir.sizeLimit, `${path}.emptyDir.sizeLimit`));
  if (persistentVolumeClaim && !persistentVolumeClaim.claimName)
    faults.push(required(`${path}.persistentVolumeClaim.claimName`));
  if (downwardAPI) faults.push(...validateMode(downwardAPI.defaultMode, `${path}.downwardAPI.defaultMode`));
  if (projected) faults.push(...validateMode(projected.defaultMode, `${path}.projected.defaultMode`));
  if (nfs) {
    if (!nfs.server) faults.push(required(`${path}.nfs.server`));
    if (!nfs.path) faults.push(required(`${path}.nfs.path`));
    else if (!nfs.path.startsWith('/'))
      faults.push(invalidValue(`${path}.nfs.path`, nfs.path, 'must be an absolute path'));
  }
  return faults;
}

function validateFiles(source: { defaultMode?: number; items?: KeyToPath[] }, path: string): FieldError[] {
  const faults = validateMode(source.defaultMode, `${path}.defaultMode`);
  for (const [index, item] of (source.items ?? []).entries()) {
    const at = `${path}.items[${index}]`;
    if (!item.key) faults.push(required(`${at}.key`));
    if (!item.path) faults.push(required(`${at}.path`));
    else faults.push(...validateRelative(item.path, `${at}.path`));
    faults.push(...validateMode(item.mode, `${at}.mode`));
  }
  return faults;
}

function validateMode(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= modeMax)) return [];
  return [invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

function validateRelative(target: string, path: string): FieldError[] {
  const faults: FieldError[] = [];
  if (target.startsWith('/')) faults.push(invalidValue(path, target, 'must be a relative path'));
  return [...faults, ...validateNoBacksteps(target, path)];
}

function validateNoBacksteps(target: string, path: string): FieldError[] {
  return target.split('/').includes('..') ? [invalidValue(path, target, "must not contain '..'")] : [];
}

export function validateMounts(
  container: Pick<Container | EphemeralContainer, 'volumeMounts' | 'volumeDevices'>,
  volumes: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const faults: FieldError[] = [];
  const places = new Set<string>();
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}.volumeMounts[${index}]`;
    if (!mount.name) faults.push(required(`${at}.name`));
    if (!volumes.has(mount.name)) faults.push(notFoundValue(`${at}.name`, mount.name));
    if (!mount.mountPath) faults.push(required(`${at}.mountPath`));
    if (places.has(mount.mountPath))
      faults.push(invalidValue(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    places.add(mount.mountPath);
    if (mount.subPath) faults.push(...validateRelative(mount.subPath, `${at}.subPath`));
    if (mount.subPathExpr) {
      if (mount.subPath)
        faults.push(
          invalidValue(
            `${at}.subPathExpr`,
            mount.subPathExpr,
            'subPathExpr and subPath are mutually exclusive',
          ),
        );
      faults.push(...validateRelative(mount.subPathExpr, `${at}.subPathExpr`));
    }
  }
  for (const [index, device] of (container.volumeDevices ?? []).entries()) {
    const at = `${path}.volumeDevices[${index}]`;
    if (!device.name) faults.push(required(`${at}.name`));
    if (!volumes.has(device.name)) faults.push(notFoundValue(`${at}.name`, device.name));
    if (!device.devicePath) faults.push(required(`${at}.devicePath`));
  }
  return faults;
}
