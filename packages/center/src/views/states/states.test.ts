import type {
  APIService,
  CertificateSigningRequest,
  CronJob,
  CustomResourceDefinition,
  DaemonSet,
  Deployment,
  Event,
  HorizontalPodAutoscaler,
  Job,
  Namespace,
  Node,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
  StatefulSet,
} from '@skerry/api';
import { describe, expect, test } from 'vitest';
import { nodeState } from '#views/states/node-state.ts';
import {
  anyState,
  apiServiceState,
  autoscalerState,
  definitionState,
  disruptionBudgetState,
  eventState,
  phaseState,
  serviceState,
  signingRequestState,
  toneOfWord,
} from '#views/states/object-states.ts';
import { podState } from '#views/states/pod-state.ts';
import {
  cronJobState,
  daemonSetState,
  deploymentState,
  jobState,
  replicaSetState,
  statefulSetState,
} from '#views/states/workload-state.ts';

const metadata = { name: 'x', generation: 1 };
const since = '2026-01-01T00:00:00Z';
const nowMs = Date.parse('2026-01-01T01:00:00Z');
const condition = (type: string, status: string, reason = '', message = '') => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: since,
});

/** `word tone`, and what of the reason matters. */
type Expected = [state: string, tone: string, why?: string];

function check(
  cell: { state: string; tone: string; why?: string } | undefined,
  [word, tone, why]: Expected,
): void {
  expect([cell?.state, cell?.tone]).toEqual([word, tone]);
  if (why !== undefined) expect(cell?.why).toContain(why);
}

const pod = (status: Pod['status'], more: Partial<Pod> = {}): Pod => ({
  metadata,
  spec: { nodeName: 'n', containers: [{ name: 'c' }] },
  status: { phase: 'Running', ...status },
  ...more,
});
const waiting = (reason: string, message = '') =>
  pod({
    phase: 'Pending',
    containerStatuses: [
      {
        name: 'c',
        image: '',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { waiting: { reason, message } },
      },
    ],
  });
const container = (more: object) => ({
  name: 'c',
  image: '',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...more,
});

describe('pods', () => {
  test.each<[string, Pod, Expected]>([
    [
      'run',
      pod({ containerStatuses: [container({ ready: true, state: { running: {} } })] }),
      ['Running', 'ok'],
    ],
    [
      'run without being ready',
      pod({
        containerStatuses: [container({ state: { running: {} } })],
        conditions: [
          condition('Ready', 'False', 'ContainersNotReady', 'containers with unready status: [c]'),
        ],
      }),
      ['Running', 'warning', 'containers with unready status'],
    ],
    ['are created', waiting('ContainerCreating'), ['ContainerCreating', 'progressing']],
    [
      'crash',
      pod({
        containerStatuses: [
          container({
            state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
            lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: since } },
          }),
        ],
      }),
      ['CrashLoopBackOff', 'error', 'OOMKilled, exit code 137'],
    ],
    [
      'lack their image',
      waiting('ImagePullBackOff', 'Back-off pulling image "x"'),
      ['ImagePullBackOff', 'error', 'Back-off pulling'],
    ],
    [
      'are misconfigured',
      waiting('CreateContainerConfigError', 'secret "x" not found'),
      ['CreateContainerConfigError', 'error', 'secret "x"'],
    ],
    ['wait for a reason that nobody knows', waiting('NewReason'), ['NewReason', 'warning']],
    [
      'find no node',
      pod({
        phase: 'Pending',
        conditions: [
          condition('PodScheduled', 'False', 'Unschedulable', '0/3 nodes are available: 3 Insufficient cpu.'),
        ],
      }),
      ['Pending', 'warning', '3 Insufficient cpu'],
    ],
    [
      'are held back',
      pod({ phase: 'Pending', conditions: [condition('PodScheduled', 'False', 'SchedulingGated')] }),
      ['SchedulingGated', 'unknown'],
    ],
    ['wait for the scheduler', pod({ phase: 'Pending' }), ['Pending', 'progressing']],
    [
      'have succeeded',
      pod({
        phase: 'Succeeded',
        containerStatuses: [container({ state: { terminated: { exitCode: 0, reason: 'Completed' } } })],
      }),
      ['Completed', 'ok'],
    ],
    [
      'have failed',
      pod({
        phase: 'Failed',
        containerStatuses: [container({ state: { terminated: { exitCode: 2, reason: 'Error' } } })],
      }),
      ['Error', 'error', 'exit code 2'],
    ],
    [
      'ended with a signal',
      pod({
        phase: 'Failed',
        containerStatuses: [container({ state: { terminated: { exitCode: 137, signal: 9 } } })],
      }),
      ['Signal:9', 'error'],
    ],
    [
      'were evicted',
      pod({ phase: 'Failed', reason: 'Evicted', message: 'the node was low on memory' }),
      ['Evicted', 'error', 'low on memory'],
    ],
    [
      'are going',
      pod({}, { metadata: { ...metadata, deletionTimestamp: since } }),
      ['Terminating', 'progressing'],
    ],
    [
      'initialize',
      pod(
        { phase: 'Pending', initContainerStatuses: [container({ name: 'i', state: { running: {} } })] },
        { spec: { initContainers: [{ name: 'i' }, { name: 'j' }], containers: [{ name: 'c' }] } },
      ),
      ['Init:0/2', 'progressing'],
    ],
    [
      'crash while they initialize',
      pod(
        {
          phase: 'Pending',
          initContainerStatuses: [
            container({ name: 'i', state: { waiting: { reason: 'CrashLoopBackOff' } } }),
          ],
        },
        { spec: { initContainers: [{ name: 'i' }], containers: [{ name: 'c' }] } },
      ),
      ['Init:CrashLoopBackOff', 'error'],
    ],
  ])('that %s', (_, object, expected) => check(podState(object), expected));
});

