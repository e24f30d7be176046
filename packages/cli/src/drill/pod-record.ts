/** What ran on the nodes of a drill before it, and what of that held. */
import type { Pod } from '@skerry/api';

export interface PodRecord {
  readonly key: string;
  readonly node: string;
  readonly uid: string;
  readonly isReady: boolean;
  readonly isRunning: boolean;
  /** By container: which one it is, and how often it has started again. */
  readonly containers: Readonly<Record<string, { readonly id: string; readonly restarts: number }>>;
  readonly isEnding: boolean;
}

export interface PodDifference {
  readonly ranBefore: number;
  readonly runsNow: number;
  /** `namespace/name` and what became of it. */
  readonly gone: readonly string[];
  readonly evicted: readonly string[];
  readonly restarted: readonly string[];
  readonly notReady: readonly string[];
}

export function recordOf({ metadata, spec, status }: Pod): PodRecord {
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    node: spec?.nodeName ?? '',
    uid: metadata.uid ?? '',
    isRunning: status?.phase === 'Running',
    isReady: status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
    containers: Object.fromEntries(
      (status?.containerStatuses ?? []).map(({ name, containerID = '', restartCount }) => [
        name,
        { id: containerID, restarts: restartCount },
      ]),
    ),
    isEnding:
      metadata.deletionTimestamp !== undefined ||
      status?.conditions?.some(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True') ===
        true,
  };
}

/** Pods that ran before are to be the same pods, in the same containers, and as ready. `ending`: seen to end meanwhile, by uid. */
export function differenceOf(
  before: readonly PodRecord[],
  after: readonly PodRecord[],
  ending: ReadonlySet<string> = new Set(),
): PodDifference {
  const now = new Map(after.map((pod) => [pod.uid, pod]));
  const running = before.filter(({ isRunning, isEnding }) => isRunning && !isEnding);
  const keysOf = (pods: readonly PodRecord[]) => pods.map(({ key }) => key).sort();
  const kept = running.flatMap((was) => {
    const is = now.get(was.uid);
    return is ? [{ was, is }] : [];
  });
  return {
    ranBefore: running.length,
    runsNow: kept.filter(({ is }) => is.isRunning && !is.isEnding).length,
    gone: keysOf(running.filter(({ uid }) => !now.has(uid))),
    evicted: keysOf(running.filter(({ uid }) => ending.has(uid) || now.get(uid)?.isEnding === true)),
    restarted: keysOf(kept.filter(({ was, is }) => isRestarted(was, is)).map(({ is }) => is)),
    notReady: keysOf(kept.filter(({ was, is }) => was.isReady && !is.isReady).map(({ is }) => is)),
  };
}

export function isUnchanged({ gone, evicted, restarted, notReady }: PodDifference): boolean {
  return [gone, evicted, restarted, notReady].every((list) => list.length === 0);
}

function isRestarted(was: PodRecord, is: PodRecord): boolean {
  return Object.entries(was.containers).some(([name, { id, restarts }]) => {
    const now = is.containers[name];
    return now !== undefined && (now.id !== id || now.restarts !== restarts);
  });
}
