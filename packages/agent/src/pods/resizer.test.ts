import { beforeEach, expect, test } from 'vitest';
import type { Container, Pod, ResourceRequirements } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { recordingEvents } from '@skerry/client/testing';
import { podEvents } from '#pods/events.ts';
import { PodResizer } from '#pods/resizer.ts';
import type { RuntimePod } from '#pods/runtime-pod.ts';
import type { ContainerResources, ContainerStats } from '#runtime.ts';
import { testContainer, testPod, testRuntimePod, testStatus } from '#testing/pods.ts';

const size = (cpu: string, memory: string): ResourceRequirements => ({
  requests: { cpu, memory },
  limits: { cpu, memory },
});
const small = testContainer('main', { resources: size('100m', '64Mi') });
const large = testContainer('main', { resources: size('200m', '128Mi') });
const generation = (pod: Pod, value: number): Pod => ({
  ...pod,
  metadata: { ...pod.metadata, generation: value },
});
const podOf = (value: number, ...containers: Container[]) => generation(testPod({ containers }), value);
const running = (...containers: Container[]) =>
  testRuntimePod(containers.map((container) => testStatus(container, 'running')));

let told: string[] = [];
let usage: ContainerStats[] = [];
let refusal: { reason: string; message: string } | undefined;
let events = recordingEvents();
beforeEach(() => {
  told = [];
  usage = [];
  refusal = undefined;
  events = recordingEvents();
});

const limits = ({ cpuQuota, memoryLimitBytes }: ContainerResources) =>
  `${cpuQuota ?? '-'} ${memoryLimitBytes === undefined ? '-' : memoryLimitBytes / 2 ** 20}`;

function resizerOf(pod: Pod): PodResizer {
  return new PodResizer(pod, {
    admit: () => refusal,
    cgroupRoot: '/x',
    clock: new FakeClock(),
    events: podEvents(events),
    memoryCapacityBytes: 2 ** 30,
    cgroups: { ensure: async (_, resources) => void told.push(`pod ${limits(resources)}`) },
    runtime: {
      updateContainerResources: async (id, resources) => void told.push(`${id} ${limits(resources)}`),
      listContainerStats: async () => usage,
    },
  });
}

async function resize(resizer: PodResizer, asked: Pod, runtime: RuntimePod): Promise<void> {
  resizer.consider(asked, runtime);
  const taken = resizer.taken(asked);
  await resizer.enlarge(taken, runtime);
  await resizer.settle(taken, runtime);
}

test('a running container gets its new size, inside limits of the pod that never stand below it', async () => {
  const runtime = running(small);
  const resizer = resizerOf(podOf(1, small));
  resizer.consider(podOf(1, small), runtime);
  await resize(resizer, podOf(2, large), runtime);
  expect(told).toEqual(['pod 20000 128', 'main-0 20000 128', 'pod 20000 128']);
  await resize(resizer, podOf(3, small), runtime);
  expect(told.slice(3)).toEqual(['pod 20000 128', 'main-0 10000 64', 'pod 10000 64']);
  expect(resizer.conditions).toEqual([]);
  expect(events.lines.map((line) => line.split(':', 1)[0])).toEqual([
    'Normal ResizeStarted',
    'Normal ResizeCompleted',
    'Normal ResizeStarted',
    'Normal ResizeCompleted',
  ]);
  expect(events.lines[0]).toBe(
    'Normal ResizeStarted: Pod resize started: {"containers":[{"name":"main","resources":' +
      '{"limits":{"cpu":"200m","memory":"128Mi"},"requests":{"cpu":"200m","memory":"128Mi"}}}],"generation":2}',
  );
});

test('what gets less goes first', async () => {
  const other = { name: 'other', image: 'other:1' };
  const runtime = running(small, { ...large, ...other });
  const resizer = resizerOf(podOf(1, small, { ...large, ...other }));
  resizer.consider(podOf(1, small, { ...large, ...other }), runtime);
  await resize(resizer, podOf(2, large, { ...small, ...other }), runtime);
  expect(told).toEqual(['pod 30000 192', 'other-0 10000 64', 'main-0 20000 128', 'pod 30000 192']);
});

test('a size that the node has no room for waits, and the pod stays as it was taken on', async () => {
  const runtime = running(small);
  const resizer = resizerOf(podOf(1, small));
  refusal = { reason: 'OutOfcpu', message: 'no room' };
  await resize(resizer, podOf(2, large), runtime);
  await resize(resizer, podOf(2, large), runtime);
  expect(told).toEqual([]);
  expect(resizer.taken(podOf(2, large)).spec).toEqual(podOf(2, small).spec);
  expect(resizer.conditions).toMatchObject([
    {
      type: 'PodResizePending',
      status: 'True',
      reason: 'Deferred',
      message: 'no room',
      observedGeneration: 2,
    },
  ]);
  expect(events.lines).toHaveLength(1);
  refusal = undefined;
  await resize(resizer, podOf(2, large), runtime);
  expect(resizer.conditions).toEqual([]);
  expect(told).toContain('main-0 20000 128');
});

test('a limit of memory below what is used is an error, and nothing is told', async () => {
  const runtime = running(large);
  const resizer = resizerOf(podOf(1, large));
  usage = [
    { id: 'main-0', name: 'main', labels: {}, memory: { atMs: 0, workingSetBytes: 1, usageBytes: 2 ** 30 } },
  ];
  await resize(resizer, podOf(2, small), runtime);
  expect(told).toEqual([]);
  expect(resizer.conditions).toMatchObject([
    {
      type: 'PodResizeInProgress',
      reason: 'Error',
      message:
        'cannot decrease memory limits: attempting to set container "main" memory limit (67108864) below current usage (1073741824)',
    },
  ]);
});

test('a container that wants to be made anew is not told, and its successor has the size', async () => {
  const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
  const before = podOf(1, { ...small, resizePolicy });
  const after = podOf(2, { ...large, resizePolicy });
  const [container] = after.spec?.containers ?? [];
  if (!container) throw new Error('the pod has a container');
  const runtime = running(small);
  const resizer = resizerOf(before);
  await resize(resizer, after, runtime);
  expect(resizer.needsRestart(container, testStatus(small, 'running'))).toBe(true);
  expect(resizer.conditions).toMatchObject([{ type: 'PodResizeInProgress' }]);

  const successor = testStatus(small, 'running', { attempt: 1 });
  resizer.started(successor.id, container);
  await resize(resizer, after, testRuntimePod([successor]));
  expect(resizer.needsRestart(container, successor)).toBe(false);
  expect(resizer.conditions).toEqual([]);
  expect(told.filter((line) => line.startsWith('main'))).toEqual([]);
});

test('after a restart of the agent, what its predecessor said counts', async () => {
  const status = {
    containerStatuses: [
      {
        name: 'main',
        image: '',
        imageID: '',
        ready: true,
        restartCount: 0,
        containerID: 'containerd://main-0',
        resources: size('100m', '64Mi'),
        allocatedResources: { cpu: '100m', memory: '64Mi' },
      },
    ],
  };
  const pod = { ...podOf(2, large), status };
  const resizer = resizerOf(pod);
  expect(resizer.taken(pod).spec).toEqual(podOf(2, small).spec);
  await resize(resizer, pod, running(small));
  expect(told).toContain('main-0 20000 128');
});

test('a pod that has not begun is taken on as it is by then', () => {
  const resizer = resizerOf(podOf(1, small));
  resizer.consider(podOf(2, large), undefined);
  expect(resizer.taken(podOf(2, large)).spec).toEqual(podOf(2, large).spec);
  expect(events.lines).toEqual([]);
});