const node = (
  ready: string | undefined,
  more: Partial<Node> = {},
  others: ReturnType<typeof condition>[] = [],
): Node => ({
  metadata,
  ...more,
  status: {
    conditions: [...(ready === undefined ? [] : [condition('Ready', ready, 'Reason', 'told')]), ...others],
  },
});
const annotated = (annotations: Record<string, string>) => ({ metadata: { ...metadata, annotations } });

describe('nodes', () => {
  test.each<[string, Node, Expected]>([
    ['are ready', node('True'), ['Ready', 'ok']],
    [
      'are under pressure',
      node('True', {}, [condition('DiskPressure', 'True', 'R', 'little space')]),
      ['Ready', 'warning', 'DiskPressure: little space'],
    ],
    ['are cordoned', node('True', { spec: { unschedulable: true } }), ['Cordoned', 'unknown']],
    ['say that they are not ready', node('False'), ['NotReady', 'error', 'Reason: told']],
    ['are out of reach', node('Unknown'), ['Disconnected', 'disconnected', 'told']],
    [
      'run on their own',
      node('Unknown', annotated({ 'node.openyurt.io/autonomy-duration': '2h' })),
      ['Autonomous', 'disconnected'],
    ],
    [
      'run on their own for good',
      node('Unknown', annotated({ 'node.beta.openyurt.io/autonomy': 'true' })),
      ['Autonomous', 'disconnected'],
    ],
    [
      'ran on their own for too long',
      node('Unknown', annotated({ 'node.openyurt.io/autonomy-duration': '30m' })),
      ['Offline', 'error'],
    ],
    ['never reported', node(undefined), ['Unknown', 'unknown']],
  ])('that %s', (_, object, expected) => check(nodeState(object, nowMs), expected));
});

const deployment = (status: Deployment['status'], spec: object = {}): Deployment => ({
  metadata,
  spec: { replicas: 3, selector: {}, template: {}, ...spec },
  status: { observedGeneration: 1, ...status },
});
const all = { replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };

