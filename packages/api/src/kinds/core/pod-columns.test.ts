import { expect, test } from 'vitest';
import type { ContainerStatus, Pod, PodSpec, PodStatus } from '#types.generated.ts';
import { podColumns } from '#kinds/core/pod-columns.ts';

const now = Date.parse('2026-01-02T00:00:00Z');
const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();

function status(name: string, more: Partial<ContainerStatus>): ContainerStatus {
  return { name, image: '', imageID: '', ready: false, restartCount: 0, ...more };
}

const running = status('a', { ready: true, state: { running: {} } });
const completed = status('b', { state: { terminated: { exitCode: 0, reason: 'Completed' } } });
const crashing = status('a', {
  restartCount: 3,
  state: { waiting: { reason: 'CrashLoopBackOff' } },
  lastState: { terminated: { exitCode: 1, finishedAt: ago(90) } },
});
const ready = [{ type: 'Ready', status: 'True' }];

/** `READY STATUS RESTARTS`, as kubectl shows them. */
function shown(podStatus: PodStatus, spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): string {
  const pod: Pod = { metadata, spec: { containers: [{ name: 'a' }], ...spec }, status: podStatus };
  return podColumns
    .slice(1, 4)
    .map((column) => column.cell(pod as never, now))
    .join(' | ');
}

const two: Partial<PodSpec> = { containers: [{ name: 'a' }, { name: 'b' }] };
const init: Partial<PodSpec> = { initContainers: [{ name: 'i' }, { name: 'j' }] };
const sidecar: Partial<PodSpec> = { initContainers: [{ name: 's', restartPolicy: 'Always' }] };
const gone = { deletionTimestamp: ago(1) };

test.each<[string, Parameters<typeof shown>, string]>([
  ['waiting to be scheduled', [{ phase: 'Pending' }], '0/1 | Pending | 0'],
  ['running', [{ phase: 'Running', containerStatuses: [running] }], '1/1 | Running | 0'],
  ['crashing', [{ phase: 'Running', containerStatuses: [crashing] }], '0/1 | CrashLoopBackOff | 3 (90s ago)'],
  [
    'pulling',
    [
      {
        phase: 'Pending',
        containerStatuses: [status('a', { state: { waiting: { reason: 'ContainerCreating' } } })],
      },
    ],
    '0/1 | ContainerCreating | 0',
  ],
  ['done', [{ phase: 'Succeeded', containerStatuses: [completed] }], '0/1 | Completed | 0'],
  [
    'half done and ready',
    [{ phase: 'Running', conditions: ready, containerStatuses: [running, completed] }, two],
    '1/2 | Running | 0',
  ],
  [
    'completed first, running second, not ready',
    [
      {
        phase: 'Running',
        containerStatuses: [
          status('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
          { ...running, name: 'b' },
        ],
      },
      two,
    ],
    '1/2 | NotReady | 0',
  ],
  [
    'failed without a reason',
    [{ phase: 'Failed', containerStatuses: [status('a', { state: { terminated: { exitCode: 7 } } })] }],
    '0/1 | ExitCode:7 | 0',
  ],
  [
    'killed without a reason',
    [
      {
        phase: 'Failed',
        containerStatuses: [status('a', { state: { terminated: { exitCode: 137, signal: 9 } } })],
      },
    ],
    '0/1 | Signal:9 | 0',
  ],
  ['evicted', [{ phase: 'Failed', reason: 'Evicted' }], '0/1 | Evicted | 0'],
  ['going', [{ phase: 'Running', containerStatuses: [running] }, {}, gone], '1/1 | Terminating | 0'],
  ['gone already', [{ phase: 'Failed', reason: 'Error' }, {}, gone], '0/1 | Error | 0'],
  ['on a lost node', [{ phase: 'Running', reason: 'NodeLost' }, {}, gone], '0/1 | Unknown | 0'],
  [
    'gated',
    [
      {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
      },
    ],
    '0/1 | SchedulingGated | 0',
  ],
  [
    'in its second init container',
    [
      {
        phase: 'Pending',
        initContainerStatuses: [
          status('i', { state: { terminated: { exitCode: 0 } } }),
          status('j', { state: { running: {} } }),
        ],
      },
      init,
    ],
    '0/1 | Init:1/2 | 0',
  ],
  [
    'with a failing init container',
    [
      {
        phase: 'Pending',
        initContainerStatuses: [
          status('i', { restartCount: 2, state: { terminated: { exitCode: 1, reason: 'Error' } } }),
        ],
      },
      init,
    ],
    '0/1 | Init:Error | 2',
  ],
  [
    'with a sidecar',
    [
      {
        phase: 'Running',
        conditions: [{ type: 'Initialized', status: 'True' }],
        initContainerStatuses: [
          status('s', { started: true, ready: true, restartCount: 1, state: { running: {} } }),
        ],
        containerStatuses: [running],
      },
      sidecar,
    ],
    '2/2 | Running | 1',
  ],
])('a pod that is %s', (_, given, expected) => {
  expect(shown(...given)).toBe(expected);
});

test('wide columns say where the pod is', () => {
  const pod: Pod = {
    metadata: {},
    spec: {
      containers: [],
      nodeName: 'n',
      readinessGates: [{ conditionType: 'x/y' }, { conditionType: 'x/z' }],
    },
    status: {
      podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
      conditions: [{ type: 'x/y', status: 'True' }],
    },
  };
  expect(podColumns.slice(5).map((column) => `${column.name}: ${column.cell(pod as never, now)}`)).toEqual([
    'IP: 10.0.0.1',
    'Node: n',
    'Nominated Node: <none>',
    'Readiness Gates: 1/2',
  ]);
});
