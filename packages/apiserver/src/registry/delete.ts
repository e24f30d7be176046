import { badRequest, conflict, cloneJson, type AnyObject, type Status, timeText } from '@skerry/api';
import {
  deletesItsOwnWay,
  groupResource,
  knowsNoDependents,
  storedGroup,
  orphaningWarning,
  orphansByDefault,
} from '#registry/kind-rules.ts';
import type { Served } from '#registry/kind-table.ts';
import { invalidOptions } from '#registry/request-options.ts';
import { metadataOf, type Current, type Registry, type Target } from '#registry/registry.ts';
import { isFinished } from '#registry/update.ts';
import type { WriteOptions } from '#registry/write-options.ts';

export interface DeleteRequest {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface Deleted {
  /** The last state. */
  readonly object: AnyObject;
  /** False while grace or finalizers keep it. */
  readonly gone: boolean;
}

const foreground = 'foregroundDeletion';
const orphan = 'orphan';

/**
 * Deletes an object, or marks it as being deleted where grace or finalizers keep it. Propagation is a finalizer that the
 * garbage collector takes off when it has dealt with the dependents.
 */
export async function deleteObject(
  registry: Registry,
  served: Served,
  target: Target,
  request: DeleteRequest,
  write: WriteOptions,
): Promise<Deleted> {
  return registry.retrying(served, target, async (found) => {
    const current = found ?? (await registry.get(served, target));
    const warning = orphaningWarning(served);
    if (warning && request.propagationPolicy === undefined && request.orphanDependents === undefined)
      write.warnings.push(warning);
    checkPreconditions(served, target, current, request);
    const context = {
      operation: 'DELETE' as const,
      subresource: '',
      namespace: target.namespace,
      name: write.ofCollection ? '' : target.name,
      object: undefined,
      oldObject: current.object,
      user: write.user,
      dryRun: write.dryRun,
      options: write.options,
      warnings: write.warnings,
      auditAnnotations: write.auditAnnotations,
      signal: write.signal,
    };
    await registry.mutate(served, context, write);
    await registry.admit(served, context, write);
    return deleteOnce(registry, served, target, current, request, write);
  });
}

async function deleteOnce(
  registry: Registry,
  served: Served,
  target: Target,
  current: Current,
  request: DeleteRequest,
  write: WriteOptions,
): Promise<Deleted> {
  const next = cloneJson(current.object);
  registry.hooks(served)?.beforeDelete?.(next, registry.timestamp());
  const meta = metadataOf(next);
  // A definition's deletion begins with its instances, whatever is asked about dependents and grace.
  const begins = isDefinition(served) && !meta.deletionTimestamp;
  const finalizers = begins
    ? (meta.finalizers ?? [])
    : propagationFinalizers(served, meta.finalizers ?? [], request);
  const before = metadataOf(current.object).finalizers ?? [];
  const finalizersChanged =
    finalizers.length !== before.length || finalizers.some((finalizer, index) => finalizer !== before[index]);
  if (finalizers.length > 0) meta.finalizers = finalizers;
  else delete meta.finalizers;
  // Kinds that know no grace go as they are: nobody sees them being deleted.
  if (finalizers.length === 0 && !served.info.strategy.deletionGraceSeconds && !isNamespace(served)) {
    if (write.dryRun) return { object: next, gone: true };
    return { object: await registry.remove(served, target, next, current.revision), gone: true };
  }
  const grace = served.info.strategy.deletionGraceSeconds?.(current.object, request.gracePeriodSeconds);
  const marked = mark(registry, served, next, grace, request.gracePeriodSeconds);

  if (isFinished(served, next)) {
    if (write.dryRun) return { object: next, gone: true };
    return { object: await registry.remove(served, target, next, current.revision), gone: true };
  }
  if (!marked && !finalizersChanged) return { object: cloneJson(current.object), gone: false };
  if (write.dryRun) return { object: next, gone: false };
  return { object: await registry.replace(served, target, next, current.revision), gone: false };
}

/** Puts the deletion into the metadata; false when the object already was so marked. A deadline is only ever shortened. */
function mark(
  registry: Registry,
  served: Served,
  next: AnyObject,
  grace: number | undefined,
  requested: number | undefined,
): boolean {
  const meta = metadataOf(next);
  const wanted = Math.max(grace ?? 0, 0);
  if (meta.deletionTimestamp) {
    const running = meta.deletionGracePeriodSeconds ?? 0;
    if (running === 0 || requested === undefined || wanted >= running) return false;
    const startedMs = Date.parse(meta.deletionTimestamp) - running * 1000;
    meta.deletionTimestamp = timeText(startedMs + wanted * 1000);
    meta.deletionGracePeriodSeconds = wanted;
    return true;
  }
  meta.deletionTimestamp = registry.timestamp(wanted);
  meta.deletionGracePeriodSeconds = wanted;
  if (isNamespace(served)) {
    delete meta.deletionGracePeriodSeconds;
    next.status = { ...(next.status as object | undefined), phase: 'Terminating' };
  }
  if (isDefinition(served)) {
    delete meta.deletionGracePeriodSeconds;
    return true;
  }
  if (meta.generation) meta.generation++;
  return true;
}

function isNamespace({ info }: Served): boolean {
  return info.group === '' && info.resource === 'namespaces';
}

function isDefinition(served: Served): boolean {
  return groupResource(served) === 'apiextensions.k8s.io/customresourcedefinitions';
}

function propagationFinalizers(served: Served, present: readonly string[], request: DeleteRequest): string[] {
  if (knowsNoDependents(served)) return [...present];
  const policy =
    request.propagationPolicy ??
    (request.orphanDependents === undefined ? undefined : request.orphanDependents ? 'Orphan' : 'Background');
  if (policy === undefined) {
    const chosen = present.includes(foreground) || present.includes(orphan);
    return chosen || !orphansByDefault(served) ? [...present] : [...present, orphan];
  }
  const kept = present.filter((finalizer) => finalizer !== foreground && finalizer !== orphan);
  if (policy === 'Foreground') kept.push(foreground);
  if (policy === 'Orphan') kept.push(orphan);
  return kept;
}

export function checkPreconditions(
  served: Served,
  target: Target,
  { object }: Pick<Current, 'object'>,
  { preconditions }: DeleteRequest,
): void {
  const meta = metadataOf(object);
  // Here a stock server names the kind where all others name the resource.
  const ownWay = deletesItsOwnWay(served);
  const named = ownWay ? served.info : { group: storedGroup(served), resource: served.info.kind };
  const overtaken = (why: string) => conflict(named, target.name, why);
  if (preconditions?.uid !== undefined && preconditions.uid !== meta.uid) {
    throw overtaken(
      ownWay
        ? `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${meta.uid}`
        : `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${meta.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (
    preconditions?.resourceVersion !== undefined &&
    preconditions.resourceVersion !== meta.resourceVersion
  ) {
    throw overtaken(
      `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${meta.resourceVersion}). The object might have been modified`,
    );
  }
}

/** The answer to a DELETE that is done. */
export function deletedStatus(served: Served, object: AnyObject): Omit<Status, 'code'> {
  const { group, resource } = served.info;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: metadataOf(object).name,
      ...(group ? { group } : {}),
      kind: resource,
      uid: metadataOf(object).uid,
    },
  };
}

/** Throws 400 in the words of a stock server. */
function integerOf(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** `propagationPolicy` and friends from a DeleteOptions body or the query; 422 for what contradicts itself. */
export function parseDeleteRequest(body: Record<string, unknown>, query: URLSearchParams): DeleteRequest {
  const graceText = query.get('gracePeriodSeconds');
  const grace =
    typeof body['gracePeriodSeconds'] === 'number'
      ? body['gracePeriodSeconds']
      : graceText === null
        ? undefined
        : integerOf(graceText);
  const policy = body['propagationPolicy'] ?? query.get('propagationPolicy') ?? undefined;
  const orphanText = query.get('orphanDependents');
  const orphanDependents =
    typeof body['orphanDependents'] === 'boolean'
      ? body['orphanDependents']
      : orphanText === null
        ? undefined
        : orphanText === 'true';
  if (policy !== undefined && policy !== 'Foreground' && policy !== 'Background' && policy !== 'Orphan') {
    throw invalidOptions(
      'DeleteOptions',
      `propagationPolicy: Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
    );
  }
  if (policy !== undefined && orphanDependents !== undefined) {
    throw invalidOptions(
      'DeleteOptions',
      `propagationPolicy: Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`,
    );
  }
  const preconditions = body['preconditions'] as DeleteRequest['preconditions'] | null | undefined;
  return {
    gracePeriodSeconds: grace,
    propagationPolicy: policy,
    orphanDependents,
    preconditions: preconditions ?? undefined,
  };
}
