/** Files that volumes make of keys and of the pod's own fields. */
import type { FieldError } from '#status.ts';
import type { DownwardAPIVolumeFile, KeyToPath } from '#types.generated.ts';
import { invalidValue, required } from '#validation/faults.ts';
import { checkNotReserved } from '#validation/paths.ts';
import { checkFieldRef, checkResourceFieldRef, fileFieldPaths } from '#validation/pod/field-refs.ts';
import { checkPresent } from '#validation/volume-sources.ts';

const modeMax = 0o777;

export function checkMode(faults: FieldError[], mode: number | undefined, path: string): void {
  if (mode !== undefined && (mode < 0 || mode > modeMax))
    faults.push(invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive'));
}

export function checkKeyToPath(faults: FieldError[], item: KeyToPath, path: string): void {
  checkPresent(faults, item, path, ['key', 'path']);
  checkNotReserved(faults, item.path ?? '', `${path}.path`);
  checkMode(faults, item.mode, `${path}.mode`);
}

/** Told by the list's path, not by its place in it. */
export function checkDownwardFile(faults: FieldError[], file: DownwardAPIVolumeFile, path: string): void {
  checkPresent(faults, file, path, ['path']);
  checkNotReserved(faults, file.path ?? '', `${path}.path`);
  if (file.fieldRef) {
    checkFieldRef(faults, file.fieldRef, fileFieldPaths, `${path}.fieldRef`);
    if (file.resourceFieldRef)
      faults.push(
        invalidValue(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'),
      );
  } else if (file.resourceFieldRef)
    checkResourceFieldRef(faults, file.resourceFieldRef, `${path}.resourceFieldRef`, {
      needsContainer: true,
    });
  else faults.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  checkMode(faults, file.mode, `${path}.mode`);
}