describe('workloads', () => {
  test.each<[string, Deployment, Expected]>([
    ['are available', deployment(all), ['Available', 'ok']],
    [
      'roll out',
      deployment({ ...all, updatedReplicas: 1 }),
      ['Progressing', 'progressing', '1 of 3 are updated'],
    ],
    [
      'drop old replicas',
      deployment({ ...all, replicas: 4 }),
      ['Progressing', 'progressing', '1 old replicas'],
    ],
    [
      'are not seen yet',
      deployment({ ...all, observedGeneration: 0 }),
      ['Reconciling', 'progressing', 'not seen'],
    ],
    [
      'are stuck',
      deployment({
        ...all,
        conditions: [condition('Progressing', 'False', 'ProgressDeadlineExceeded', 'has timed out')],
      }),
      ['Stuck', 'error', 'timed out'],
    ],
    [
      'cannot make pods',
      deployment({ ...all, conditions: [condition('ReplicaFailure', 'True', 'FailedCreate', 'quota')] }),
      ['Failing', 'error', 'quota'],
    ],
    ['lack some', deployment({ ...all, availableReplicas: 2 }), ['Degraded', 'warning', '2 of 3']],
    ['lack all', deployment({ ...all, availableReplicas: 0 }), ['Unavailable', 'error']],
    [
      'are paused halfway',
      deployment({ ...all, updatedReplicas: 1 }, { paused: true }),
      ['Paused', 'unknown'],
    ],
    ['run nothing', deployment({}, { replicas: 0 }), ['Scaled to zero', 'unknown']],
  ])('deployments that %s', (_, object, expected) => check(deploymentState(object), expected));

  const set = (status: object): StatefulSet =>
    ({
      metadata,
      spec: { replicas: 3 },
      status: { observedGeneration: 1, ...status },
    }) as unknown as StatefulSet;
  test.each<[string, StatefulSet, Expected]>([
    ['are available', set({ readyReplicas: 3, updatedReplicas: 3 }), ['Available', 'ok']],
    [
      'roll out',
      set({ readyReplicas: 3, updatedReplicas: 1, updateRevision: 'b', currentRevision: 'a' }),
      ['Progressing', 'progressing'],
    ],
    ['lack some', set({ readyReplicas: 1, updatedReplicas: 3 }), ['Degraded', 'warning']],
  ])('stateful sets that %s', (_, object, expected) => check(statefulSetState(object), expected));

  const daemons = (status: object): DaemonSet =>
    ({ metadata, status: { observedGeneration: 1, ...status } }) as unknown as DaemonSet;
  test.each<[string, DaemonSet, Expected]>([
    [
      'are everywhere',
      daemons({ desiredNumberScheduled: 5, updatedNumberScheduled: 5, numberAvailable: 5 }),
      ['Available', 'ok'],
    ],
    [
      'miss nodes',
      daemons({ desiredNumberScheduled: 5, updatedNumberScheduled: 5, numberAvailable: 3 }),
      ['Degraded', 'warning', '3 of 5'],
    ],
    [
      'roll out',
      daemons({ desiredNumberScheduled: 5, updatedNumberScheduled: 2, numberAvailable: 5 }),
      ['Progressing', 'progressing'],
    ],
    ['match no node', daemons({ desiredNumberScheduled: 0 }), ['No nodes', 'unknown']],
  ])('daemon sets that %s', (_, object, expected) => check(daemonSetState(object), expected));

  test('replica sets lack what is not ready', () =>
    check(
      replicaSetState({
        metadata,
        spec: { replicas: 2 },
        status: { replicas: 2, readyReplicas: 1 },
      } as unknown as ReplicaSet),
      ['Degraded', 'warning'],
    ));

  const job = (status: object): Job => ({ metadata, status }) as unknown as Job;
  test.each<[string, Job, Expected]>([
    ['are complete', job({ conditions: [condition('Complete', 'True')] }), ['Complete', 'ok']],
    [
      'have failed',
      job({ conditions: [condition('Failed', 'True', 'BackoffLimitExceeded', 'too often')] }),
      ['Failed', 'error', 'too often'],
    ],
    ['are suspended', job({ conditions: [condition('Suspended', 'True')] }), ['Suspended', 'unknown']],
    ['run', job({ active: 1, failed: 2 }), ['Running', 'progressing', '2 pods failed']],
  ])('jobs that %s', (_, object, expected) => check(jobState(object), expected));

  test.each<[string, object, Expected]>([
    ['wait', { spec: {} }, ['Waiting', 'ok']],
    ['run', { spec: {}, status: { active: [{}] } }, ['Running', 'progressing']],
    ['are suspended', { spec: { suspend: true } }, ['Suspended', 'unknown']],
  ])('cron jobs that %s', (_, object, expected) => check(cronJobState(object as CronJob), expected));
});

