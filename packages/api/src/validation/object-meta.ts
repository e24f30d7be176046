import type { ObjectMeta } from '#object.ts';
import { labelKeyFaults, labelValueFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import { immutable, invalidValue, invalidValues, required, tooLong } from '#validation/faults.ts';
import { dnsLabelFaults, dnsSubdomainFaults } from '#validation/names.ts';

/** The reasons against a name; none when it is fine. */
export type NameRule = (name: string) => string[];

const annotationsBytesMax = 256 * 1024;

/** Faults of the metadata that every kind has. Whether a namespace belongs there, the registry knows. */
export function validateObjectMeta(
  meta: ObjectMeta | undefined,
  nameRule: NameRule = dnsSubdomainFaults,
  path = 'metadata',
): FieldError[] {
  if (!meta) return [required(`${path}.name`, 'name or generateName is required')];
  const faults: FieldError[] = [];
  if (meta.generateName) {
    // The base may end in what the generated suffix follows.
    const probe = meta.generateName.endsWith('-') ? `${meta.generateName.slice(0, -1)}a` : meta.generateName;
    faults.push(...invalidValues(`${path}.generateName`, meta.generateName, nameRule(probe)));
  }
  if (!meta.name) {
    if (!meta.generateName) faults.push(required(`${path}.name`, 'name or generateName is required'));
  } else faults.push(...invalidValues(`${path}.name`, meta.name, nameRule(meta.name)));
  if (meta.namespace)
    faults.push(...invalidValues(`${path}.namespace`, meta.namespace, dnsLabelFaults(meta.namespace)));
  faults.push(...validateLabels(meta.labels, `${path}.labels`));
  faults.push(...validateAnnotations(meta.annotations, `${path}.annotations`));
  faults.push(...validateFinalizers(meta.finalizers, `${path}.finalizers`));
  faults.push(...validateOwners(meta, `${path}.ownerReferences`));
  return faults;
}

/** What an update of any kind may not change in the metadata. */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta, path = 'metadata'): FieldError[] {
  const faults: FieldError[] = [];
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp'] as const)
    if (meta[field] !== undefined) faults.push(...immutable(`${path}.${field}`, meta[field], old[field]));
  if (old.deletionTimestamp !== undefined) {
    const known = new Set(old.finalizers);
    const added = (meta.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
    if (added.length > 0)
      faults.push({
        reason: 'FieldValueForbidden',
        path: `${path}.finalizers`,
        message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${goList(added)}`,
      });
  }
  return faults;
}

function goList(items: readonly string[]): string {
  return `[]string{${items.map((item) => JSON.stringify(item)).join(', ')}}`;
}

export function validateLabels(labels: Record<string, string> | undefined, path: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidValues(path, key, labelKeyFaults(key)),
    ...invalidValues(path, value, labelValueFaults(value)),
  ]);
}

export function validateAnnotations(
  annotations: Record<string, string> | undefined,
  path: string,
): FieldError[] {
  const faults: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    faults.push(...invalidValues(path, key, labelKeyFaults(key.toLowerCase())));
    bytes += byteLength(key) + byteLength(value);
  }
  if (bytes > annotationsBytesMax) faults.push(tooLong(path, annotationsBytesMax));
  return faults;
}

function validateFinalizers(finalizers: readonly string[] | undefined, path: string): FieldError[] {
  const own = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);
  const faults: FieldError[] = [];
  for (const [index, finalizer] of (finalizers ?? []).entries()) {
    faults.push(...invalidValues(`${path}[${index}]`, finalizer, labelKeyFaults(finalizer)));
    if (!finalizer.includes('/') && !own.has(finalizer))
      faults.push(
        invalidValue(
          `${path}[${index}]`,
          finalizer,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      );
  }
  if (finalizers?.includes('orphan') && finalizers.includes('foregroundDeletion'))
    faults.push(invalidValue(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  return faults;
}

function validateOwners(meta: ObjectMeta, path: string): FieldError[] {
  const faults: FieldError[] = [];
  const owners = meta.ownerReferences ?? [];
  for (const [index, owner] of owners.entries()) {
    const at = `${path}[${index}]`;
    if (!owner.apiVersion)
      faults.push(invalidValue(`${at}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'));
    if (!owner.kind) faults.push(invalidValue(`${at}.kind`, owner.kind ?? '', 'must not be empty'));
    if (!owner.name) faults.push(invalidValue(`${at}.name`, owner.name ?? '', 'must not be empty'));
    if (!owner.uid) faults.push(invalidValue(`${at}.uid`, owner.uid ?? '', 'must not be empty'));
    if (owner.apiVersion === 'v1' && owner.kind === 'Event')
      faults.push(invalidValue(at, owner, `/v1, Kind=Event is disallowed from being an owner`));
  }
  const controllers = owners.filter((owner) => owner.controller);
  if (controllers.length > 1)
    faults.push(
      invalidValue(
        path,
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${controllers[0]?.name} and ${controllers[1]?.name}`,
      ),
    );
  return faults;
}

const encoder = new TextEncoder();

/** Length in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}
