import {
  equalJson,
  type ApiError,
  badRequest,
  conflict,
  immutable,
  invalid,
  cloneJson,
  DroppedFields,
  type AnyObject,
  type ObjectMeta,
} from '@skerry/api';
import { StoreConflictError } from '@skerry/store';
import { settleNamespace } from '#registry/create.ts';
import { ownUpdated } from '#registry/field-ownership.ts';
import {
  annotationOfSpec,
  countedMetadata,
  metadataKeptByStatus,
  needsRevisionToReplace,
} from '#registry/kind-rules.ts';
import type { Served } from '#registry/kind-table.ts';
import { metadataOf, type Current, type Registry, type Target } from '#registry/registry.ts';
import {
  faultsKind,
  fillDefaults,
  hasStatus,
  settledParts,
  tellUnset,
  updateFaults,
  without,
  withoutNulls,
  warningsOf,
} from '#registry/rules.ts';
import type { WriteOptions } from '#registry/write-options.ts';

/** Which part of the object a request may change. */
export interface UpdatedPart {
  /** `whole` is the object without its status, `raw` everything. */
  readonly part: 'whole' | 'status' | 'raw';
  /** Puts back, in `next`, what this door may not change. */
  keep?(next: AnyObject, old: AnyObject): void;
}

export interface UpdateOptions extends UpdatedPart {
  /**
   * Makes the new object from a copy of the old one. Called again with a newer one when another writer was faster,
   * unless the new object names the resourceVersion it was made from.
   */
  transform(current: AnyObject): AnyObject | Promise<AnyObject>;
  /** The transform changes nothing of what it is given, which then need be no copy. */
  readonly leavesCurrent?: boolean;
  /** The new object comes whole from the client rather than being made from the old one. */
  readonly replaces?: boolean;
  /** For server-side apply, which reckons ownership itself. */
  readonly ownershipDone?: boolean;
  /** Nobody asked for another object: a pod is bound in its first generation. */
  readonly keepsGeneration?: boolean;
  /** Where admission is shown another body than the object: a Scale. */
  readonly body?: AdmittedBody;
}

export interface AdmittedBody {
  of(object: AnyObject): AnyObject;
  /** Brings what admission made of the body into the object. */
  into(object: AnyObject, body: AnyObject): void;
}

/** Changes an object. A change that changes nothing is not written and keeps its resourceVersion. */
export async function updateObject(
  registry: Registry,
  served: Served,
  target: Target,
  update: UpdateOptions,
  write: WriteOptions,
): Promise<AnyObject> {
  return registry.retrying(served, target, async (found) => {
    const current = found ?? (await registry.get(served, target));
    return updateOnce(registry, served, target, current, update, write);
  });
}

/** One attempt on a given state; rejects with `StoreConflictError` when it has been overtaken. */
export async function updateOnce(
  registry: Registry,
  served: Served,
  target: Target,
  current: Current,
  update: UpdateOptions,
  write: WriteOptions,
): Promise<AnyObject> {
  const { info } = served;
  const old = current.object;
  const step = () => registry.longWork.next(Math.max(current.bytes, write.bytes ?? 0));
  const next = await update.transform(update.leavesCurrent ? old : cloneJson(old));
  const named = checkIdentity(served, target, next, old, update);
  if (update.replaces && !named && needsRevisionToReplace(served)) throw revisionMissing(served, target);
  next.apiVersion = info.group ? `${info.group}/${info.version}` : info.version;
  next.kind = info.kind;
  keepServerMetadata(next, old);
  await step();
  const before = withoutNulls(served, old);
  let settled = settledParts(served, next, before);
  const dropped = new DroppedFields();
  fillDefaults(served, next, { settled, dropped });
  await step();
  if (!update.ownershipDone && write.fieldManager !== undefined) {
    // Owned is what was sent and what it defaults to. What is put back or added from here on is nobody's.
    tellUnset(served, next, { emptyLists: false, settled });
    ownUpdated(served, without(next, settled), without(old, settled), {
      manager: write.fieldManager,
      time: registry.timestamp(),
      subresource: write.subresource,
    });
  }
  await step();
  const now = registry.timestamp();
  keepOtherParts(served, next, before, { ...update, now });
  update.keep?.(next, old);
  settled = settledParts(served, next, before);
  fillDefaults(served, next, { settled });
  // What was made from the old object is shown with its revision, though it insists on none.
  if (!named && !update.replaces) metadataOf(next).resourceVersion = metadataOf(old).resourceVersion;

  const { body } = update;
  const context = {
    operation: 'UPDATE' as const,
    subresource: write.subresource,
    namespace: target.namespace,
    name: target.name,
    object: body ? body.of(next) : next,
    oldObject: body ? body.of(old) : old,
    user: write.user,
    dryRun: write.dryRun,
    options: write.options,
    warnings: write.warnings,
    auditAnnotations: write.auditAnnotations,
    signal: write.signal,
  };
  await step();
  const { managedFields } = metadataOf(next);
  await registry.mutate(served, context, write);
  body?.into(next, context.object);
  settled = keepUpdated(served, target, next, { old, before }, { ...update, managedFields, now });
  const whole = update.part === 'whole' ? registry.hooks(served) : undefined;
  const undo = await whole?.beforeUpdate?.(next, old, write);
  let stored: AnyObject;
  try {
    if (undo) settled = settledParts(served, next, before);
    for (const name of settled) next[name] = before[name];
    await step();
    tellUnset(served, next, { nulls: false, settled });
    const own = dropped.shownTo(() => updateFaults(served, next, before, write.subresource));
    const faults = whole?.faults?.(next, own, old) ?? own;
    if (faults.length > 0) throw invalid(faultsKind(served), target.name, faults);
    if (update.part === 'whole') write.warnings.push(...warningsOf(served, next, before));
    await step();
    // With the nulls that are told of them already.
    for (const name of settled) next[name] = old[name];
    tellUnset(served, next, { settled });
    if (!update.keepsGeneration)
      countGeneration(served, without(next, settled), without(old, settled), update.part);
    await registry.admit(served, body ? { ...context, object: body.of(next) } : context, write);
    stored = await storeUpdated(registry, served, target, { ...current, settled }, next, write);
  } catch (error) {
    await undo?.();
    if (error instanceof StoreConflictError && named) throw conflict(info, target.name);
    throw error;
  }
  // What is stored is not undone, whatever becomes of what follows it.
  if (write.dryRun) await undo?.();
  else await whole?.afterUpdate?.(stored, old);
  return stored;
}

