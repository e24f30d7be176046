/** Faults of the metadata that every kind has. */
import type { ObjectMeta } from '#object.ts';
import { labelKeyFaults, labelValueFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import {
  checkImmutable,
  checkNotNegative,
  checkReasons,
  forbiddenField,
  invalidValue,
  quoted,
  required,
  tooLong,
} from '#validation/faults.ts';
import { dnsLabelFaults, dnsSubdomainFaults } from '#validation/names.ts';

/** The reasons against a name; none when it is fine. */
export type NameRule = (name: string) => string[];

export interface MetaRules {
  readonly name: NameRule;
  /** Unknown where the registry sees to it. */
  readonly namespaced?: boolean;
  /**
   * Whether finalizers without a domain must be of the few that are known: of most kinds that were there from the
   * beginning, and of none that came with definitions.
   */
  readonly knownFinalizers?: boolean;
}

const annotationsBytesMax = 256 * 1024;
const managerLengthMax = 128;
const subresourceLengthMax = 256;
const standardFinalizers: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

export function validateObjectMeta(
  meta: ObjectMeta | undefined,
  nameRule: NameRule = dnsSubdomainFaults,
  path = 'metadata',
): FieldError[] {
  const faults: FieldError[] = [];
  checkObjectMeta(faults, meta, { name: nameRule, knownFinalizers: true }, path);
  return faults;
}

/** Of a new object. */
export function checkObjectMeta(
  faults: FieldError[],
  meta: ObjectMeta = {},
  rules: MetaRules = { name: dnsSubdomainFaults },
  path = 'metadata',
): void {
  if (meta.generateName)
    checkReasons(faults, `${path}.generateName`, meta.generateName, rules.name(asPrefix(meta.generateName)));
  if (!meta.name) faults.push(required(`${path}.name`, 'name or generateName is required'));
  else checkReasons(faults, `${path}.name`, meta.name, rules.name(meta.name));
  checkNamespace(faults, meta.namespace, rules.namespaced, `${path}.namespace`);
  checkNotNegative(faults, `${path}.generation`, meta.generation);
  checkCommon(faults, meta, path);
  checkFinalizers(faults, meta.finalizers, `${path}.finalizers`);
  checkManagedFields(faults, meta, `${path}.managedFields`);
  if (rules.knownFinalizers) checkKnownFinalizers(faults, meta.finalizers, `${path}.finalizers`);
}

/** What follows a generated name's base makes a dash at its end sound. */
function asPrefix(base: string): string {
  return base.length > 1 && base.endsWith('-') ? `${base.slice(0, -2)}a` : base;
}

function checkNamespace(
  faults: FieldError[],
  namespace: string | undefined,
  namespaced: boolean | undefined,
  path: string,
): void {
  if (namespace) {
    if (namespaced === false) faults.push(forbiddenField(path, 'not allowed on this type'));
    else checkReasons(faults, path, namespace, dnsLabelFaults(namespace));
  } else if (namespaced) faults.push(required(path));
}

function checkCommon(faults: FieldError[], meta: ObjectMeta, path: string): void {
  checkLabels(faults, meta.labels, `${path}.labels`);
  checkAnnotations(faults, meta.annotations, `${path}.annotations`);
  checkOwners(faults, meta, `${path}.ownerReferences`);
}

/** What an update of any kind may not change in the metadata; told before the kind's own faults. */
export function checkObjectMetaUpdate(
  faults: FieldError[],
  meta: ObjectMeta = {},
  old: ObjectMeta = {},
  { knownFinalizers = false, path = 'metadata' }: { knownFinalizers?: boolean; path?: string } = {},
): void {
  if (old.deletionTimestamp !== undefined) checkNoNewFinalizers(faults, meta, old, `${path}.finalizers`);
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp'] as const)
    if (meta[field] !== undefined) checkImmutable(faults, `${path}.${field}`, meta[field], old[field]);
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds'] as const)
    checkImmutable(faults, `${path}.${field}`, meta[field], old[field]);
  checkCommon(faults, meta, path);
  checkManagedFields(faults, meta, `${path}.managedFields`);
  if (knownFinalizers) checkKnownFinalizers(faults, meta.finalizers, `${path}.finalizers`);
}

export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta, path = 'metadata'): FieldError[] {
  const faults: FieldError[] = [];
  checkObjectMetaUpdate(faults, meta, old, { path });
  return faults;
}

