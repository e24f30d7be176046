import type { AnyObject, ManagedFieldsEntry } from '../object.ts';
import { equalJson, isJsonMap } from '../patch/json-value.ts';
import type { Schema, SchemaSet } from '../schema.ts';
import { ApiError, badRequest, unknownError } from '../status.ts';
import { configurationFaults } from './configuration-faults.ts';
import { compareFields, fieldSetOf, withNamedFields } from './compare.ts';
import { FieldSet, fieldPathText } from './field-set.ts';
import type { FieldOwner, FieldOwners } from './managed-fields.ts';
import {
  decodeManagedFields,
  encodeManagedFields,
  ownable,
  ownerKey,
  withinUpdateManagersMax,
  yielded,
} from './managed-fields.ts';
import { mergeConfiguration, removeFields } from './merge.ts';
import { Shapes } from './typed-value.ts';

const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

interface OwnershipContext {
  readonly set: SchemaSet;
  /** The kind's schema. */
  readonly schema: Schema;
  /** Who asks: the `fieldManager` of the request. */
  readonly manager: string;
  /** The version the request speaks: `apps/v1`. Other versions of the kind are taken to have the same fields. */
  readonly apiVersion: string;
  readonly subresource?: string;
  /** RFC 3339, whole seconds. */
  readonly timeNow: string;
  /** What an object has before anything is said of it: parts that are always there and so nobody's gain. */
  readonly blank?: AnyObject;
  /** Paths of fields that this request can't change and so can't own: `[['status']]` on the main resource. */
  readonly resetFields?: readonly (readonly string[])[];
}

export interface ApplyRequest extends OwnershipContext {
  /** Undefined when the object doesn't exist yet. */
  readonly live: AnyObject | undefined;
  readonly applied: AnyObject;
  /** Take fields from other managers instead of failing. */
  readonly force: boolean;
}

export interface ApplyResult {
  /** Before defaults and validation; its `metadata.managedFields` are `managedFields`. */
  readonly object: AnyObject;
  readonly managedFields: ManagedFieldsEntry[] | undefined;
}

/**
 * Server-side apply: the applied configuration is merged into the live object, its manager comes to own exactly the fields
 * in it, fields it owned before and no longer names go unless someone else owns them, and a field that another manager
 * holds with another value is a conflict. No input is changed.
 * Rules: https://kubernetes.io/docs/reference/using-api/server-side-apply/
 * @throws ApiError 409 Conflict with one cause per field, 400 and 500 for a configuration that can't be applied.
 */
export function applyServerSide(request: ApplyRequest): ApplyResult {
  requireApplicable(request);
  requireTyped(request);
  const shapes = Shapes.over(request.set);
  const config = withoutManagedFields(request.applied);
  const live = withoutManagedFields(request.live ?? emptyLike(request, config));
  const before = request.live ? ownersBeforeApply(request, shapes, live) : new Map<string, FieldOwner>();
  const self = { ...identityOf(request), operation: 'Apply' as const };
  const key = ownerKey(self);
  const last = before.get(key);
  const fields = ignoring(fieldSetOf(shapes, request.schema, config), request.resetFields);
  const owners = new Map(before).set(key, { ...self, time: last?.time, fields });

  const merged = mergeConfiguration(shapes, request.schema, { live, config });
  const object = last ? pruned(shapes, request.schema, { merged, owners, last: last.fields }) : merged;
  const others = yieldingOwners(shapes, request, { live, object, owners, key });

  const owned = ownable(fields);
  // The time is that of the last change, and who changes nothing has none of its own.
  const same = equalJson(live, object);
  const next = new Map(others);
  if (owned.isEmpty) next.delete(key);
  else next.set(key, { ...self, time: same ? last?.time : request.timeNow, fields: owned });
  const result = withLastApplied(request, object as AnyObject);
  return withManagedFields(result, next);
}

/**
 * Refuses a configuration that has other fields or types than the schema: before anything is pruned or converted.
 * @throws ApiError 500 without a reason, as every API server answers it.
 */
export function requireTyped({
  set,
  schema,
  applied,
}: Pick<ApplyRequest, 'set' | 'schema' | 'applied'>): void {
  const faults = configurationFaults(set, schema, applied);
  if (faults.length === 0) return;
  throw unknownError(`failed to create typed patch object (${identityText(applied)}): ${faultsText(faults)}`);
}

export interface UpdateRequest extends OwnershipContext {
  /** Undefined on create. */
  readonly before: AnyObject | undefined;
  /** What is about to be stored. Its own `managedFields` count when they are well formed; `[{}]` clears all. */
  readonly after: AnyObject;
}

/**
 * Ownership after a create, update or patch: the manager comes to own what it changed, and whoever owned that loses it.
 * An object that existed without managed fields stays without. Returns what `metadata.managedFields` becomes.
 */
