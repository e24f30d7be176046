import {
  alreadyExists,
  ApiError,
  badRequest,
  forbidden,
  invalid,
  isApiError,
  cloneJson,
  DroppedFields,
  type AnyObject,
  type ObjectMeta,
} from '@skerry/api';
import { StoreConflictError } from '@skerry/store';
import { firstGeneration, isCreatedWithStatus, namedByServer } from '#registry/kind-rules.ts';
import type { Served } from '#registry/kind-table.ts';
import { generateName } from '#registry/object-name.ts';
import { ownCreated } from '#registry/field-ownership.ts';
import { metadataOf, type Registry, type Target } from '#registry/registry.ts';
import { createFaults, faultsKind, fillDefaults, hasStatus, tellUnset, warningsOf } from '#registry/rules.ts';
import type { WriteOptions } from '#registry/write-options.ts';

/** Names that are tried for one `generateName`. */
const generatedNamesMax = 8;

interface CreateOptions {
  readonly nameGenerated?: boolean;
  /** For server-side apply, which reckons ownership itself. */
  readonly ownershipDone?: boolean;
}

/**
 * Creates `object`, which has been decoded. `namespace` is that of the URL.
 * The caller gives the object away; it comes back complete.
 */
export async function createObject(
  registry: Registry,
  served: Served,
  namespace: string,
  object: AnyObject,
  write: WriteOptions,
  options: CreateOptions = {},
): Promise<AnyObject> {
  const { name, generateName: base } = metadataOf(object);
  if (!name && !base && namedByServer(served)) metadataOf(object).name = registry.parts.uid();
  if (name || !base) return createOnce(registry, served, namespace, object, write, options);
  for (let tries = 1; ; tries++) {
    // The name comes before anything looks at the object, since defaults write it into labels. Another one begins anew.
    const named = cloneJson(object);
    const generated = (metadataOf(named).name = generateName(base, registry.parts.random));
    try {
      return await createOnce(registry, served, namespace, named, write, { ...options, nameGenerated: true });
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists') || error.status.details?.name !== generated) throw error;
      if (tries >= generatedNamesMax) throw noNameFound(served, generated, base);
    }
  }
}

async function createOnce(
  registry: Registry,
  served: Served,
  namespace: string,
  object: AnyObject,
  write: WriteOptions,
  { ownershipDone = false, nameGenerated = false }: CreateOptions,
): Promise<AnyObject> {
  const { info } = served;
  const step = () => registry.longWork.next(write.bytes ?? 0);
  await step();
  const meta = metadataOf(object);
  if (meta.resourceVersion && !write.dryRun && !ownershipDone)
    throw badRequest('resourceVersion should not be set on objects to be created');
  settleNamespace(served, namespace, object);
  object.apiVersion = info.group ? `${info.group}/${info.version}` : info.version;
  object.kind = info.kind;
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'] as const) {
    delete (meta as Record<string, unknown>)[field];
  }
  if (hasStatus(served) && !isCreatedWithStatus(served)) delete object.status;
  const dropped = new DroppedFields();
  fillDefaults(served, object, { dropped });
  await step();
  if (!ownershipDone && write.fieldManager !== undefined) {
    // Owned is what was sent and what it defaults to. What strategy, admission and allocators add is nobody's.
    tellUnset(served, object, { emptyLists: false });
    ownCreated(served, object, { manager: write.fieldManager, time: registry.timestamp() });
  }
  await step();
  meta.creationTimestamp = registry.timestamp();
  meta.uid = registry.parts.uid();
  info.strategy.prepareForCreate?.(object);
  const generation = firstGeneration(served);
  if (generation !== undefined) meta.generation = generation;
  fillDefaults(served, object);

  const context = {
    operation: 'CREATE' as const,
    subresource: '',
    namespace: meta.namespace ?? '',
    name: meta.name ?? '',
    nameGenerated,
    object,
    oldObject: undefined,
    user: write.user,
    dryRun: write.dryRun,
    options: write.options,
    warnings: write.warnings,
    auditAnnotations: write.auditAnnotations,
    signal: write.signal,
  };
  const { managedFields } = meta;
  await registry.mutate(served, context, write);
  keepCreated(served, namespace, object, managedFields);

  const undo = await registry.hooks(served)?.beforeCreate?.(object, write);
  try {
    await step();
    tellUnset(served, object, { nulls: false });
    const own = dropped.shownTo(() => createFaults(served, object));
    const faults = registry.hooks(served)?.faults?.(object, own) ?? own;
    if (faults.length > 0) throw invalid(faultsKind(served), metadataOf(object).name ?? '', faults);
    write.warnings.push(...warningsOf(served, object), ...(registry.hooks(served)?.warnings?.(object) ?? []));
    tellUnset(served, object);
    refuseInGoing(served, object);
    await step();
    await registry.admit(
      served,
      { ...context, name: metadataOf(object).name ?? '', nameGenerated: false },
      write,
    );
    const created = await insert(registry, served, object, write);
    if (write.dryRun) await undo?.();
    return created;
  } catch (error) {
    await undo?.();
    throw error;
  }
}

/** A custom kind whose definition is being deleted takes no new objects. */
function refuseInGoing({ custom, info }: Served, object: AnyObject): void {
  if (!custom || info.verbs.includes('create')) return;
  const why = 'create not allowed while custom resource definition is terminating';
  throw forbidden(info, metadataOf(object).name ?? '', why);
}

/** After admission has changed a new object: what it may not set is as it was, and what it left open gets its defaults. */
function keepCreated(
  served: Served,
  namespace: string,
  object: AnyObject,
  managedFields: ObjectMeta['managedFields'],
): void {
  settleNamespace(served, namespace, object);
  if (hasStatus(served) && !isCreatedWithStatus(served)) delete object.status;
  served.info.strategy.prepareForCreate?.(object);
  const meta = metadataOf(object);
  if (managedFields) meta.managedFields = managedFields;
  else delete meta.managedFields;
  fillDefaults(served, object);
}

async function insert(
  registry: Registry,
  served: Served,
  object: AnyObject,
  write: WriteOptions,
): Promise<AnyObject> {
  const { namespace = '', name = '' } = metadataOf(object);
  const target: Target = { namespace, name };
  try {
    if (!write.dryRun) return await registry.insert(served, target, object);
    if (!(await registry.find(served, target))) return object;
  } catch (error) {
    if (!(error instanceof StoreConflictError)) throw error;
  }
  throw await existsError(registry, served, target);
}

async function existsError(registry: Registry, served: Served, target: Target): Promise<ApiError> {
  const error = alreadyExists(served.info, target.name);
  // That it can't be read, for want of its key, doesn't make it less there.
  const existing = await registry.find(served, target).catch(() => undefined);
  if (!existing || !metadataOf(existing.object).deletionTimestamp) return error;
  const { details } = error.status;
  return new ApiError('AlreadyExists', `object is being deleted: ${error.message}`, { details });
}

function noNameFound(served: Served, name: string, base: string): ApiError {
  const existing = alreadyExists(served.info, name);
  return new ApiError(
    'AlreadyExists',
    `${existing.message}, the server was not able to generate a unique name for the object with base "${base}"`,
    { details: { ...existing.status.details, retryAfterSeconds: 1 } },
  );
}

/** The namespace of the URL becomes the object's; another one in the object is refused. */
export function settleNamespace(served: Served, namespace: string, object: AnyObject): void {
  const meta = metadataOf(object);
  if (!served.info.namespaced) {
    delete meta.namespace;
    return;
  }
  if (meta.namespace && meta.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  meta.namespace = namespace;
}
