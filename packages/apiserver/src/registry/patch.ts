import {
  ApiError,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  badRequest,
  conflict,
  isApiError,
  requireTyped,
  restoreNulls,
  type AnyObject,
  type KindInfo,
  type SchemaSet,
} from '@skerry/api';
import { unreachable } from '@skerry/base';
import type { AuditNotes } from '#audit/audit-notes.ts';
import { createObject } from '#registry/create.ts';
import { applied } from '#registry/field-ownership.ts';
import { schemaOf } from '#registry/rules.ts';
import { conform, type Conformance } from '#registry/conform.ts';
import { patchFault } from '#registry/patch-fault.ts';
import type { Served } from '#registry/kind-table.ts';
import { invalidOptions } from '#registry/request-options.ts';
import { metadataOf, type Registry, type Target } from '#registry/registry.ts';
import { updateOnce, type UpdatedPart, type UpdateOptions } from '#registry/update.ts';
import { strictWarnings } from '#registry/strict-warnings.ts';
import type { WriteOptions } from '#registry/write-options.ts';
import {
  asPatch,
  decodeJsonPatch,
  decodeYaml,
  jsonType,
  patchTypeOf,
  patchTypes,
  unsupported,
  type Frame,
  type PatchType,
} from '#http/request-body.ts';

export interface PatchRequest {
  readonly type: PatchType;
  /** The decoded patch: operations, or a partial object. */
  readonly patch: unknown;
  readonly force: boolean;
  /** What a strict reader holds against the text: keys that it gives twice, parts of operations that there are not. */
  readonly faults: readonly string[];
}

/** Reads a PATCH body. Throws 400 and 415. */
export async function decodePatch(
  mediaType: string,
  bytes: Uint8Array,
  given: { custom: boolean; force: boolean; audit: AuditNotes },
): Promise<PatchRequest> {
  const type = patchTypeOf(mediaType);
  if (!type || (type === 'strategic' && given.custom)) {
    if (!given.custom)
      throw new ApiError('UnsupportedMediaType', '415: Unsupported Media Type', { details: {} });
    const accepted = Object.keys(patchTypes).filter(
      (name) => name !== 'application/strategic-merge-patch+json',
    );
    throw unsupported(accepted);
  }
  if (given.force && type !== 'apply') {
    throw invalidOptions('PatchOptions', 'force: Forbidden: may not be specified for non-apply patch');
  }
  const { force } = given;
  if (type === 'apply') {
    const faults: string[] = [];
    const patch = await decodeYaml(bytes, { frame: asConfiguration, faults, audit: given.audit });
    return { type, patch, force, faults };
  }
  const { value: patch, faults } = decodeJsonPatch(bytes, type === 'strategic' ? asItIs : asPatch);
  return { type, patch, force, faults: type === 'json' ? operationFaults(patch, faults) : faults };
}

const operationParts: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

/** Reports beyond this many help nobody. */
const unknownPartsMax = 100;

/** Of the operations themselves: what they put into the object is judged with it. */
function operationFaults(patch: unknown, doubled: readonly string[]): string[] {
  const operations = Array.isArray(patch) ? (patch as unknown[]) : [];
  const unknown = operations.flatMap((operation, index) =>
    Object.keys(operation ?? {})
      .filter((part) => !operationParts.has(part))
      .map((part) => `unknown field "[${index}].${part}"`),
  );
  return [...doubled, ...unknown.slice(0, unknownPartsMax)].map((fault) => `json patch ${fault}`);
}

const asItIs: Frame = (fault) => fault;
const asConfiguration: Frame = (fault) => `error decoding YAML: ${fault}`;

/** Who applies must say who they are. Throws 422. */
export function requireManager({ query }: { readonly query: URLSearchParams }): void {
  if (query.get('fieldManager')) return;
  throw invalidOptions('PatchOptions', 'fieldManager: Required value: is required for apply patch');
}

/** Applies a JSON, merge or strategic patch to `current`, which may be changed. */
export function patched(
  kind: { info: KindInfo; schemas: SchemaSet },
  current: AnyObject,
  { type, patch }: PatchRequest,
): AnyObject {
  switch (type) {
    case 'json':
      return applyJsonPatch(current, patch);
    case 'merge':
      return applyMergePatch(current, patch) as AnyObject;
    case 'strategic':
      return applyStrategicMergePatch(kind.schemas, schemaOf(kind), current, patch);
    case 'apply':
      throw new ApiError('InternalError', 'an apply patch is no patch of the current object');
    default:
      return unreachable(type);
  }
}

/** PATCH of an object or of its status. An apply creates what isn't there. */
export async function patchObject(
  registry: Registry,
  served: Served,
  target: Target,
  request: PatchRequest,
  part: UpdatedPart,
  write: WriteOptions,
): Promise<{ object: AnyObject; created: boolean }> {
  return registry.retrying(served, target, async (found) => {
    if (!found && request.type === 'apply' && part.part === 'whole') {
      return { object: await applyNew(registry, served, target, request, write), created: true };
    }
    const current = found ?? (await registry.get(served, target));
    const object = await updateOnce(
      registry,
      served,
      target,
      current,
      change(registry, served, target, request, part, write),
      write,
    );
    return { object, created: false };
  });
}

