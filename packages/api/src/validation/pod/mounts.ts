/** Where a container sees the pod's volumes: as folders and as block devices. */
import type { FieldError } from '#status.ts';
import type { Container, VolumeMount } from '#types.generated.ts';
import {
  checkOptionalChoice,
  forbiddenField,
  invalidValue,
  notFoundValue,
  required,
} from '#validation/faults.ts';
import { checkDescending, hasBackstep } from '#validation/paths.ts';
import type { KnownVolumes } from '#validation/pod/volumes.ts';

type Mounting = Pick<Container, 'volumeMounts' | 'volumeDevices' | 'securityContext'>;

export function checkMounts(
  faults: FieldError[],
  container: Mounting,
  volumes: KnownVolumes,
  path: string,
): void {
  if (container.volumeMounts) checkFolders(faults, container, volumes, `${path}.volumeMounts`);
  if (container.volumeDevices) checkDevices(faults, container, volumes, `${path}.volumeDevices`);
}

function checkFolders(faults: FieldError[], container: Mounting, volumes: KnownVolumes, path: string): void {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const places = new Set<string>();
  for (const [index, mount] of volumeMounts.entries()) {
    const at = `${path}[${index}]`;
    const { name, mountPath } = mount;
    if (!name) faults.push(required(`${at}.name`));
    if (!volumes.has(name)) faults.push(notFoundValue(`${at}.name`, name));
    if (!mountPath) faults.push(required(`${at}.mountPath`));
    if (places.has(mountPath)) faults.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'));
    places.add(mountPath);
    if (volumeDevices.some((device) => device.name === name))
      faults.push(invalidValue(`${at}.name`, name, 'must not already exist in volumeDevices'));
    if (volumeDevices.some((device) => device.devicePath === mountPath))
      faults.push(
        invalidValue(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'),
      );
    checkSubPaths(faults, mount, { at, path });
    checkPropagation(faults, mount, container, `${path}.mountPropagation`);
    checkRecursiveReadOnly(faults, mount, `${path}.recursiveReadOnly`);
  }
}

function checkSubPaths(
  faults: FieldError[],
  { subPath, subPathExpr }: VolumeMount,
  { at, path }: { readonly at: string; readonly path: string },
): void {
  if (subPath) checkDescending(faults, subPath, `${path}.subPath`);
  if (!subPathExpr) return;
  if (subPath)
    faults.push(
      invalidValue(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'),
    );
  checkDescending(faults, subPathExpr, `${path}.subPathExpr`);
}

const propagations = ['Bidirectional', 'HostToContainer', 'None'];

function checkPropagation(
  faults: FieldError[],
  { mountPropagation }: VolumeMount,
  { securityContext }: Mounting,
  path: string,
): void {
  checkOptionalChoice(faults, path, mountPropagation, propagations);
  if (mountPropagation === 'Bidirectional' && !securityContext?.privileged)
    faults.push(
      forbiddenField(path, 'Bidirectional mount propagation is available only to privileged containers'),
    );
}

const recursions = ['Disabled', 'Enabled', 'IfPossible'];

function checkRecursiveReadOnly(faults: FieldError[], mount: VolumeMount, path: string): void {
  const { recursiveReadOnly, readOnly, mountPropagation } = mount;
  checkOptionalChoice(faults, path, recursiveReadOnly, recursions);
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible') return;
  if (!readOnly) faults.push(forbiddenField(path, 'may only be specified when readOnly is true'));
  if (mountPropagation !== undefined && mountPropagation !== 'None')
    faults.push(forbiddenField(path, 'may only be specified when mountPropagation is None or not specified'));
}

function checkDevices(faults: FieldError[], container: Mounting, volumes: KnownVolumes, path: string): void {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const names = new Set<string>();
  const places = new Set<string>();
  for (const [index, { name = '', devicePath = '' }] of volumeDevices.entries()) {
    const at = `${path}[${index}]`;
    const volume = volumes.get(name);
    if (!name) faults.push(required(`${at}.name`));
    if (names.has(name)) faults.push(invalidValue(`${at}.name`, name, 'must be unique'));
    if (!volume) faults.push(notFoundValue(`${at}.name`, name));
    else if (!volume.persistentVolumeClaim && !volume.ephemeral)
      faults.push(
        invalidValue(
          `${at}.name`,
          name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      );
    if (!devicePath) faults.push(required(`${at}.devicePath`));
    if (places.has(devicePath)) faults.push(invalidValue(`${at}.devicePath`, devicePath, 'must be unique'));
    if (hasBackstep(devicePath))
      faults.push(invalidValue(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    else places.add(devicePath);
    if (volumeMounts.some((mount) => mount.name === name))
      faults.push(invalidValue(`${at}.name`, name, 'must not already exist in volumeMounts'));
    if (volumeMounts.some((mount) => mount.mountPath === devicePath))
      faults.push(
        invalidValue(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'),
      );
    if (name) names.add(name);
  }
}