function checkNoNewFinalizers(faults: FieldError[], meta: ObjectMeta, old: ObjectMeta, path: string): void {
  const known = new Set(old.finalizers);
  const added = [...new Set(meta.finalizers)].filter((finalizer) => !known.has(finalizer)).sort();
  if (added.length === 0) return;
  faults.push(
    forbiddenField(
      path,
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map(quoted).join(', ')}}`,
    ),
  );
}

export function checkLabels(
  faults: FieldError[],
  labels: Readonly<Record<string, string>> | undefined,
  path: string,
): void {
  for (const key in labels) {
    checkReasons(faults, path, key, labelKeyFaults(key));
    const value = labels[key] ?? '';
    checkReasons(faults, path, value, labelValueFaults(value));
  }
}

/** A name that may have a domain before a slash: `example.com/name`. */
export function checkQualifiedName(faults: FieldError[], path: string, name: string): void {
  checkReasons(faults, path, name, labelKeyFaults(name));
}

export function checkAnnotations(
  faults: FieldError[],
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): void {
  let characters = 0;
  for (const key in annotations) {
    checkReasons(faults, path, key, labelKeyFaults(key.toLowerCase()));
    characters += key.length + (annotations[key] ?? '').length;
  }
  // A character is one to three bytes: mostly there is nothing to count.
  if (characters * 3 <= annotationsBytesMax) return;
  let bytes = 0;
  for (const key in annotations) bytes += byteLength(key) + byteLength(annotations[key] ?? '');
  if (bytes > annotationsBytesMax) faults.push(tooLong(path, annotationsBytesMax));
}

export function checkFinalizers(
  faults: FieldError[],
  finalizers: readonly string[] | undefined,
  path: string,
): void {
  if (!finalizers?.length) return;
  for (const finalizer of finalizers) checkReasons(faults, path, finalizer, labelKeyFaults(finalizer));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    faults.push(invalidValue(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
}

export function checkKnownFinalizers(
  faults: FieldError[],
  finalizers: readonly string[] | undefined,
  path: string,
): void {
  for (const [index, finalizer] of (finalizers ?? []).entries())
    checkKnownFinalizer(faults, `${path}[${index}]`, finalizer);
}

export function checkKnownFinalizer(faults: FieldError[], path: string, finalizer: string): void {
  if (finalizer.includes('/') || standardFinalizers.has(finalizer)) return;
  const why = 'name is neither a standard finalizer name nor is it fully qualified';
  faults.push(invalidValue(path, finalizer, why));
}

/** Owners are told by the list's path, not by their place in it. */
function checkOwners(faults: FieldError[], { ownerReferences }: ObjectMeta, path: string): void {
  let controller = '';
  for (const owner of ownerReferences ?? []) {
    const { apiVersion, kind, name, uid } = owner;
    if (!apiVersion.slice(apiVersion.indexOf('/') + 1))
      faults.push(invalidValue(`${path}.apiVersion`, apiVersion, 'version must not be empty'));
    if (!kind) faults.push(invalidValue(`${path}.kind`, kind, 'must not be empty'));
    if (!name) faults.push(invalidValue(`${path}.name`, name, 'must not be empty'));
    if (!uid) faults.push(invalidValue(`${path}.uid`, uid, 'must not be empty'));
    if (apiVersion === 'v1' && kind === 'Event')
      faults.push(invalidValue(path, owner, '/v1, Kind=Event is disallowed from being an owner'));
    if (!owner.controller) continue;
    if (controller !== '')
      faults.push(
        invalidValue(
          path,
          (ownerReferences ?? []).map(ownerInOrder),
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${kind}/${name}`,
        ),
      );
    else controller = `${kind}/${name}`;
  }
}

type Owner = NonNullable<ObjectMeta['ownerReferences']>[number];

function ownerInOrder({ apiVersion, kind, name, uid, controller, blockOwnerDeletion }: Owner): object {
  return { apiVersion, kind, name, uid, controller, blockOwnerDeletion };
}

function checkManagedFields(faults: FieldError[], { managedFields }: ObjectMeta, path: string): void {
  for (const [index, entry] of (managedFields ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (entry.operation !== 'Apply' && entry.operation !== 'Update')
      faults.push(invalidValue(`${at}.operation`, entry.operation ?? '', 'must be `Apply` or `Update`'));
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1')
      faults.push(invalidValue(`${at}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'));
    if ((entry.manager ?? '').length > managerLengthMax)
      faults.push(tooLong(`${at}.manager`, managerLengthMax));
    if ((entry.subresource ?? '').length > subresourceLengthMax)
      faults.push(tooLong(`${at}.subresource`, subresourceLengthMax));
  }
}

const encoder = new TextEncoder();

/** Length in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}
