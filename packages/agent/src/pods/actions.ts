/**
 * What to do for a pod, computed from what it should be and what the runtime says there is. Pure: it is asked again after
 * every change and remembers nothing, so that a restart of the agent, or of the machine, changes no answer.
 *
 * Order of a pod's life: sandbox; init containers one by one, of which sidecars stay and are waited for only until they
 * have started; then all main containers.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
 */
import type { Container, Pod } from '@skerry/api';
import {
  containerHash,
  ephemeralContainers,
  initContainers,
  isSidecar,
  mainContainers,
} from '#pods/labels.ts';
import { hasStaleEnvironment } from '#pods/metadata-environment.ts';
import { hashOf, isRunning, latestContainer, readySandbox, type RuntimePod } from '#pods/runtime-pod.ts';
import type { ContainerStatus, SandboxStatus } from '#runtime.ts';

export interface ContainerToKill {
  readonly container: ContainerStatus;
  readonly reason: 'probe' | 'image' | 'environment' | 'resize';
  /** As the event says it. */
  readonly message: string;
}

export type PodActions =
  /** Nothing runs any more that should, or the pod has to begin anew: end what is left. */
  | { readonly type: 'end' }
  /** Ends what is left of earlier sandboxes, then makes one. */
  | { readonly type: 'create-sandbox'; readonly attempt: number; readonly start: readonly Container[] }
  | {
      readonly type: 'run';
      readonly sandbox: SandboxStatus;
      readonly kill: readonly ContainerToKill[];
      readonly start: readonly Container[];
    };

/** What the worker knows of a container beyond spec and runtime. */
export interface Verdicts {
  /** Why this container has to be restarted; undefined while liveness and startup probes are content. */
  failed(container: ContainerStatus): 'Liveness' | 'Startup' | undefined;
  /** Whether the startup probe has passed, or there is none. */
  started(container: ContainerStatus): boolean;
  /** Whether it has to be made anew to get the size that it should have. */
  resized(container: Container, status: ContainerStatus): boolean;
}

export function computeActions(pod: Pod, runtime: RuntimePod | undefined, verdicts: Verdicts): PodActions {
  const sandbox = readySandbox(runtime, { hostNetwork: pod.spec?.hostNetwork ?? false });
  if (!sandbox) return actionsWithoutSandbox(pod, runtime);
  const inSandbox: RuntimePod = {
    ...emptyRuntimePod(pod),
    ...runtime,
    containers: runtime?.containers.filter(({ sandboxId }) => sandboxId === sandbox.id) ?? [],
  };
  const kill: ContainerToKill[] = [];
  const start: Container[] = [];
  const initialized = planInitContainers(pod, { runtime, inSandbox, verdicts, kill, start });
  if (initialized === 'failed') return { type: 'end' };
  if (initialized === 'waiting') return { type: 'run', sandbox, kill, start };
  let kept = 0;
  for (const container of mainContainers(pod)) {
    const latest = latestContainer(inSandbox, container.name);
    const fault =
      isRunning(latest) && latest
        ? (faultOf(container, latest, verdicts) ?? staleness(pod, container, latest))
        : undefined;
    if (fault) {
      kill.push(fault);
      if (fault.reason !== 'probe' || pod.spec?.restartPolicy !== 'Never') start.push(container);
      else kept++;
    } else if (isRunning(latest)) kept++;
    else if (shouldRestart(pod, container, latestContainer(runtime, container.name))) start.push(container);
  }
  if (kept === 0 && start.length === 0) return { type: 'end' };
  for (const container of ephemeralContainers(pod)) {
    if (!latestContainer(runtime, container.name)) start.push(container);
  }
  return { type: 'run', sandbox, kill, start };
}

function emptyRuntimePod(pod: Pod): RuntimePod {
  const { uid = '', name = '', namespace = '' } = pod.metadata;
  return { uid, name, namespace, sandboxes: [], containers: [] };
}

