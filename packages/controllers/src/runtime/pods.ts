/** What pods say about themselves. */
import type { Pod } from '@skerry/api';

/** Neither finished nor on its way out. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function readyCondition(pod: Pod) {
  return pod.status?.conditions?.find(({ type }) => type === 'Ready');
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True';
}

/** Ready for at least `minReadySeconds`; `inMs` says when a ready pod will be. */
export function availability(
  pod: Pod,
  { minReadySeconds = 0, nowMs }: { minReadySeconds?: number; nowMs: number },
): { available: boolean; inMs?: number } {
  const ready = readyCondition(pod);
  if (ready?.status !== 'True') return { available: false };
  if (minReadySeconds === 0) return { available: true };
  if (!ready.lastTransitionTime) return { available: false };
  const inMs = Date.parse(ready.lastTransitionTime) + minReadySeconds * 1000 - nowMs;
  return inMs <= 0 ? { available: true } : { available: false, inMs };
}

/** `3` or `"25%"` of a total. */
export function resolveIntOrPercent(
  value: number | string | undefined,
  { total, round }: { total: number; round: 'up' | 'down' },
): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  if (percent === undefined) return Number.parseInt(value, 10) || 0;
  const share = (Number(percent) * total) / 100;
  return round === 'up' ? Math.ceil(share) : Math.floor(share);
}