describe('other kinds', () => {
  test.each<[string, () => ReturnType<typeof anyState>, Expected]>([
    [
      'a namespace',
      () => phaseState({ metadata, status: { phase: 'Active' } } as Namespace),
      ['Active', 'ok'],
    ],
    [
      'a namespace that goes',
      () =>
        phaseState({
          metadata: { ...metadata, deletionTimestamp: since },
          status: {
            conditions: [
              condition('NamespaceFinalizersRemaining', 'True', 'SomeFinalizersRemain', 'x in 1 instance'),
            ],
          },
        } as unknown as Namespace),
      ['Terminating', 'progressing', 'x in 1'],
    ],
    [
      'a claim',
      () => phaseState({ metadata, status: { phase: 'Pending' } } as PersistentVolumeClaim),
      ['Pending', 'progressing'],
    ],
    ['a service', () => serviceState({ metadata, spec: { type: 'ClusterIP' } } as Service), ['Ready', 'ok']],
    [
      'a service without an address',
      () => serviceState({ metadata, spec: { type: 'LoadBalancer' } } as Service),
      ['Pending', 'progressing'],
    ],
    [
      'an autoscaler',
      () =>
        autoscalerState({
          metadata,
          status: {
            conditions: [
              condition('AbleToScale', 'True'),
              condition('ScalingActive', 'False', 'FailedGetResourceMetric', 'no metrics'),
            ],
          },
        } as unknown as HorizontalPodAutoscaler),
      ['Failing', 'error', 'no metrics'],
    ],
    [
      'a budget',
      () =>
        disruptionBudgetState({
          metadata,
          status: { currentHealthy: 1, desiredHealthy: 2 },
        } as PodDisruptionBudget),
      ['Violated', 'error'],
    ],
    [
      'a budget that blocks',
      () =>
        disruptionBudgetState({
          metadata,
          status: { currentHealthy: 2, desiredHealthy: 2, expectedPods: 2, disruptionsAllowed: 0 },
        } as PodDisruptionBudget),
      ['Blocking', 'warning'],
    ],
    [
      'a request',
      () => signingRequestState({ metadata } as CertificateSigningRequest),
      ['Pending', 'progressing'],
    ],
    [
      'a granted request',
      () =>
        signingRequestState({
          metadata,
          status: { certificate: 'x', conditions: [condition('Approved', 'True')] },
        } as unknown as CertificateSigningRequest),
      ['Issued', 'ok'],
    ],
    [
      'a definition',
      () =>
        definitionState({
          metadata,
          status: { conditions: [condition('Established', 'True')] },
        } as unknown as CustomResourceDefinition),
      ['Established', 'ok'],
    ],
    [
      'a definition whose names are taken',
      () =>
        definitionState({
          metadata,
          status: { conditions: [condition('NamesAccepted', 'False', 'Conflict', 'taken')] },
        } as unknown as CustomResourceDefinition),
      ['Refused', 'error', 'taken'],
    ],
    [
      'an API service',
      () =>
        apiServiceState({
          metadata,
          status: { conditions: [condition('Available', 'False', 'Missing', 'no endpoints')] },
        } as APIService),
      ['Unavailable', 'error', 'no endpoints'],
    ],
    [
      'a warning',
      () => eventState({ metadata, type: 'Warning', reason: 'BackOff' } as unknown as Event),
      ['BackOff', 'warning'],
    ],
    [
      'anything with conditions',
      () => anyState({ metadata, status: { conditions: [condition('Ready', 'False', 'Broken', 'x')] } }),
      ['NotReady', 'error', 'Broken: x'],
    ],
    [
      'anything with a phase',
      () => anyState({ metadata, status: { phase: 'Succeeded' } }),
      ['Succeeded', 'ok'],
    ],
  ])('%s', (_, cell, expected) => check(cell(), expected));

  test('words have tones, and other texts none', () => {
    expect(['Healthy', 'failed', 'Provisioning', 'Paused', 'v1.2.3'].map(toneOfWord)).toEqual([
      'ok',
      'error',
      'progressing',
      'unknown',
      undefined,
    ]);
  });
});
