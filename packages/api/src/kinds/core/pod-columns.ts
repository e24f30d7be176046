import { ageText } from '#duration.ts';
import type { ColumnInfo } from '#kind.ts';
import type { Container, ContainerStateTerminated, ContainerStatus, Pod } from '#types.generated.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

/** What the default columns of a pod say together; computed in one walk over its container statuses. */
export interface PodSummary {
  readonly ready: number;
  readonly containers: number;
  /** Phase, or what stands in its way: `CrashLoopBackOff`, `Init:1/2`, `Terminating`. */
  readonly status: string;
  readonly restarts: number;
  /** When a container last ended and was restarted. */
  readonly restartedAt: string | undefined;
}

/**
 * The rules of `kubectl get pods`: init containers that are not done speak first, then the first container (the list is
 * walked from its end, and the last word wins) that waits or has ended, then the pod's own reason and phase.
 */
export function podSummary(pod: Pod): PodSummary {
  const status = pod.status ?? {};
  const initContainers = new Map(
    (pod.spec?.initContainers ?? []).map((container) => [container.name, container]),
  );
  const sidecarCount = [...initContainers.values()].filter(isSidecar).length;
  const init = summarizeInit(status.initContainerStatuses ?? [], initContainers);

  let reason = status.reason || status.phase || '';
  for (const condition of status.conditions ?? [])
    if (condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated')
      reason = 'SchedulingGated';
  if (init.reason !== undefined) reason = init.reason;
  let { ready, restarts, restartedAt } = init;

  const initialized = conditionIsTrue(pod, 'Initialized');
  if (init.reason === undefined || initialized) {
    const main = summarizeMain(status.containerStatuses ?? [], reason);
    ready += main.ready;
    restarts = init.sidecarRestarts + main.restarts;
    restartedAt = latest(init.sidecarRestartedAt, main.restartedAt);
    reason = main.reason;
    if (reason === 'Completed') {
      if (main.running && conditionIsTrue(pod, 'Ready')) reason = 'Running';
      else if (main.errorReason !== undefined) reason = main.errorReason;
      else if (main.running) reason = 'NotReady';
    }
  }
  if (pod.metadata?.deletionTimestamp) {
    if (status.reason === 'NodeLost') reason = 'Unknown';
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') reason = 'Terminating';
  }
  return {
    ready,
    containers: (pod.spec?.containers?.length ?? 0) + sidecarCount,
    status: reason,
    restarts,
    restartedAt,
  };
}

function isSidecar(container: Container | undefined): boolean {
  return container?.restartPolicy === 'Always';
}

function conditionIsTrue(pod: Pod, type: string): boolean {
  return (
    pod.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ??
    false
  );
}

function latest(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(a) < Date.parse(b) ? b : a;
}

function summarizeInit(
  statuses: readonly ContainerStatus[],
  containers: ReadonlyMap<string, Container>,
): {
  reason: string | undefined;
  ready: number;
  restarts: number;
  restartedAt: string | undefined;
  sidecarRestarts: number;
  sidecarRestartedAt: string | undefined;
} {
  let ready = 0;
  let restarts = 0;
  let restartedAt: string | undefined;
  let sidecarRestarts = 0;
  let sidecarRestartedAt: string | undefined;
  for (const [index, status] of statuses.entries()) {
    const sidecar = isSidecar(containers.get(status.name));
    const ended = status.lastState?.terminated?.finishedAt;
    restarts += status.restartCount ?? 0;
    restartedAt = latest(restartedAt, ended);
    if (sidecar) {
      sidecarRestarts += status.restartCount ?? 0;
      sidecarRestartedAt = latest(sidecarRestartedAt, ended);
    }
    if (status.state?.terminated && status.state.terminated.exitCode === 0) continue;
    if (sidecar && status.started) {
      if (status.ready) ready += 1;
      continue;
    }
    const reason = initReason(status, `${index}/${containers.size}`);
    return { reason: `Init:${reason}`, ready, restarts, restartedAt, sidecarRestarts, sidecarRestartedAt };
  }
  return { reason: undefined, ready, restarts, restartedAt, sidecarRestarts, sidecarRestartedAt };
}

function initReason(status: ContainerStatus, progress: string): string {
  if (status.state?.terminated) return endReason(status.state.terminated);
  const waiting = status.state?.waiting?.reason;
  return waiting && waiting !== 'PodInitializing' ? waiting : progress;
}

function endReason(ended: ContainerStateTerminated): string {
  if (ended.reason) return ended.reason;
  return ended.signal ? `Signal:${ended.signal}` : `ExitCode:${ended.exitCode ?? 0}`;
}

function summarizeMain(
  statuses: readonly ContainerStatus[],
  reasonBefore: string,
): {
  reason: string;
  errorReason: string | undefined;
  running: boolean;
  ready: number;
  restarts: number;
  restartedAt: string | undefined;
} {
  let reason = reasonBefore;
  let errorReason: string | undefined;
  let running = false;
  let ready = 0;
  let restarts = 0;
  let restartedAt: string | undefined;
  for (const status of statuses.toReversed()) {
    restarts += status.restartCount ?? 0;
    restartedAt = latest(restartedAt, status.lastState?.terminated?.finishedAt);
    const { waiting, terminated } = status.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated) {
      reason = endReason(terminated);
      if (terminated.exitCode !== 0) errorReason = reason;
    } else if (status.ready && status.state?.running) {
      running = true;
      ready += 1;
    }
  }
  return { reason, errorReason, running, ready, restarts, restartedAt };
}

function restartsText({ restarts, restartedAt }: PodSummary, nowMs: number): string {
  return restarts > 0 && restartedAt ? `${restarts} (${ageText(restartedAt, nowMs)} ago)` : String(restarts);
}

function readinessGatesText(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  return `${gates.filter((gate) => conditionIsTrue(pod, gate.conditionType)).length}/${gates.length}`;
}

export const podColumns: readonly ColumnInfo[] = [
  nameColumn,
  column<Pod>('Ready', (pod) => {
    const { ready, containers } = podSummary(pod);
    return `${ready}/${containers}`;
  }),
  column<Pod>('Status', (pod) => podSummary(pod).status),
  column<Pod>('Restarts', (pod, nowMs) => restartsText(podSummary(pod), nowMs)),
  ageColumn,
  column<Pod>('IP', (pod) => pod.status?.podIPs?.[0]?.ip || '<none>', { wide: true }),
  column<Pod>('Node', (pod) => pod.spec?.nodeName || '<none>', { wide: true }),
  column<Pod>('Nominated Node', (pod) => pod.status?.nominatedNodeName || '<none>', { wide: true }),
  column<Pod>('Readiness Gates', readinessGatesText, { wide: true }),
];