function actionsWithoutSandbox(pod: Pod, runtime: RuntimePod | undefined): PodActions {
  const attempt = (runtime?.sandboxes[0]?.attempt ?? -1) + 1;
  const existed = (runtime?.containers.length ?? 0) > 0;
  // A pod that must not restart has had its chance when any of its containers was there.
  if (pod.spec?.restartPolicy === 'Never' && existed) return { type: 'end' };
  const wanted = mainContainers(pod).filter((container) => {
    return shouldRestart(pod, container, latestContainer(runtime, container.name));
  });
  if (wanted.length === 0) return { type: 'end' };
  const first = initContainers(pod)[0];
  return { type: 'create-sandbox', attempt, start: first ? [first] : wanted };
}

interface Plan {
  readonly runtime: RuntimePod | undefined;
  readonly inSandbox: RuntimePod;
  readonly verdicts: Verdicts;
  readonly kill: ContainerToKill[];
  readonly start: Container[];
}

function planInitContainers(pod: Pod, plan: Plan): 'done' | 'waiting' | 'failed' {
  // Once a main container has been made, initialization is over: what has ended may have been cleaned away.
  const over = mainContainers(pod).some(({ name }) => latestContainer(plan.inSandbox, name) !== undefined);
  for (const container of initContainers(pod)) {
    const latest = latestContainer(plan.inSandbox, container.name);
    if (isSidecar(container)) {
      const running = planSidecar(container, latest, plan);
      if (!running && !over) return 'waiting';
      continue;
    }
    if (over || (latest?.state === 'exited' && latest.exitCode === 0)) continue;
    if (latest?.state === 'exited' && pod.spec?.restartPolicy === 'Never') return 'failed';
    const fault = latest && isRunning(latest) ? faultOf(container, latest, plan.verdicts) : undefined;
    if (fault) plan.kill.push(fault);
    if (fault || !isRunning(latest)) plan.start.push(container);
    return 'waiting';
  }
  return 'done';
}

/** Answers whether it has started, which is what the containers after it wait for. */
function planSidecar(container: Container, latest: ContainerStatus | undefined, plan: Plan): boolean {
  if (!latest || !isRunning(latest)) {
    plan.start.push(container);
    return false;
  }
  const fault = faultOf(container, latest, plan.verdicts);
  if (!fault) return plan.verdicts.started(latest);
  plan.kill.push(fault);
  plan.start.push(container);
  return false;
}

function faultOf(
  container: Container,
  status: ContainerStatus,
  verdicts: Verdicts,
): ContainerToKill | undefined {
  if (hashOf(status) !== containerHash(container)) {
    return {
      container: status,
      reason: 'image',
      message: `Container ${container.name} definition changed, will be restarted`,
    };
  }
  const failed = verdicts.failed(status);
  if (!failed) return oversize(container, status, verdicts);
  return {
    container: status,
    reason: 'probe',
    message: `Container ${container.name} failed ${failed.toLowerCase()} probe, will be restarted`,
  };
}

function oversize(
  container: Container,
  status: ContainerStatus,
  verdicts: Verdicts,
): ContainerToKill | undefined {
  if (!verdicts.resized(container, status)) return undefined;
  return {
    container: status,
    reason: 'resize',
    message: `Container ${container.name} resize requires restart`,
  };
}

function staleness(pod: Pod, container: Container, status: ContainerStatus): ContainerToKill | undefined {
  if (!hasStaleEnvironment(pod, container, status)) return undefined;
  return {
    container: status,
    reason: 'environment',
    message: `Container ${container.name} environment changed, will be restarted`,
  };
}

/** Whether a container that doesn't run should. `latest` is its newest instance, in any sandbox. */
export function shouldRestart(pod: Pod, container: Container, latest: ContainerStatus | undefined): boolean {
  if (!latest || latest.state === 'created' || latest.state === 'unknown') return true;
  if (latest.state === 'running') return true;
  if (hashOf(latest) !== containerHash(container) && pod.spec?.restartPolicy !== 'Never') return true;
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? 'Always';
  if (policy === 'Never') return false;
  return policy === 'Always' || latest.exitCode !== 0;
}
