import { describe, expect, test } from 'vitest';
import type { Pod, PodStatus } from '@skerry/api';
import { podStatus, type StatusInput } from '#pods/status.ts';
import type { RuntimePod } from '#pods/runtime-pod.ts';
import { testContainer, testPod, testRuntimePod, testSandbox, testStatus } from '#testing/pods.ts';

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0);
const now = '2026-01-01T12:00:00Z';

function statusOf(pod: Pod, runtime: RuntimePod | undefined, rest: Partial<StatusInput> = {}): PodStatus {
  return podStatus({
    pod,
    runtime,
    previous: undefined,
    waiting: new Map(),
    isReady: () => true,
    isStarted: () => true,
    sizeOf: () => undefined,
    resizeConditions: [],
    terminationMessage: () => undefined,
    runtimeName: 'containerd',
    hostAddresses: ['192.168.0.1'],
    nowMs,
    ...rest,
  });
}

const conditionOf = (status: PodStatus, type: string) =>
  status.conditions?.find((condition) => condition.type === type);
const a = testContainer('a');
const init = testContainer('init');
const side = testContainer('side', { restartPolicy: 'Always' });
const pod = (spec: Parameters<typeof testPod>[0] = {}) => testPod({ containers: [a], ...spec });

describe('phase', () => {
  const ended = (exitCode: number) => testRuntimePod([testStatus(a, 'exited', { exitCode })]);
  const cases: [string, Pod, RuntimePod | undefined, string][] = [
    ['nothing runs yet', pod(), undefined, 'Pending'],
    [
      'init containers run',
      pod({ initContainers: [init] }),
      testRuntimePod([testStatus(init, 'running')]),
      'Pending',
    ],
    ['the container runs', pod(), testRuntimePod([testStatus(a, 'running')]), 'Running'],
    ['it ended and will run again', pod(), ended(1), 'Running'],
    ['it ended well for good', pod({ restartPolicy: 'Never' }), ended(0), 'Succeeded'],
    ['it ended badly for good', pod({ restartPolicy: 'Never' }), ended(1), 'Failed'],
    ['it failed and is tried again', pod({ restartPolicy: 'OnFailure' }), ended(1), 'Running'],
    ['it succeeded under OnFailure', pod({ restartPolicy: 'OnFailure' }), ended(0), 'Succeeded'],
    [
      'an init container failed for good',
      pod({ restartPolicy: 'Never', initContainers: [init] }),
      testRuntimePod([testStatus(init, 'exited', { exitCode: 1 })]),
      'Failed',
    ],
    [
      'one of two has not started',
      pod({ containers: [a, testContainer('b')] }),
      testRuntimePod([testStatus(a, 'running')]),
      'Pending',
    ],
    [
      'a sidecar still runs',
      pod({ restartPolicy: 'Never', initContainers: [side] }),
      testRuntimePod([testStatus(a, 'exited'), testStatus(side, 'running')]),
      'Running',
    ],
  ];
  test.each(cases)('%s', (_, spec, runtime, expected) => {
    expect(statusOf(spec, runtime).phase).toBe(expected);
  });

  test('an end is never taken back', () => {
    const previous: PodStatus = { phase: 'Succeeded' };
    expect(statusOf(pod(), undefined, { previous }).phase).toBe('Succeeded');
  });

  test('a pod that is given up failed, with the reason', () => {
    const verdict = { reason: 'DeadlineExceeded', message: 'too long' };
    expect(statusOf(pod(), undefined, { verdict })).toMatchObject({ phase: 'Failed', ...verdict });
  });
});

