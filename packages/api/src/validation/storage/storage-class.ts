/** Classes of storage, and the attributes that volumes of them may have. */
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { StorageClass, TopologySelectorTerm, VolumeAttributesClass } from '#types.generated.ts';
import { sortedMap } from '#validation/apps/template.ts';
import {
  checkOptionalChoice,
  checkReasons,
  duplicateValue,
  forbiddenField,
  invalidValue,
  required,
  sameJson,
  tooLong,
} from '#validation/faults.ts';

const parametersMax = 512;
const parametersBytesMax = 256 * 1024;
const reclaimPolicies = ['Delete', 'Retain'];
const bindingModes = ['Immediate', 'WaitForFirstConsumer'];

function checkProvisioner(faults: FieldError[], name: string | undefined, path: string): void {
  if (name) checkReasons(faults, path, name.toLowerCase(), labelKeyFaults(name.toLowerCase()));
}

function checkParameters(faults: FieldError[], parameters: Record<string, string> = {}): boolean {
  const entries = Object.entries(parameters);
  if (entries.length > parametersMax) {
    faults.push(tooLong('parameters', parametersMax));
    return false;
  }
  let bytes = 0;
  for (const [key, value] of entries) {
    if (key === '') faults.push(invalidValue('parameters', key, 'field can not be empty.'));
    bytes += key.length + value.length;
  }
  if (bytes > parametersBytesMax) faults.push(tooLong('parameters', parametersBytesMax));
  return entries.length > 0;
}

export function validateStorageClass(storageClass: StorageClass): FieldError[] {
  const faults: FieldError[] = [];
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode } = storageClass;
  checkProvisioner(faults, provisioner, 'provisioner');
  checkParameters(faults, parameters);
  if (reclaimPolicy) checkOptionalChoice(faults, 'reclaimPolicy', reclaimPolicy, reclaimPolicies);
  if (volumeBindingMode === undefined) faults.push(required('volumeBindingMode'));
  else checkOptionalChoice(faults, 'volumeBindingMode', volumeBindingMode, bindingModes);
  checkTopologies(faults, storageClass.allowedTopologies ?? []);
  if (!provisioner) faults.push(required('provisioner'));
  return faults;
}

function checkTopologies(faults: FieldError[], terms: readonly TopologySelectorTerm[]): void {
  const seen: string[] = [];
  for (const [index, { matchLabelExpressions = [] }] of terms.entries()) {
    const path = `allowedTopologies[${index}].matchLabelExpressions`;
    const keys = new Map<string, string[]>();
    for (const [position, { key, values = [] }] of matchLabelExpressions.entries()) {
      const at = `${path}[${position}]`;
      if (values.length === 0) faults.push(required(`${at}.values`));
      for (const [place, value] of values.entries())
        if (values.indexOf(value) < place) faults.push(duplicateValue(`${at}.values[${place}]`, value));
      checkReasons(faults, `${at}.key`, key, labelKeyFaults(key));
      if (keys.has(key)) faults.push(duplicateValue(`${at}.key`, key));
      keys.set(key, [...new Set(values)].sort());
    }
    const identity = JSON.stringify([...keys].sort(([a], [b]) => (a < b ? -1 : 1)));
    if (keys.size === 0 || seen.includes(identity)) faults.push(duplicateValue(path, ''));
    seen.push(identity);
  }
}

export function validateStorageClassUpdate(next: StorageClass, old: StorageClass): FieldError[] {
  const faults = validateStorageClass(next);
  const kept = (field: 'provisioner' | 'reclaimPolicy' | 'volumeBindingMode'): void => {
    if (next[field] !== old[field])
      faults.push(invalidValue(field, next[field] ?? null, 'field is immutable'));
  };
  kept('provisioner');
  if (!sameJson(next.parameters ?? {}, old.parameters ?? {}))
    faults.push(invalidValue('parameters', sortedMap(next.parameters) ?? null, 'field is immutable'));
  kept('reclaimPolicy');
  kept('volumeBindingMode');
  return faults;
}

export function validateAttributesClass({ driverName, parameters }: VolumeAttributesClass): FieldError[] {
  const faults: FieldError[] = [];
  if (!driverName) faults.push(required('driverName'));
  checkProvisioner(faults, driverName, 'driverName');
  if (!checkParameters(faults, parameters) && Object.keys(parameters ?? {}).length === 0)
    faults.push(required('parameters', 'must contain at least one key/value pair'));
  return faults;
}

export function validateAttributesClassUpdate(
  next: VolumeAttributesClass,
  old: VolumeAttributesClass,
): FieldError[] {
  const faults: FieldError[] = [];
  if (next.driverName !== old.driverName)
    faults.push(forbiddenField('driverName', 'updates to driverName are forbidden.'));
  if (!sameJson(next.parameters ?? {}, old.parameters ?? {}))
    faults.push(forbiddenField('parameters', 'updates to parameters are forbidden.'));
  faults.push(...validateAttributesClass(next));
  return faults;
}
