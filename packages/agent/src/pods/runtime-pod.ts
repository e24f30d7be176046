import { annotation } from '#pods/labels.ts';
import type { ContainerStatus, SandboxStatus } from '#runtime.ts';

/** All that the runtime holds of one pod, the newest of each first. */
export interface RuntimePod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly sandboxes: readonly SandboxStatus[];
  readonly containers: readonly ContainerStatus[];
}

/** The sandbox that is in use; undefined when there is none, or none that works. */
export function readySandbox(
  pod: RuntimePod | undefined,
  { hostNetwork }: { hostNetwork: boolean },
): SandboxStatus | undefined {
  const newest = pod?.sandboxes[0];
  if (!newest?.ready) return undefined;
  // A sandbox whose network was lost holds nothing worth keeping.
  return hostNetwork || newest.addresses.length > 0 ? newest : undefined;
}

/** The newest container of that name, in whichever sandbox. */
export function latestContainer(pod: RuntimePod | undefined, name: string): ContainerStatus | undefined {
  return pod?.containers.find((container) => container.name === name);
}

export function containersOf(pod: RuntimePod | undefined, name: string): ContainerStatus[] {
  return pod?.containers.filter((container) => container.name === name) ?? [];
}

export function isRunning(container: ContainerStatus | undefined): boolean {
  return container?.state === 'running';
}

export function runningContainers(pod: RuntimePod | undefined): ContainerStatus[] {
  return pod?.containers.filter(isRunning) ?? [];
}

export function restartCountOf(container: ContainerStatus): number {
  return Number(container.annotations[annotation.restartCount] ?? container.attempt) || 0;
}

export function hashOf(container: ContainerStatus): string {
  return container.annotations[annotation.hash] ?? '';
}