/**
 * After admission has changed an object: what this door may not change is as it was, what it left open gets its defaults.
 * Returns the parts that nobody has changed.
 */
function keepUpdated(
  served: Served,
  target: Target,
  next: AnyObject,
  { old, before }: { readonly old: AnyObject; readonly before: AnyObject },
  update: UpdatedPart & { managedFields: ObjectMeta['managedFields']; now: string },
): ReadonlySet<string> {
  const meta = metadataOf(next);
  if (meta.name !== target.name || (meta.namespace ?? '') !== target.namespace) {
    throw invalid(served.info, target.name, immutable('metadata.name', meta.name, target.name));
  }
  if (update.managedFields) meta.managedFields = update.managedFields;
  else delete meta.managedFields;
  keepServerMetadata(next, old);
  keepOtherParts(served, next, before, update);
  update.keep?.(next, old);
  const settled = settledParts(served, next, before);
  fillDefaults(served, next, { settled });
  return settled;
}

async function storeUpdated(
  registry: Registry,
  served: Served,
  target: Target,
  current: Current & { readonly settled: ReadonlySet<string> },
  next: AnyObject,
  write: WriteOptions,
): Promise<AnyObject> {
  const { object: old, settled } = current;
  metadataOf(next).resourceVersion = metadataOf(old).resourceVersion;
  const finished = isFinished(served, next);
  if (!finished && sameBut(without(next, settled), without(old, settled))) return cloneJson(old);
  if (write.dryRun) return next;
  if (finished) {
    const { resourceVersion } = metadataOf(next);
    const removed = await registry.remove(served, target, next, current.revision);
    // The answer is about the change that ended it, not about its end.
    metadataOf(removed).resourceVersion = resourceVersion;
    return removed;
  }
  return registry.replace(served, target, next, current.revision);
}

