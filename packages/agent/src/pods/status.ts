/**
 * A pod's status, computed from its spec, from what the runtime says and from what the worker knows of its own tries.
 * Pure; the previous status is only asked for times of transition and for what others wrote.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
 */
import {
  type Container,
  type ContainerState,
  type ContainerStatus,
  type Pod,
  type PodCondition,
  type PodStatus,
  type ResourceRequirements,
  timeText,
} from '@skerry/api';
import { ephemeralContainers, initContainers, isSidecar, mainContainers } from '#pods/labels.ts';
import { qosClass } from '#pods/resources.ts';
import { containersOf, isRunning, readySandbox, restartCountOf, type RuntimePod } from '#pods/runtime-pod.ts';
import type { ContainerStatus as RuntimeContainer } from '#runtime.ts';

/** Why a container isn't there yet, as `kubectl get pods` shows it. */
export interface WaitingReason {
  readonly reason: string;
  readonly message?: string;
}

export interface StatusInput {
  readonly pod: Pod;
  readonly runtime: RuntimePod | undefined;
  readonly previous: PodStatus | undefined;
  /** By container name. */
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  readonly isReady: (container: RuntimeContainer) => boolean;
  readonly isStarted: (container: RuntimeContainer) => boolean;
  /** What the kernel was told of a running container; undefined where nothing else than its spec was ever meant. */
  readonly sizeOf: (container: RuntimeContainer) => ResourceRequirements | undefined;
  readonly resizeConditions: readonly PodCondition[];
  /** By container id: what it left in its termination log. */
  readonly terminationMessage: (container: RuntimeContainer) => string | undefined;
  /** Prefix of container ids. */
  readonly runtimeName: string;
  readonly hostAddresses: readonly string[];
  readonly nowMs: number;
  /** Nothing of the pod runs or will run again on this node. */
  readonly ended?: boolean;
  /** The pod has been given up: past its deadline, evicted. */
  readonly verdict?: { readonly reason: string; readonly message: string };
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export function podStatus(input: StatusInput): PodStatus {
  const { pod, runtime, previous, hostAddresses } = input;
  const initStatuses = initContainers(pod).map((container) =>
    containerStatus(container, input, { init: true }),
  );
  const statuses = mainContainers(pod).map((container) => containerStatus(container, input, { init: false }));
  const debugStatuses = ephemeralContainers(pod).map((container) => ({
    ...containerStatus(container, input, { init: false }),
    ready: false,
  }));
  const phase = heldPhase(input, podPhase(input, { initStatuses, statuses }));
  const addresses = podAddresses(input);
  const status: PodStatus = {
    ...othersFields(previous),
    observedGeneration: pod.metadata.generation,
    phase,
    startTime: previous?.startTime ?? time(input.nowMs),
    qosClass: previous?.qosClass ?? qosClass(pod),
    hostIP: hostAddresses[0],
    hostIPs: hostAddresses.map((ip) => ({ ip })),
    ...(addresses.length > 0 ? { podIP: addresses[0], podIPs: addresses.map((ip) => ({ ip })) } : {}),
    ...(initStatuses.length > 0 ? { initContainerStatuses: initStatuses } : {}),
    containerStatuses: statuses,
    ...(debugStatuses.length > 0 ? { ephemeralContainerStatuses: debugStatuses } : {}),
    ...(input.verdict ??
      (phase === 'Failed' && previous?.reason ? { reason: previous.reason, message: previous.message } : {})),
  };
  const hasSandbox = readySandbox(runtime, { hostNetwork: pod.spec?.hostNetwork ?? false }) !== undefined;
  status.conditions = podConditions(input, { phase, initStatuses, statuses, hasSandbox });
  return status;
}

function othersFields(previous: PodStatus | undefined): PodStatus {
  const { nominatedNodeName, resourceClaimStatuses, extendedResourceClaimStatus } = previous ?? {};
  return {
    ...(nominatedNodeName ? { nominatedNodeName } : {}),
    ...(resourceClaimStatuses ? { resourceClaimStatuses } : {}),
    ...(extendedResourceClaimStatus ? { extendedResourceClaimStatus } : {}),
  };
}

/** Addresses stay in the status of a pod that ended. */
function podAddresses({ pod, runtime, previous, hostAddresses }: StatusInput): readonly string[] {
  if (pod.spec?.hostNetwork) return hostAddresses;
  const current = runtime?.sandboxes[0]?.addresses ?? [];
  return current.length > 0 ? current : (previous?.podIPs ?? []).map(({ ip }) => ip);
}

export function time(ms: number): string {
  return timeText(ms);
}

function containerStatus(
  container: Container,
  input: StatusInput,
  { init }: { init: boolean },
): ContainerStatus {
  const { runtime, previous, runtimeName } = input;
  const old = reported(previous).find(({ name }) => name === container.name);
  const [latest, before] = containersOf(runtime, container.name);
  const waiting = input.waiting.get(container.name);
  const restartCount = Math.max(latest ? restartCountOf(latest) : 0, old?.restartCount ?? 0);
  const common = { name: container.name, image: container.image ?? '', imageID: '', restartCount };

  // The runtime has forgotten a pod that ended: what was said of it stays.
  if (!latest && old && isEnded(old) && hasEnded(previous)) return old;
  if (!latest || latest.state === 'created' || latest.state === 'unknown') {
    const isPlaceholder = latest === undefined && isEnded(old);
    const lastState = isPlaceholder ? old?.state : (stateOf(before, input) ?? old?.lastState);
    return {
      ...common,
      ready: false,
      started: false,
      state: { waiting: waiting ?? defaultWaiting(input, init) },
      ...(lastState ? { lastState } : {}),
    };
  }

  const identity = {
    ...common,
    image: latest.image || common.image,
    imageID: latest.imageId,
    containerID: `${runtimeName}://${latest.id}`,
    ...sizeFields(container, latest, input),
  };
  if (latest.state === 'running') {
    const lastState = stateOf(before, input) ?? (restartCount > 0 ? old?.lastState : undefined);
    const ready = input.isReady(latest);
    const started = input.isStarted(latest);
    return {
      ...identity,
      ready: init && !isSidecar(container) ? false : ready,
      started,
      state: { running: { startedAt: time(latest.startedAtMs) } },
      ...(lastState ? { lastState } : {}),
    };
  }

  const terminated = stateOf(latest, input);
  // One that will be started again shows why it waits; its end moves to the last state.
  if (waiting) {
    return {
      ...identity,
      ready: false,
      started: false,
      state: { waiting },
      ...(terminated ? { lastState: terminated } : {}),
    };
  }
  const lastState = stateOf(before, input) ?? (restartCount > 0 ? old?.lastState : undefined);
  return {
    ...identity,
    // An init container that has done its work counts as ready.
    ready: init && !isSidecar(container) && latest.exitCode === 0,
    started: false,
    state: terminated ?? {},
    ...(lastState ? { lastState } : {}),
  };
}

/** What this node has taken on for it, and what holds. */
function sizeFields(
  { resources = {} }: Container,
  latest: RuntimeContainer,
  { sizeOf }: StatusInput,
): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  const holds = latest.state === 'running' ? sizeOf(latest) : undefined;
  return {
    resources: holds ?? resources,
    ...(resources.requests ? { allocatedResources: resources.requests } : {}),
  };
}

