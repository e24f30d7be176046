import { describe, expect, test } from 'vitest';
import { RuntimeError, type ContainerStatus, type ContainerSummary, type SandboxSummary } from '#runtime.ts';
import { createRuntimePodLookup } from '#server/runtime-pods.ts';

function lookup(
  sandboxes: Partial<SandboxSummary>[],
  containers: (Partial<ContainerSummary> & { uid: string })[],
) {
  return createRuntimePodLookup({
    listSandboxes: async () =>
      sandboxes.map(
        (each) => ({ namespace: 'default', name: 'web', ready: true, ...each }) as SandboxSummary,
      ),
    listContainers: async () =>
      containers.map(
        ({ uid, ...each }) =>
          ({
            state: 'exited',
            labels: {
              'io.kubernetes.pod.namespace': 'default',
              'io.kubernetes.pod.name': 'web',
              'io.kubernetes.pod.uid': uid,
            },
            ...each,
          }) as ContainerSummary,
      ),
    containerStatus: async (id) => {
      if (id.startsWith('removed')) throw new RuntimeError('not-found', `container ${id} not found`);
      return { id, logPath: `/logs/${id}.log` } as ContainerStatus;
    },
  });
}

describe('a pod that the runtime knows', () => {
  test('has its newest containers and the attempt before each', async () => {
    const pods = lookup(
      [{ id: 's1', uid: 'u1', createdAtMs: 1 }],
      [
        { id: 'a0', name: 'app', uid: 'u1', createdAtMs: 2, attempt: 0 },
        { id: 'a2', name: 'app', uid: 'u1', createdAtMs: 9, attempt: 2, state: 'running' },
        { id: 'a1', name: 'app', uid: 'u1', createdAtMs: 5, attempt: 1 },
        { id: 'side', name: 'side', uid: 'u1', createdAtMs: 2, attempt: 0 },
      ],
    );
    expect(await pods.find('default', 'web')).toEqual({
      uid: 'u1',
      sandboxId: 's1',
      containers: [
        {
          name: 'app',
          id: 'a2',
          running: true,
          logPath: '/logs/a2.log',
          previous: { id: 'a1', logPath: '/logs/a1.log' },
        },
        { name: 'side', id: 'side', running: false, logPath: '/logs/side.log' },
      ],
    });
  });

  test('is not mixed with an earlier one of its name', async () => {
    const pods = lookup(
      [
        { id: 'old', uid: 'u1', createdAtMs: 1 },
        { id: 'new', uid: 'u2', createdAtMs: 5, ready: false },
      ],
      [{ id: 'a', name: 'app', uid: 'u1', createdAtMs: 2 }],
    );
    expect(await pods.find('default', 'web')).toEqual({ uid: 'u2', sandboxId: undefined, containers: [] });
  });

  test('is still found by its containers when the sandbox is gone', async () => {
    const pods = lookup([], [{ id: 'a', name: 'app', uid: 'u1', createdAtMs: 2 }]);
    expect(await pods.find('default', 'web')).toMatchObject({ uid: 'u1', containers: [{ id: 'a' }] });
  });

  test('may lose a container between two calls', async () => {
    const pods = lookup(
      [{ id: 's1', uid: 'u1', createdAtMs: 1 }],
      [{ id: 'removed', name: 'app', uid: 'u1', createdAtMs: 2 }],
    );
    expect(await pods.find('default', 'web')).toMatchObject({ containers: [] });
  });

  test('is none of another name or namespace', async () => {
    const pods = lookup([{ id: 's1', uid: 'u1', createdAtMs: 1 }], []);
    expect(await pods.find('other', 'web')).toBeUndefined();
    expect(await pods.find('default', 'api')).toBeUndefined();
  });
});