export function updateManagedFields(request: UpdateRequest): ManagedFieldsEntry[] | undefined {
  const { before, after } = request;
  const sent = request.subresource ? before?.metadata?.managedFields : after.metadata?.managedFields;
  const cleared = sent?.length === 1 && Object.keys(sent[0] ?? {}).length === 0;
  const decoded = cleared ? new Map<string, FieldOwner>() : decodeManagedFields(sent);
  const current =
    cleared || (decoded && decoded.size > 0)
      ? (decoded ?? new Map<string, FieldOwner>())
      : (decodeManagedFields(before?.metadata?.managedFields) ?? new Map<string, FieldOwner>());
  if (current.size === 0 && before) return undefined;
  const owners = trackUpdate(Shapes.over(request.set), request, {
    before: withoutManagedFields(before ?? emptyLike(request, after)),
    after: withoutManagedFields(after),
    owners: current,
  });
  return encodeManagedFields(withinUpdateManagersMax(owners));
}

function trackUpdate(
  shapes: Shapes,
  request: OwnershipContext,
  { before, after, owners }: { before: AnyObject; after: AnyObject; owners: FieldOwners },
): Map<string, FieldOwner> {
  const compared = compareFields(shapes, request.schema, { before, after });
  const changed = ignoring(compared.added.union(compared.modified), request.resetFields);
  const removed = ignoring(compared.removed, request.resetFields);
  const next = new Map<string, FieldOwner>();
  const self = { ...identityOf(request), operation: 'Update' as const };
  const key = ownerKey(self);
  const gained = ownable(changed);
  const taken = changed.union(removed);
  const own = owners.get(key)?.fields;
  // Who changes again what is its own keeps it as it is written, and that is what most writers do.
  const keeps = own !== undefined && own.contains(gained) && !own.overlaps(removed);
  for (const [each, owner] of owners) {
    const left = each === key && keeps ? owner : yielded(owner, taken);
    if (left) next.set(each, left);
  }
  if (gained.isEmpty) return next;
  const left = next.get(key);
  if (left && keeps) next.set(key, { ...left, time: request.timeNow });
  else
    next.set(key, { ...self, time: request.timeNow, fields: gained.union(left?.fields ?? FieldSet.empty) });
  return next;
}

/** Fields of an object that nobody tracked yet belong to `before-first-apply`, so that applying can't silently drop them. */
function ownersBeforeApply(request: ApplyRequest, shapes: Shapes, live: AnyObject): Map<string, FieldOwner> {
  const owners = decodeManagedFields(request.live?.metadata?.managedFields);
  if (owners && owners.size > 0) return owners;
  return trackUpdate(
    shapes,
    { ...request, manager: 'before-first-apply' },
    {
      before: emptyLike(request, live),
      after: live,
      owners: new Map(),
    },
  );
}

/**
 * Without what the manager applied last time and doesn't now. What another manager owns stays, and so does what was never
 * the manager's own, such as a container of something that stays.
 */
function pruned(
  shapes: Shapes,
  schema: Schema,
  { merged, owners, last }: { merged: unknown; owners: FieldOwners; last: FieldSet },
): unknown {
  const named = (set: FieldSet) => withNamedFields(shapes, schema, set);
  const without = (removed: FieldSet) => removeFields(shapes, schema, { value: merged, removed }) ?? {};
  const all = named(fieldSetOf(shapes, schema, merged));
  let owned = FieldSet.empty;
  for (const owner of owners.values()) owned = owned.union(owner.fields);

  const dropped = without(named(last));
  const kept = named(fieldSetOf(shapes, schema, dropped)).union(named(owned));
  const restored = without(all.difference(kept));
  const remaining = named(fieldSetOf(shapes, schema, restored));
  return without(all.difference(remaining).intersection(named(last)));
}

/** The other owners without the fields that the applier changes. @throws ApiError Conflict unless forced. */
function yieldingOwners(
  shapes: Shapes,
  request: ApplyRequest,
  { live, object, owners, key }: { live: AnyObject; object: unknown; owners: FieldOwners; key: string },
): Map<string, FieldOwner> {
  const compared = compareFields(shapes, request.schema, { before: live, after: object });
  const changed = ignoring(compared.added.union(compared.modified), request.resetFields);
  const removed = ignoring(compared.removed, request.resetFields);
  const conflicts: { owner: FieldOwner; path: string[] }[] = [];
  let contested = FieldSet.empty;
  const next = new Map<string, FieldOwner>();
  for (const [otherKey, owner] of [...owners].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (otherKey === key) continue;
    const taken = owner.fields.intersection(changed);
    contested = contested.union(taken);
    for (const path of taken.paths()) conflicts.push({ owner, path });
    const left = yielded(owner, taken.union(removed));
    if (left) next.set(otherKey, left);
  }
  if (conflicts.length > 0 && !request.force && !wereLastApplied(shapes, request, contested))
    throw applyConflict(conflicts);
  return next;
}

