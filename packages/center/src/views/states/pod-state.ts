/**
 * The state of a pod: the word that `kubectl get pods` shows, its tone, and in one line why it is so.
 * Rules: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
 */
import { podSummary, type ContainerStatus, type Pod, type PodSummary } from '@skerry/api';
import type { Tone } from '#contract/index.ts';
import type { StateCell } from '#cache/item.ts';
import { conditionOf, state, whyOf } from '#views/states/state.ts';

/** By the word of a pod or of one of its containers; an `Init:` before it doesn't matter. */
const tones: Readonly<Record<string, Tone>> = {
  Running: 'ok',
  Succeeded: 'ok',
  Completed: 'ok',
  Pending: 'progressing',
  ContainerCreating: 'progressing',
  PodInitializing: 'progressing',
  Terminating: 'progressing',
  SchedulingGated: 'unknown',
  Unknown: 'unknown',
  NotReady: 'warning',
  Failed: 'error',
  Error: 'error',
  StartError: 'error',
  ContainerCannotRun: 'error',
  ContainerStatusUnknown: 'error',
  OOMKilled: 'error',
  DeadlineExceeded: 'error',
  CrashLoopBackOff: 'error',
  ErrImagePull: 'error',
  ErrImageNeverPull: 'error',
  ImagePullBackOff: 'error',
  ImageInspectError: 'error',
  InvalidImageName: 'error',
  RegistryUnavailable: 'error',
  SignatureValidationFailed: 'error',
  CreateContainerConfigError: 'error',
  CreateContainerError: 'error',
  RunContainerError: 'error',
  PostStartHookError: 'error',
  PreStartHookError: 'error',
  PreCreateHookError: 'error',
  KillContainerError: 'error',
  VerifyNonRootError: 'error',
  ConfigPodSandboxError: 'error',
  CreatePodSandboxError: 'error',
  KillPodSandboxError: 'error',
  FailedCreatePodContainer: 'error',
  Evicted: 'error',
  Preempting: 'error',
  NodeLost: 'error',
  NodeShutdown: 'error',
  NodeAffinity: 'error',
  Terminated: 'error',
  Shutdown: 'error',
  UnexpectedAdmissionError: 'error',
  UnsupportedPodSpec: 'error',
  SysctlForbidden: 'error',
  PodOSNotSupported: 'error',
  OutOfcpu: 'error',
  OutOfmemory: 'error',
  OutOfpods: 'error',
};

export function podState(pod: Pod, summary: PodSummary = podSummary(pod)): StateCell {
  const word = summary.status || 'Unknown';
  const tone = podTone(word, pod.status?.phase);
  const { conditions } = pod.status ?? {};
  if (word === 'Running' && summary.ready < summary.containers) {
    const ready = conditionOf(conditions, 'Ready');
    return state(word, 'warning', {
      why: whyOf(ready) ?? `${summary.ready} of ${summary.containers} containers are ready`,
      since: ready?.lastTransitionTime,
    });
  }
  if (tone === 'ok')
    return state(word, tone, { since: conditionOf(conditions, 'Ready')?.lastTransitionTime });
  const scheduled = conditionOf(conditions, 'PodScheduled');
  if (scheduled?.status === 'False') {
    return state(word, scheduled.reason === 'SchedulingGated' ? 'unknown' : 'warning', {
      why: scheduled.message ?? scheduled.reason,
      since: scheduled.lastTransitionTime,
    });
  }
  return state(word, tone, {
    why: containerTrouble(pod) ?? whyOf(pod.status),
    since: pod.metadata.deletionTimestamp ?? conditionOf(conditions, 'Ready')?.lastTransitionTime,
  });
}

function podTone(word: string, phase: string | undefined): Tone {
  const bare = word.startsWith('Init:') ? word.slice('Init:'.length) : word;
  const known = tones[bare];
  if (known) return known;
  // `Init:1/3`: how far initialization is.
  if (/^\d+\/\d+$/.test(bare)) return 'progressing';
  if (/^(ExitCode|Signal):/.test(bare) || phase === 'Failed') return 'error';
  return phase === 'Succeeded' ? 'ok' : 'warning';
}

/** `web: back-off 40s restarting failed container…`, of the first container that has something to tell. */
function containerTrouble({ status }: Pod): string | undefined {
  for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const told = troubleOf(container);
    if (told) return `${container.name}: ${told}`;
  }
  return undefined;
}

function troubleOf({ state: now, lastState }: ContainerStatus): string | undefined {
  const ended = now?.terminated ?? lastState?.terminated;
  const end = ended && ended.exitCode !== 0 ? endText(ended) : undefined;
  const waiting = now?.waiting;
  if (waiting?.reason === 'CrashLoopBackOff') return end ?? waiting.message ?? waiting.reason;
  if (waiting?.message) return waiting.message;
  if (now?.terminated) return end;
  return undefined;
}

function endText(ended: {
  exitCode?: number;
  reason?: string;
  message?: string;
  finishedAt?: string;
}): string {
  const when = ended.finishedAt ? ` at ${ended.finishedAt}` : '';
  const message = ended.message?.trim();
  return `${ended.reason ?? 'Error'}, exit code ${ended.exitCode ?? 0}${when}${message ? `: ${message}` : ''}`;
}
