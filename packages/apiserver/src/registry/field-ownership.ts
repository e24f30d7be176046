import { applyServerSide, fillUnset, updateManagedFields, type AnyObject } from '@skerry/api';
import { groupResource, metadataKeptByStatus } from '#registry/kind-rules.ts';
import type { Served } from '#registry/kind-table.ts';
import { metadataOf } from '#registry/registry.ts';
import { hasStatus, schemaOf } from '#registry/rules.ts';

/** Who writes, when, and through which door. */
export interface Ownership {
  readonly manager: string;
  /** RFC 3339. */
  readonly time: string;
  readonly subresource?: string;
}

/** What of a kind says how its fields are owned. */
type OwnedKind = Pick<Served, 'info' | 'schemas' | 'custom'>;

/** Writes the first managedFields of a new object. */
export function ownCreated(served: OwnedKind, object: AnyObject, ownership: Ownership): void {
  own(served, object, undefined, ownership);
}

/** Brings managedFields up to what changed between `old` and `next`. */
export function ownUpdated(served: Served, next: AnyObject, old: AnyObject, ownership: Ownership): void {
  own(served, next, old, ownership);
}

/** Merges an applied configuration into the live object; the result carries its managedFields. */
export function applied(
  served: Served,
  live: AnyObject | undefined,
  configuration: AnyObject,
  ownership: Ownership & { readonly force: boolean },
): AnyObject {
  const { object } = applyServerSide({
    ...contextOf(served, live ?? configuration, ownership),
    live,
    applied: configuration,
    force: ownership.force,
  });
  return object;
}

function own(
  served: OwnedKind,
  object: AnyObject,
  before: AnyObject | undefined,
  ownership: Ownership,
): void {
  const managedFields = updateManagedFields({
    ...contextOf(served, object, ownership),
    before,
    after: object,
  });
  // A stock server writes no time of who scaled.
  for (const entry of managedFields ?? []) {
    if (ownership.subresource === 'scale' && entry.subresource === 'scale') delete entry.time;
  }
  if (managedFields) metadataOf(object).managedFields = managedFields;
  else delete metadataOf(object).managedFields;
}

function contextOf(served: OwnedKind, object: AnyObject, { manager, time, subresource }: Ownership) {
  const { group, version } = served.info;
  return {
    set: served.schemas,
    schema: schemaOf(served),
    manager,
    apiVersion: group ? `${group}/${version}` : version,
    ...(subresource ? { subresource } : {}),
    timeNow: time,
    blank: served.custom ? { metadata: {} } : blankOf(served),
    resetFields: resetFields(served, object, subresource),
  };
}

/** Parts of a spec that must be given, and that a blank object yet doesn't have. */
const absentParts: Readonly<Record<string, string>> = {
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding': 'validationActions',
  'io.k8s.api.networking.v1.IPAddress': 'parentRef',
};

const blanks = new Map<string, AnyObject>();

/** A built-in kind's object that says nothing. */
function blankOf({ info, schemas }: OwnedKind): AnyObject {
  let blank = blanks.get(info.schema);
  if (!blank) {
    blank = { metadata: {} };
    fillUnset(schemas, { ref: info.schema }, blank);
    // Where a stock server has no list yet, an empty one is something that its sender owns.
    blank = JSON.parse(JSON.stringify(blank), (_key, value: unknown) =>
      Array.isArray(value) ? null : value,
    ) as AnyObject;
    const absent = absentParts[info.schema];
    if (absent) delete (blank.spec as Record<string, unknown>)[absent];
    blanks.set(info.schema, blank);
  }
  return blank;
}

const statusOnly = [['status']];

/** Fields that a write through this door can't change, and so can't own. */
function resetFields(
  served: OwnedKind,
  object: AnyObject,
  subresource: string | undefined,
): readonly (readonly string[])[] {
  if (!hasStatus(served)) return [];
  const isRequest = groupResource(served) === 'certificates.k8s.io/certificatesigningrequests';
  if (isRequest && subresource === 'approval') return [['spec'], ['status', 'certificate']];
  if (isRequest && subresource === 'status') return [['spec'], ['status', 'conditions']];
  if (subresource !== 'status') return isRequest ? [['spec'], ['status']] : statusOnly;
  const kept = metadataKeptByStatus(served);
  return [
    ...Object.keys(object)
      .filter((field) => !['status', 'metadata', 'apiVersion', 'kind'].includes(field))
      .map((field) => [field]),
    ...(kept === 'all' ? [['metadata']] : kept.map((field) => ['metadata', field])),
  ];
}
