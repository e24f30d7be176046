/**
 * What the agent writes on sandboxes and containers, and reads back after a restart: the runtime is its only memory of
 * what it made. The names are those that node tools (crictl, cAdvisor, log shippers) look for.
 */
import { createHash } from 'node:crypto';
import type { Container, EphemeralContainer, Pod } from '@skerry/api';

export const label = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

export const annotation = {
  hash: 'io.kubernetes.container.hash',
  /** Of labels and annotations that the container has read into its environment. */
  metadataHash: 'io.skerry.container-metadata-hash',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  /** Where on the machine the termination message is written. */
  terminationMessageFile: 'io.skerry.termination-message-file',
  gracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
  preStop: 'io.kubernetes.container.preStopHandler',
  /** A `ContainerRole`, for a runtime that only simulates and has to know what would end. */
  role: 'io.skerry.container-role',
} as const;

export type ContainerRole = 'init' | 'sidecar' | 'main' | 'ephemeral';

export function podLabels(pod: Pod): Record<string, string> {
  return {
    ...pod.metadata.labels,
    [label.podName]: pod.metadata.name ?? '',
    [label.podNamespace]: pod.metadata.namespace ?? '',
    [label.podUid]: podUid(pod),
  };
}

export function containerLabels(pod: Pod, container: Pick<Container, 'name'>): Record<string, string> {
  return {
    [label.podName]: pod.metadata.name ?? '',
    [label.podNamespace]: pod.metadata.namespace ?? '',
    [label.podUid]: podUid(pod),
    [label.containerName]: container.name,
  };
}

/** A change of it means: this container has to be made anew. Only name and image of a pod that exists may differ. */
export function containerHash(container: Pick<Container, 'name' | 'image'>): string {
  return createHash('sha256')
    .update(JSON.stringify([container.name, container.image ?? '']))
    .digest('hex')
    .slice(0, 8);
}

export function podUid(pod: Pod): string {
  return pod.metadata.uid ?? '';
}

/** As messages of the kubelet name a pod: `web_default(0f3c…)`. */
export function podText(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${podUid(pod)})`;
}

export function isSidecar(container: Pick<Container, 'restartPolicy'>): boolean {
  return container.restartPolicy === 'Always';
}

export function initContainers(pod: Pod): readonly Container[] {
  return pod.spec?.initContainers ?? [];
}

export function mainContainers(pod: Pod): readonly Container[] {
  return pod.spec?.containers ?? [];
}

/** Those that `kubectl debug` adds. They have no resources and no probes, and run once. */
export function ephemeralContainers(pod: Pod): readonly EphemeralContainer[] {
  return pod.spec?.ephemeralContainers ?? [];
}

export function containerRole(pod: Pod, { name, restartPolicy }: Container): ContainerRole {
  const named = (container: { readonly name: string }) => container.name === name;
  if (initContainers(pod).some(named)) return isSidecar({ restartPolicy }) ? 'sidecar' : 'init';
  return ephemeralContainers(pod).some(named) ? 'ephemeral' : 'main';
}

/** The containers that the pod was made with. */
export function allContainers(pod: Pod): readonly Container[] {
  return [...initContainers(pod), ...mainContainers(pod)];
}

/** `spec.containers{web}`, as events name a part of a pod. */
export function containerFieldPath(pod: Pod, name: string): string {
  const named = (container: { readonly name: string }) => container.name === name;
  if (initContainers(pod).some(named)) return `spec.initContainers{${name}}`;
  return `spec.${ephemeralContainers(pod).some(named) ? 'ephemeralContainers' : 'containers'}{${name}}`;
}