describe('containers', () => {
  test('one that is not there waits, for what the worker says', () => {
    const waiting = new Map([['a', { reason: 'ErrImagePull', message: 'no such host' }]]);
    expect(statusOf(pod(), undefined).containerStatuses?.[0]?.state).toEqual({
      waiting: { reason: 'ContainerCreating' },
    });
    expect(statusOf(pod(), undefined, { waiting }).containerStatuses?.[0]?.state).toEqual({
      waiting: { reason: 'ErrImagePull', message: 'no such host' },
    });
  });

  test('main containers wait for initialization', () => {
    const status = statusOf(pod({ initContainers: [init] }), testRuntimePod([testStatus(init, 'running')]));
    expect(status.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
    expect(status.initContainerStatuses?.[0]).toMatchObject({ ready: false, started: true });
  });

  test('a restarted one shows how its predecessor ended', () => {
    const runtime = testRuntimePod([
      testStatus(a, 'running', { attempt: 2 }),
      testStatus(a, 'exited', { attempt: 1, exitCode: 137, reason: 'OOMKilled' }),
    ]);
    expect(statusOf(pod(), runtime).containerStatuses?.[0]).toMatchObject({
      restartCount: 2,
      containerID: 'containerd://a-2',
      state: { running: { startedAt: '1970-01-01T00:00:02Z' } },
      lastState: {
        terminated: { exitCode: 137, reason: 'OOMKilled', containerID: 'containerd://a-1' },
      },
    });
  });

  test('one held back shows its end as the last state', () => {
    const waiting = new Map([['a', { reason: 'CrashLoopBackOff', message: 'back-off 10s' }]]);
    const runtime = testRuntimePod([testStatus(a, 'exited', { exitCode: 1 })]);
    expect(statusOf(pod(), runtime, { waiting }).containerStatuses?.[0]).toMatchObject({
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    });
  });

  test('the count of restarts never falls, also when the runtime forgot', () => {
    const previous: PodStatus = {
      containerStatuses: [{ name: 'a', image: '', imageID: '', ready: true, restartCount: 5 }],
    };
    expect(statusOf(pod(), undefined, { previous }).containerStatuses?.[0]?.restartCount).toBe(5);
  });
});

describe('conditions', () => {
  const running = testRuntimePod([testStatus(a, 'running')]);

  test('a pod whose containers are ready is ready', () => {
    const status = statusOf(pod(), running);
    for (const type of ['PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'Ready']) {
      expect(conditionOf(status, type)).toMatchObject({
        status: 'True',
        observedGeneration: 1,
        lastTransitionTime: now,
      });
    }
    expect(status).toMatchObject({
      podIP: '10.0.0.2',
      podIPs: [{ ip: '10.0.0.2' }],
      hostIP: '192.168.0.1',
      observedGeneration: 1,
    });
  });

  test('an unready container is named', () => {
    const status = statusOf(pod(), running, { isReady: () => false });
    expect(conditionOf(status, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [a]',
    });
  });

  test('init containers that are not done are named', () => {
    const status = statusOf(pod({ initContainers: [init] }), testRuntimePod([]));
    expect(conditionOf(status, 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [init]',
    });
  });

  test('a readiness gate holds the pod back until it is true', () => {
    const gated = pod({ readinessGates: [{ conditionType: 'x/y' }] });
    expect(conditionOf(statusOf(gated, running), 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message: 'corresponding condition of pod readiness gate "x/y" does not exist.',
    });
    const open = { ...gated, status: { conditions: [{ type: 'x/y', status: 'True' }] } };
    expect(conditionOf(statusOf(open, running), 'Ready')?.status).toBe('True');
  });

  test('times of transition stay while nothing turns, and conditions of others are kept', () => {
    const previous: PodStatus = {
      conditions: [
        { type: 'Ready', status: 'True', lastTransitionTime: '2025-01-01T00:00:00Z' },
        { type: 'ContainersReady', status: 'False', lastTransitionTime: '2025-01-01T00:00:00Z' },
        { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' },
      ],
    };
    const status = statusOf(pod(), running, { previous });
    expect(conditionOf(status, 'Ready')?.lastTransitionTime).toBe('2025-01-01T00:00:00Z');
    expect(conditionOf(status, 'ContainersReady')?.lastTransitionTime).toBe(now);
    expect(conditionOf(status, 'DisruptionTarget')).toMatchObject({ reason: 'EvictionByEvictionAPI' });
  });
});

test("addresses stay in the status of a pod that ended, and are the host's on the host network", () => {
  const previous: PodStatus = { podIP: '10.0.0.9', podIPs: [{ ip: '10.0.0.9' }] };
  const gone = testRuntimePod([], [testSandbox({ ready: false, addresses: [] })]);
  expect(statusOf(pod(), gone, { previous }).podIP).toBe('10.0.0.9');
  expect(statusOf(pod({ hostNetwork: true }), gone).podIP).toBe('192.168.0.1');
});

test('an end that was reported keeps its message when the log of it is gone', () => {
  const ended = testRuntimePod([testStatus(a, 'exited', { exitCode: 1 })]);
  const spec = pod({ restartPolicy: 'Never' });
  const first = statusOf(spec, ended, { terminationMessage: () => 'out of luck' });
  const later = statusOf(spec, ended, { previous: first });
  expect(later.containerStatuses).toEqual(first.containerStatuses);
  expect(statusOf(spec, undefined, { previous: first }).containerStatuses).toEqual(first.containerStatuses);
});

test('sizes are said as they were taken on, and as they hold', () => {
  const asked = { requests: { cpu: '2' }, limits: { cpu: '2' } };
  const held = { requests: { cpu: '1' }, limits: { cpu: '1' } };
  const sized = testContainer('a', { resources: asked });
  const status = statusOf(pod({ containers: [sized] }), testRuntimePod([testStatus(sized, 'running')]), {
    sizeOf: () => held,
    resizeConditions: [{ type: 'PodResizeInProgress', status: 'True' }],
  });
  expect(status.containerStatuses?.[0]).toMatchObject({ resources: held, allocatedResources: { cpu: '2' } });
  expect(conditionOf(status, 'PodResizeInProgress')).toBeDefined();
});
