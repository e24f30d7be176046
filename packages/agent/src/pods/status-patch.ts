/** The strategic merge patch that turns one pod status into another. Lists merged by key on the server are sent as changes. */
import type { PodStatus } from '@skerry/api';
import { isOwnCondition } from '#pods/status.ts';

const replacedLists: Readonly<Record<string, true>> = { podIPs: true, hostIPs: true };

/** Undefined when nothing differs. Fields that `to` doesn't have are removed; conditions of others are left alone. */
export function statusPatch(from: PodStatus | undefined, to: PodStatus): Record<string, unknown> | undefined {
  const before = asRecord(from ?? {});
  const after = asRecord(to);
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, wanted] = [before[key], after[key]];
    if (sayTheSame(old, wanted)) continue;
    if (key === 'conditions') {
      const changed = changedConditions(from, to);
      if (changed.length > 0) patch[key] = changed;
    } else if (wanted === undefined) patch[key] = null;
    else if (replacedLists[key] && Array.isArray(wanted)) patch[key] = [{ $patch: 'replace' }, ...wanted];
    else patch[key] = wanted;
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

function changedConditions(from: PodStatus | undefined, to: PodStatus): object[] {
  const old = new Map((from?.conditions ?? []).map((condition) => [condition.type, condition]));
  const kept = new Set((to.conditions ?? []).map(({ type }) => type));
  const gone = [...old.values()].filter(
    (condition) => isOwnCondition(condition) && !kept.has(condition.type),
  );
  const changed = (to.conditions ?? []).flatMap((condition) => {
    const before = old.get(condition.type);
    if (equalButForNulls(before, condition)) return [];
    // What others say may have changed since it was seen. Nobody schedules a static pod, so its node says that it is.
    const isFirstWord = condition.type === 'PodScheduled' && before === undefined;
    if (!isOwnCondition(condition) && !isFirstWord) return [];
    // A merged entry keeps what isn't named: what has ended has to be said.
    const removed = Object.keys(before ?? {}).filter((key) => asRecord(condition)[key] === undefined);
    return [{ ...condition, ...Object.fromEntries(removed.map((key) => [key, null])) }];
  });
  return [...changed, ...gone.map(({ type }) => ({ type, $patch: 'delete' }))];
}

function asRecord(value: object): Record<string, unknown> {
  return value as Record<string, unknown>;
}

/** Equal as JSON where null is as good as absent, as in what an API server answers and a node reports. */
export function equalButForNulls(a: unknown, b: unknown): boolean {
  return equalBut(a, b, (value) => value === null || value === undefined);
}

/** The same where an empty map says nothing either: a server tells `lastState: {}` of a container that never ended. */
function sayTheSame(a: unknown, b: unknown): boolean {
  return equalBut(
    a,
    b,
    (value) =>
      value === null ||
      value === undefined ||
      (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0),
  );
}

function equalBut(a: unknown, b: unknown, isNothing: (value: unknown) => boolean): boolean {
  if (a === b || (isNothing(a) && isNothing(b))) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [asRecord(a), asRecord(b)];
  for (const key of Object.keys(left)) if (!equalBut(left[key], right[key], isNothing)) return false;
  return Object.keys(right).every((key) => Object.hasOwn(left, key) || isNothing(right[key]));
}
