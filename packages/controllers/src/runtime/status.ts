import { isApiError, timeText } from '@skerry/api';
import type { KubeObject } from '@skerry/api';
import type { ApiClient, ResourceRef } from '@skerry/client';
import { isSame } from '#runtime/canonical.ts';

/**
 * Writes a status where it differs from what the object shows. A conflict rejects, and brings the key back; an object that
 * has gone needs no status. Returns what the server made of it.
 */
export async function writeStatus<T extends KubeObject & { status?: unknown }>(
  client: ApiClient,
  ref: ResourceRef,
  object: T,
  status: T['status'],
): Promise<T | undefined> {
  if (isSame(object.status, status)) return undefined;
  try {
    return await client.resource<T>(ref).update({ ...object, status }, { subresource: 'status' });
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
    return undefined;
  }
}

/** RFC 3339, whole seconds, as Kubernetes writes times. */
export function timestamp(nowMs: number): string {
  return timeText(nowMs);
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
}

/** The conditions with one set; its transition time moves only when its status does. */
export function withCondition<T extends Condition>(
  conditions: readonly T[] | undefined,
  condition: T,
  nowMs: number,
): T[] {
  const old = conditions?.find(({ type }) => type === condition.type);
  const isUnchanged =
    old?.status === condition.status && old.reason === condition.reason && old.message === condition.message;
  if (old && isUnchanged) return [...(conditions ?? [])];
  const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : timestamp(nowMs);
  const next = { ...condition, lastTransitionTime };
  return old
    ? (conditions ?? []).map((existing) => (existing === old ? next : existing))
    : [...(conditions ?? []), next];
}

/** `key` of a queue: `namespace/name`, or the name alone. */
export function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/');
  if (slash < 0) return { namespace: undefined, name: key };
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