/** `kubectl apply --server-side` may take over what client-side `kubectl apply` wrote: its annotation says which fields. */
function wereLastApplied(shapes: Shapes, request: ApplyRequest, contested: FieldSet): boolean {
  const text = request.live?.metadata?.annotations?.[lastAppliedAnnotation];
  if (request.manager !== 'kubectl' || !text) return false;
  try {
    const config: unknown = JSON.parse(text);
    return contested.difference(fieldSetOf(shapes, request.schema, config)).isEmpty;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Keeps the annotation true, so that client-side apply still works after a server-side one. */
function withLastApplied(request: ApplyRequest, object: AnyObject): AnyObject {
  const annotations = object.metadata?.annotations;
  if (request.manager !== 'kubectl' || !annotations || !Object.hasOwn(annotations, lastAppliedAnnotation))
    return object;
  const { [lastAppliedAnnotation]: _, ...kept } = request.applied.metadata?.annotations ?? {};
  const config = { ...request.applied, metadata: { ...request.applied.metadata, annotations: kept } };
  const text = `${JSON.stringify(config)}\n`;
  const metadata = { ...object.metadata, annotations: { ...annotations, [lastAppliedAnnotation]: text } };
  return { ...object, metadata };
}

function applyConflict(conflicts: readonly { owner: FieldOwner; path: string[] }[]): ApiError {
  const causes = conflicts.map(({ owner, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${ownerText(owner)}`,
    field: fieldPathText(path),
  }));
  return new ApiError('Conflict', conflictText(conflicts), { details: { causes } });
}

function conflictText(conflicts: readonly { owner: FieldOwner; path: string[] }[]): string {
  const [first] = conflicts;
  if (first && conflicts.length === 1)
    return `Apply failed with 1 conflict: conflict with ${ownerText(first.owner)}: ${fieldPathText(first.path)}`;
  const byOwner = Map.groupBy(conflicts, ({ owner }) => ownerText(owner));
  const lines = [...byOwner].flatMap(([owner, held]) => [
    `conflicts with ${owner}:`,
    ...held.map(({ path }) => `- ${fieldPathText(path)}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function ownerText(owner: FieldOwner): string {
  const through = owner.subresource ? ` with subresource "${owner.subresource}"` : '';
  const using = owner.operation === 'Update' ? ` using ${owner.apiVersion}` : '';
  return `"${owner.manager}"${through}${using}`;
}

function requireApplicable({ applied, apiVersion }: ApplyRequest): void {
  if (applied.apiVersion !== apiVersion) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${applied.apiVersion ?? ''}, expected: ${apiVersion}`,
    );
  }
  if (applied.metadata?.managedFields) throw badRequest('metadata.managedFields must be nil');
}

function identityOf(request: OwnershipContext) {
  const { manager, apiVersion, subresource = '' } = request;
  return { manager, apiVersion, subresource };
}

function ignoring(fields: FieldSet, reset: OwnershipContext['resetFields']): FieldSet {
  if (!reset || reset.length === 0) return fields;
  let ignored = resetSets.get(reset);
  if (!ignored) {
    ignored = FieldSet.of(...reset.map((path) => path.map((field) => `f:${field}`)));
    resetSets.set(reset, ignored);
  }
  return fields.recursiveDifference(ignored);
}

/** Most requests come with one of few lists. */
const resetSets = new WeakMap<object, FieldSet>();

function withoutManagedFields(object: AnyObject): AnyObject {
  if (!object.metadata?.managedFields) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function withManagedFields(object: AnyObject, owners: FieldOwners): ApplyResult {
  const managedFields = encodeManagedFields(owners);
  const { managedFields: _, ...metadata } = object.metadata ?? {};
  return {
    object: { ...object, metadata: managedFields ? { ...metadata, managedFields } : metadata },
    managedFields,
  };
}

/** What a new object starts from; unless told, `metadata`, `spec` and `status`. */
function emptyLike({ blank }: OwnershipContext, object: AnyObject): AnyObject {
  if (blank) return { ...blank, apiVersion: object.apiVersion, kind: object.kind };
  const empty: AnyObject = { apiVersion: object.apiVersion, kind: object.kind, metadata: {} };
  for (const field of ['spec', 'status']) if (isJsonMap(object[field])) empty[field] = {};
  return empty;
}

function identityText({ apiVersion = '', kind, metadata }: AnyObject): string {
  const version = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${version}, Kind=${kind}`;
}

function faultsText(faults: readonly string[]): string {
  return faults.length === 1 ? faults[0]! : `errors:\n${faults.map((fault) => `  ${fault}`).join('\n')}`;
}
