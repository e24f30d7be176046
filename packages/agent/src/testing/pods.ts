import type { Container, Pod, PodSpec } from '@skerry/api';
import { annotation, containerHash } from '#pods/labels.ts';
import type { RuntimePod } from '#pods/runtime-pod.ts';
import type { ContainerState, ContainerStatus, SandboxStatus } from '#runtime.ts';

/** A pod with one container, as a test needs it. */
export function testPod(spec: Partial<PodSpec> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1 },
    spec: { restartPolicy: 'Always', containers: [testContainer('main')], ...spec },
  };
}

export function testContainer(name: string, rest: Partial<Container> = {}): Container {
  return { name, image: `${name}:1`, ...rest };
}

export function testSandbox(rest: Partial<SandboxStatus> = {}): SandboxStatus {
  return {
    id: 's0',
    name: 'web',
    namespace: 'default',
    uid: 'u1',
    attempt: 0,
    ready: true,
    createdAtMs: 1,
    labels: {},
    annotations: {},
    addresses: ['10.0.0.2'],
    ...rest,
  };
}

/** A container of `spec` as the runtime would list it. */
export function testStatus(
  container: Container,
  state: ContainerState,
  rest: Partial<ContainerStatus> = {},
): ContainerStatus {
  const restarts = rest.attempt ?? 0;
  return {
    id: `${container.name}-${restarts}`,
    sandboxId: 's0',
    name: container.name,
    attempt: restarts,
    state,
    createdAtMs: 1_000,
    startedAtMs: 2_000,
    finishedAtMs: state === 'exited' ? 3_000 : 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: container.image ?? '',
    imageId: 'sha256:0',
    logPath: '',
    labels: {},
    annotations: {
      [annotation.hash]: containerHash(container),
      [annotation.restartCount]: String(restarts),
    },
    ...rest,
  };
}

export function testRuntimePod(
  containers: readonly ContainerStatus[],
  sandboxes: readonly SandboxStatus[] = [testSandbox()],
): RuntimePod {
  return { uid: 'u1', name: 'web', namespace: 'default', sandboxes, containers };
}