function change(
  registry: Registry,
  served: Served,
  target: Target,
  request: PatchRequest,
  part: UpdatedPart,
  write: WriteOptions,
): UpdateOptions {
  const how = { validation: write.fieldValidation, warnings: write.warnings };
  if (request.type === 'apply') {
    const configuration = configurationOf(served, target, request, write);
    return {
      ...part,
      ownershipDone: true,
      leavesCurrent: true,
      transform: async (old) => {
        await registry.longWork.next(write.bytes ?? 0);
        const merged = applied(served, old, configuration, ownershipOf(registry, request, write));
        await registry.longWork.next(write.bytes ?? 0);
        const next = conform(served, merged, { ...how, keepsNulls: true });
        if (!metadataOf(configuration).resourceVersion) delete metadataOf(next).resourceVersion;
        return next;
      },
    };
  }
  return {
    ...part,
    leavesCurrent: true,
    transform(old) {
      const revision = metadataOf(old).resourceVersion;
      const next = readPatched(served, old, request, how);
      // The revision that came from the current object is no precondition; one that the patch brought is.
      if (metadataOf(next).resourceVersion === revision && !namesRevision(request.patch)) {
        delete metadataOf(next).resourceVersion;
      }
      return next;
    },
  };
}

/** The object that a patch makes, which must be one of the kind. */
function readPatched(served: Served, old: AnyObject, request: PatchRequest, how: Conformance): AnyObject {
  const { type, patch, faults } = request;
  const object = patched(served, old, request);
  if (type === 'strategic') Object.assign(object, { apiVersion: old.apiVersion, kind: old.kind });
  try {
    return conform(served, object, { ...how, known: old, earlierFaults: faults, order: firstOf(faults) });
  } catch (error) {
    const fault =
      served.custom || type === 'apply' ? undefined : patchFault(error, type, { patch, patched: object });
    throw fault ?? error;
  }
}

/** What is held against the text of a patch comes before what is held against the object. */
function firstOf(faults: readonly string[]): (a: string, b: string) => number {
  const rank = (fault: string) => (faults.includes(fault) ? 0 : 1);
  return (a, b) => rank(a) - rank(b);
}

async function applyNew(
  registry: Registry,
  served: Served,
  target: Target,
  request: PatchRequest,
  write: WriteOptions,
): Promise<AnyObject> {
  const configuration = configurationOf(served, target, request, write);
  if (metadataOf(configuration).uid) {
    throw conflict(
      served.info,
      target.name,
      `uid mismatch: the provided object specified uid ${metadataOf(configuration).uid}, and no existing object was found`,
    );
  }
  const object = applied(served, undefined, configuration, ownershipOf(registry, request, write));
  const how = { validation: write.fieldValidation, warnings: write.warnings, keepsNulls: true };
  try {
    const creating = { ...write, options: { ...write.options, kind: 'CreateOptions' } };
    return await createObject(registry, served, target.namespace, conform(served, object, how), creating, {
      ownershipDone: true,
    });
  } catch (error) {
    // Someone created it meanwhile: then this is an apply onto what is there.
    if (isApiError(error, 'AlreadyExists')) throw conflict(served.info, target.name);
    throw error;
  }
}

function ownershipOf(
  registry: Registry,
  { force }: PatchRequest,
  { fieldManager, subresource }: WriteOptions,
) {
  return { manager: fieldManager ?? '', time: registry.timestamp(), subresource, force };
}

/** The configuration that an apply sent, with the name of the URL. */
function configurationOf(
  served: Served,
  target: Target,
  request: PatchRequest,
  write: WriteOptions,
): AnyObject {
  const given = configurationIn(request.patch);
  requireTyped({ set: served.schemas, schema: schemaOf(served), applied: given });
  tellFaults(request, write);
  // All its fields are known by now.
  const how: Conformance = { validation: 'Ignore', warnings: [] };
  const configuration = conform(served, structuredClone(given), how);
  restoreNulls(configuration, given);
  const meta = metadataOf(configuration);
  const { group, version, kind } = served.info;
  configuration.apiVersion = group ? `${group}/${version}` : version;
  configuration.kind = kind;
  meta.name ??= target.name;
  if (meta.name !== target.name) {
    throw badRequest(
      `the name of the object (${meta.name}) does not match the name on the URL (${target.name})`,
    );
  }
  if (served.info.namespaced) meta.namespace ??= target.namespace;
  return configuration;
}

/** A map that names its type with texts; what does not is told as if it named none. Throws 400. */
function configurationIn(patch: unknown): AnyObject {
  const given = patch ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonType(given)} into Go value of type map[string]interface {}`,
    );
  }
  const { apiVersion, kind } = given as AnyObject;
  if (typeof apiVersion === 'string' && apiVersion && typeof kind === 'string' && kind)
    return given as AnyObject;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  throw badRequest(`invalid object type: ${groupVersionKindText(text(apiVersion), text(kind))}`);
}

function tellFaults({ faults }: PatchRequest, { fieldValidation, warnings }: WriteOptions): void {
  if (faults.length === 0 || fieldValidation === 'Ignore') return;
  if (fieldValidation === 'Strict')
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${faults.join(', ')}`);
  warnings.push(...strictWarnings(faults));
}

/** `apps/v1, Kind=Deployment`; `/` where no version is given. */
function groupVersionKindText(apiVersion: string, kind: string): string {
  const group = apiVersion.includes('/') ? '' : '/';
  return `${group}${apiVersion}, Kind=${kind}`;
}

function namesRevision(patch: unknown): boolean {
  const meta = (patch as { metadata?: { resourceVersion?: unknown } } | null)?.metadata;
  return typeof meta?.resourceVersion === 'string' && meta.resourceVersion !== '';
}