/** The body must be of the object that its address names. */
export function checkPlace(served: Served, target: Target, body: AnyObject): void {
  const { name } = metadataOf(body);
  if (name !== target.name) {
    throw badRequest(
      name
        ? `the name of the object (${name}) does not match the name on the URL (${target.name})`
        : `the name of the object (${target.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  settleNamespace(served, target.namespace, body);
}

/** Name, uid and revision must be those of the object that is changed. Returns whether a revision was named. */
function checkIdentity(
  served: Served,
  target: Target,
  next: AnyObject,
  old: AnyObject,
  { replaces = false }: Pick<UpdateOptions, 'replaces'>,
): boolean {
  const meta = metadataOf(next);
  const oldMeta = metadataOf(old);
  checkPlace(served, target, next);
  if (meta.uid && meta.uid !== oldMeta.uid) {
    const fault = immutable('metadata.uid', meta.uid, oldMeta.uid);
    if (!replaces)
      // It is looked at twice, and so told twice.
      throw invalid(faultsKind(served), target.name, [...fault, ...fault]);
    throw conflict(
      served.info,
      target.name,
      `Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${oldMeta.uid}`,
    );
  }
  const named = Boolean(meta.resourceVersion);
  if (named && meta.resourceVersion !== oldMeta.resourceVersion) throw conflict(served.info, target.name);
  return named;
}

/** 422, in which a stock server names the resource where all others name the kind. */
function revisionMissing({ info }: Served, target: Target): ApiError {
  return invalid({ group: info.group, kind: info.resource }, target.name, [
    {
      reason: 'FieldValueInvalid',
      path: 'metadata.resourceVersion',
      message: 'Invalid value: 0: must be specified for an update',
    },
  ]);
}

function keepServerMetadata(next: AnyObject, old: AnyObject): void {
  const meta = metadataOf(next) as Record<string, unknown>;
  const oldMeta = metadataOf(old) as Record<string, unknown>;
  for (const field of [
    'uid',
    'creationTimestamp',
    'generation',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generateName',
  ]) {
    if (oldMeta[field] === undefined) delete meta[field];
    else meta[field] = oldMeta[field];
  }
  delete meta['selfLink'];
}

function keepOtherParts(
  served: Served,
  next: AnyObject,
  old: AnyObject,
  { part, now }: UpdatedPart & { now: string },
): void {
  if (part === 'raw') return;
  if (part === 'status') {
    for (const field of new Set([...Object.keys(next), ...Object.keys(old)])) {
      if (field === 'status' || field === 'metadata' || field === 'apiVersion' || field === 'kind') continue;
      keepPart(next, old, field);
    }
    keepMetadata(served, next, old);
    served.info.strategy.prepareForStatus?.(next, old, now);
    return;
  }
  if (hasStatus(served)) keepPart(next, old, 'status');
  served.info.strategy.prepareForUpdate?.(next, old, now);
}

function keepPart(next: AnyObject, old: AnyObject, field: string): void {
  if (old[field] === undefined) delete next[field];
  else if (!equalJson(next[field], old[field])) next[field] = cloneJson(old[field]);
}

/** What a write of the status may not change of the metadata. */
function keepMetadata(served: Served, next: AnyObject, old: AnyObject): void {
  const kept = metadataKeptByStatus(served);
  const given = metadataOf(next) as Record<string, unknown>;
  const before = metadataOf(old) as Record<string, unknown>;
  const fields = kept === 'all' ? new Set([...Object.keys(given), ...Object.keys(before)]) : kept;
  for (const field of fields) {
    if (field === 'managedFields') continue;
    if (before[field] !== undefined) given[field] = before[field];
    // To delete what isn't there is slow as well, and most fields of most objects aren't.
    else if (given[field] !== undefined) delete given[field];
  }
  const annotation = annotationOfSpec(served);
  const value = annotation && metadataOf(old).annotations?.[annotation];
  if (annotation && value !== undefined) (metadataOf(next).annotations ??= {})[annotation] = value;
}

function countGeneration(served: Served, next: AnyObject, old: AnyObject, part: UpdatedPart['part']): void {
  if (!served.info.hasGeneration || part === 'status') return;
  const counted = countedMetadata(served);
  if (!counted) return;
  const [meta, oldMeta] = [metadataOf(next), metadataOf(old)] as Record<string, unknown>[];
  const fields = [...new Set([...Object.keys(next), ...Object.keys(old)])].filter(
    (field) =>
      field !== 'metadata' &&
      field !== 'apiVersion' &&
      field !== 'kind' &&
      (field !== 'status' || !hasStatus(served)),
  );
  const changed =
    fields.some((field) => !equalJson(next[field], old[field])) ||
    counted.some((field) => !equalJson(meta![field], oldMeta![field]));
  if (changed) metadataOf(next).generation = (metadataOf(old).generation ?? 0) + 1;
}

/** Whether a deletion that waited has nothing left to wait for. */
export function isFinished(served: Served, object: AnyObject): boolean {
  const meta = metadataOf(object);
  if (!meta.deletionTimestamp || (meta.finalizers?.length ?? 0) > 0) return false;
  if ((meta.deletionGracePeriodSeconds ?? 0) > 0) return false;
  if (served.info.group === '' && served.info.resource === 'namespaces') {
    const spec = object.spec as { finalizers?: string[] } | undefined;
    return (spec?.finalizers?.length ?? 0) === 0;
  }
  return true;
}

/** Equal but for when fields were last owned. Who owns what is looked at last: it is the most, and changes the least alone. */
function sameBut(next: AnyObject, old: AnyObject): boolean {
  return equalJson(withoutOwners(next), withoutOwners(old)) && equalJson(ownersOf(next), ownersOf(old));
}

function withoutOwners(object: AnyObject): AnyObject {
  return { ...object, metadata: { ...object.metadata, managedFields: undefined } };
}

function ownersOf({ metadata }: AnyObject) {
  return metadata?.managedFields?.map((entry) => ({ ...entry, time: undefined }));
}
