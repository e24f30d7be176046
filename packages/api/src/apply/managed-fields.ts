import type { JsonObject, ManagedFieldsEntry } from '../object.ts';
import { FieldSet } from './field-set.ts';

/** One manager's share of an object: who, by which operation, in which version, through which subresource. */
export interface FieldOwner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339; when the owner last changed something. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
  /** The wire form of `fields`, where it is at hand. */
  readonly encoded?: JsonObject;
}

/** How many managers that update are kept apart; the oldest beyond it are merged under one name. */
const updateManagersMax = 10;
const ancientManager = 'ancient-changes';

/** Fields that nobody owns: identity, and what the server alone writes. */
const unowned = FieldSet.of(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ['f:metadata', 'f:name'],
  ['f:metadata', 'f:namespace'],
  ['f:metadata', 'f:creationTimestamp'],
  ['f:metadata', 'f:selfLink'],
  ['f:metadata', 'f:uid'],
  ['f:metadata', 'f:clusterName'],
  ['f:metadata', 'f:generation'],
  ['f:metadata', 'f:managedFields'],
  ['f:metadata', 'f:resourceVersion'],
);

/** The owners of an object by identity; an applier keeps its identity when it moves to another version. */
export type FieldOwners = ReadonlyMap<string, FieldOwner>;

export function ownerKey(owner: Omit<FieldOwner, 'time' | 'fields'>): string {
  const apiVersion = owner.operation === 'Apply' ? '' : owner.apiVersion;
  return JSON.stringify([owner.manager, owner.operation, apiVersion, owner.subresource]);
}

/** Undefined when an entry is malformed: then the entries as a whole don't count. */
export function decodeManagedFields(
  entries: readonly ManagedFieldsEntry[] | undefined,
): Map<string, FieldOwner> | undefined {
  const owners = new Map<string, FieldOwner>();
  for (const entry of entries ?? []) {
    const known = entry.operation === 'Apply' || entry.operation === 'Update';
    if (!known || !entry.apiVersion || entry.fieldsType !== 'FieldsV1') return undefined;
    const owner: FieldOwner = {
      manager: entry.manager ?? '',
      operation: entry.operation!,
      apiVersion: entry.apiVersion,
      subresource: entry.subresource ?? '',
      time: entry.time,
      fields: FieldSet.fromFieldsV1(entry.fieldsV1 ?? {}),
      encoded: entry.fieldsV1,
    };
    owners.set(ownerKey(owner), owner);
  }
  return owners;
}

/** In the order of kube-apiserver: appliers first, then by time, manager, version, subresource. */
export function encodeManagedFields(owners: FieldOwners): ManagedFieldsEntry[] | undefined {
  const sorted = [...owners.values()]
    .filter((owner) => !owner.fields.isEmpty)
    .toSorted(
      (a, b) =>
        compare(a.operation, b.operation) ||
        secondsOf(a.time) - secondsOf(b.time) ||
        compare(a.manager, b.manager) ||
        compare(a.apiVersion, b.apiVersion) ||
        compare(a.subresource, b.subresource),
    );
  if (sorted.length === 0) return undefined;
  return sorted.map((owner) => ({
    manager: owner.manager,
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time ? { time: owner.time } : {}),
    fieldsType: 'FieldsV1',
    fieldsV1: owner.encoded ?? owner.fields.toFieldsV1(),
    ...(owner.subresource ? { subresource: owner.subresource } : {}),
  }));
}

/** What is left to an owner when others change or remove fields; undefined when nothing is. */
export function yielded(owner: FieldOwner, taken: FieldSet): FieldOwner | undefined {
  if (!owner.fields.overlaps(taken)) return owner;
  const fields = owner.fields.difference(taken);
  return fields.isEmpty ? undefined : { ...owner, fields, encoded: undefined };
}

export function ownable(fields: FieldSet): FieldSet {
  return fields.difference(unowned);
}

/** Merges the oldest updaters of each version into one until few enough are left. */
export function withinUpdateManagersMax(owners: FieldOwners): FieldOwners {
  if (owners.size <= updateManagersMax) return owners;
  const updaters = [...owners]
    .filter(([, owner]) => owner.operation === 'Update')
    .toSorted(
      ([a, { time: aTime }], [b, { time: bTime }]) => secondsOf(aTime) - secondsOf(bTime) || compare(a, b),
    );
  let count = updaters.length;
  const kept = new Map(owners);
  const firstOf = new Map<string, string>();
  for (const [key, owner] of updaters) {
    if (count <= updateManagersMax) break;
    const first = firstOf.get(owner.apiVersion);
    if (first === undefined) {
      firstOf.set(owner.apiVersion, key);
      continue;
    }
    const identity = {
      manager: ancientManager,
      operation: 'Update' as const,
      apiVersion: owner.apiVersion,
      subresource: '',
    };
    const bucket = ownerKey(identity);
    const before = kept.get(bucket) ?? kept.get(first);
    kept.delete(first);
    kept.delete(key);
    const fields = owner.fields.union(before?.fields ?? FieldSet.empty);
    kept.set(bucket, { ...identity, time: owner.time, fields });
    count--;
  }
  return kept;
}

function secondsOf(time: string | undefined): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000) || 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