function isEnded(status: ContainerStatus | undefined): boolean {
  return status?.state?.terminated !== undefined;
}

function defaultWaiting({ pod, runtime }: StatusInput, init: boolean): WaitingReason {
  const later = !init && initContainers(pod).length > 0 && !isInitialized(pod, runtime);
  return {
    reason: later || (init && initContainers(pod).length > 0) ? 'PodInitializing' : 'ContainerCreating',
  };
}

export function isInitialized(pod: Pod, runtime: RuntimePod | undefined): boolean {
  if (mainContainers(pod).some(({ name }) => containersOf(runtime, name).length > 0)) return true;
  return initContainers(pod).every((container) => {
    const latest = containersOf(runtime, container.name)[0];
    if (isSidecar(container)) return latest?.state === 'running';
    return latest?.state === 'exited' && latest.exitCode === 0;
  });
}

function stateOf(container: RuntimeContainer | undefined, input: StatusInput): ContainerState | undefined {
  if (!container || container.state !== 'exited') return undefined;
  const containerID = `${input.runtimeName}://${container.id}`;
  // An end that was reported once doesn't change, also when its message has been cleaned away since.
  const known = reported(input.previous)
    .flatMap(({ state, lastState }) => [state, lastState])
    .find((state) => state?.terminated?.containerID === containerID);
  if (known) return { terminated: known.terminated };
  const message = input.terminationMessage(container);
  return {
    terminated: {
      exitCode: container.exitCode,
      reason: container.reason || (container.exitCode === 0 ? 'Completed' : 'Error'),
      ...(message ? { message } : {}),
      startedAt: container.startedAtMs > 0 ? time(container.startedAtMs) : time(container.createdAtMs),
      finishedAt: time(container.finishedAtMs),
      containerID,
    },
  };
}

function reported(status: PodStatus | undefined): ContainerStatus[] {
  const {
    initContainerStatuses = [],
    containerStatuses = [],
    ephemeralContainerStatuses = [],
  } = status ?? {};
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
}

function hasEnded(status: PodStatus | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

interface Statuses {
  readonly initStatuses: readonly ContainerStatus[];
  readonly statuses: readonly ContainerStatus[];
}

/** A pod has not ended while anything of it still runs: a sidecar, or a container within its grace. */
function heldPhase({ runtime, verdict, previous }: StatusInput, phase: PodPhase): PodPhase {
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  if (!isOver || hasEnded(previous) || verdict) return phase;
  return runtime?.containers.some(isRunning) ? 'Running' : phase;
}

function podPhase(input: StatusInput, { initStatuses, statuses }: Statuses): PodPhase {
  const { pod, previous, runtime } = input;
  if (input.verdict) return 'Failed';
  // A phase that ended stays ended, whatever is cleaned away afterwards.
  if (previous?.phase === 'Succeeded' || previous?.phase === 'Failed') return previous.phase;
  const policy = pod.spec?.restartPolicy ?? 'Always';
  if (input.ended) {
    const codes = statuses.map(
      ({ state, lastState }) => (state?.terminated ?? lastState?.terminated)?.exitCode,
    );
    return codes.every((code) => code === 0) ? 'Succeeded' : 'Failed';
  }
  const plainInit = initContainers(pod).filter((container) => !isSidecar(container));
  const failedInit = plainInit.some(({ name }) => {
    const state = initStatuses.find((status) => status.name === name)?.state;
    return state?.terminated !== undefined && state.terminated.exitCode !== 0;
  });
  if (failedInit && policy === 'Never') return 'Failed';
  if (!isInitialized(pod, runtime)) return 'Pending';

  const ended = statuses.map(
    ({ state, lastState }) => state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined),
  );
  const waitingFirst = statuses.some(({ state, lastState }) => state?.waiting && !lastState?.terminated);
  if (waitingFirst) return 'Pending';
  if (statuses.some(({ state }) => state?.running)) return 'Running';
  if (policy === 'Always') return 'Running';
  const allEnded = statuses.every(({ state }) => state?.terminated);
  const succeeded = ended.every((state) => state?.exitCode === 0);
  if (allEnded && succeeded) return 'Succeeded';
  if (allEnded && policy === 'Never') return 'Failed';
  return 'Running';
}

const ownConditions: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodResizePending',
  'PodResizeInProgress',
]);

/** Conditions that others write (gates, disruption) are theirs: the newest from the API counts. */
export function mergeConditions(status: PodStatus | undefined, pod: Pod): PodStatus | undefined {
  const mine = (status?.conditions ?? []).filter(isOwnCondition);
  const theirs = (pod.status?.conditions ?? []).filter((condition) => !isOwnCondition(condition));
  return { ...status, conditions: [...mine, ...theirs] };
}

/** Whether the node says this condition; others belong to others. */
export function isOwnCondition({ type }: Pick<PodCondition, 'type'>): boolean {
  return ownConditions.has(type);
}

function podConditions(
  input: StatusInput,
  facts: Statuses & { phase: PodPhase; hasSandbox: boolean },
): PodCondition[] {
  const previous = input.previous?.conditions ?? [];
  const others = previous.filter((condition) => !isOwnCondition(condition));
  const ready = containersReady(input.pod, facts);
  const made = [
    condition('PodReadyToStartContainers', facts.hasSandbox),
    initializedCondition(input, facts),
    readyCondition(input, ready),
    { type: 'ContainersReady', ...ready },
  ];
  const withTimes = made.map((made): PodCondition => {
    const old = previous.find(({ type }) => type === made.type);
    const since = old?.status === made.status ? old.lastTransitionTime : undefined;
    return {
      ...made,
      observedGeneration: input.pod.metadata.generation,
      lastTransitionTime: since ?? time(input.nowMs),
    };
  });
  const scheduled = others.some(({ type }) => type === 'PodScheduled')
    ? []
    : [{ type: 'PodScheduled', status: 'True', lastTransitionTime: time(input.nowMs) }];
  return [...withTimes, ...input.resizeConditions, ...others, ...scheduled];
}

type Condition = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;

function condition(type: string, holds: boolean, why: { reason?: string; message?: string } = {}): Condition {
  return { type, status: holds ? 'True' : 'False', ...why };
}

function initializedCondition(
  input: StatusInput,
  { phase, initStatuses }: Statuses & { phase: PodPhase },
): Condition {
  if (phase === 'Succeeded') return condition('Initialized', true, { reason: 'PodCompleted' });
  if (isInitialized(input.pod, input.runtime)) return condition('Initialized', true);
  const incomplete = initContainers(input.pod).filter((container) => {
    const status = initStatuses.find(({ name }) => name === container.name);
    return isSidecar(container) ? !status?.started : status?.state?.terminated?.exitCode !== 0;
  });
  const names = incomplete.map(({ name }) => name).join(' ');
  return condition('Initialized', false, {
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${names}]`,
  });
}

function containersReady(
  pod: Pod,
  { phase, statuses, initStatuses }: Statuses & { phase: PodPhase },
): Omit<Condition, 'type'> {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecarNames = new Set(
    initContainers(pod)
      .filter(isSidecar)
      .map(({ name }) => name),
  );
  const sidecars = initStatuses.filter(({ name }) => sidecarNames.has(name));
  const unready = [...sidecars, ...statuses].filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0) return { status: 'True' };
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

function readyCondition({ pod, previous }: StatusInput, ready: Omit<Condition, 'type'>): Condition {
  if (ready.status !== 'True') return { type: 'Ready', ...ready };
  const faults = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = [...(pod.status?.conditions ?? []), ...(previous?.conditions ?? [])].find(
      ({ type }) => type === conditionType,
    );
    if (!found) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (found.status === 'True') return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`];
  });
  if (faults.length === 0) return { type: 'Ready', status: 'True' };
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: faults.join(', ') };
}
