import type { Pod } from '@skerry/api';
import { expect, test } from 'vitest';
import {
  countByAverage,
  countByShare,
  countByUtilization,
  countByValue,
} from '#autoscaling/replica-count.ts';

const nowMs = Date.UTC(2026, 0, 1, 12);
const at = (beforeMs: number) => new Date(nowMs - beforeMs).toISOString();
const tolerances = { up: 0.1, down: 0.1 };
const delays = { cpuInitializationMs: 300_000, initialReadinessMs: 30_000 };

interface Shape {
  readonly phase?: string;
  readonly ready?: boolean;
  readonly startedMs?: number;
  readonly readyMs?: number;
  readonly leaving?: boolean;
}

function pod(name: string, shape: Shape = {}): Pod {
  const { phase = 'Running', ready = true, startedMs = 3_600_000, readyMs = 3_590_000, leaving } = shape;
  return {
    metadata: { name, ...(leaving ? { deletionTimestamp: at(0) } : {}) },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] },
    status: {
      phase,
      startTime: at(startedMs),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at(readyMs) }],
    },
  };
}

const metrics = (...milli: number[]) =>
  new Map(milli.map((value, index) => [`p${index}`, { milli: value, atMs: nowMs, windowMs: 30_000 }]));
const pods = (...shapes: Shape[]) => shapes.map((shape, index) => pod(`p${index}`, shape));

/** Target 30 % of one CPU each. */
test.each<[string, Pod[], ReturnType<typeof metrics>, number]>([
  ['three at 50 %', pods({}, {}, {}), metrics(300, 500, 700), 5],
  ['within the tolerance', pods({}, {}, {}), metrics(310, 310, 310), 3],
  ['three at 10 %', pods({}, {}, {}), metrics(100, 100, 100), 1],
  ['one has no numbers, growing', pods({}, {}, {}), metrics(600, 600), 4],
  ['one has no numbers, shrinking', pods({}, {}, {}, {}, {}), metrics(100, 100, 100, 100), 5],
  ['one is pending, growing', pods({}, {}, { phase: 'Pending' }), metrics(600, 600, 900), 4],
  ['one is pending, shrinking', pods({}, {}, { phase: 'Pending' }), metrics(100, 100, 100), 1],
  ['one has failed', pods({}, {}, { phase: 'Failed' }), metrics(600, 600, 900), 4],
  ['one is on its way out', pods({}, {}, { leaving: true }), metrics(600, 600, 900), 4],
  [
    'one is still starting',
    pods({}, {}, { ready: false, startedMs: 60_000, readyMs: 59_000 }),
    metrics(600, 600, 3000),
    4,
  ],
  [
    'one has become ready a moment ago, and its numbers are of before',
    pods({}, {}, { startedMs: 60_000, readyMs: 10_000 }),
    metrics(600, 600, 3000),
    4,
  ],
  ['damped until it would turn round', pods({}, {}, {}, {}), metrics(330, 340), 4],
])('by utilization: %s', (_, given, numbers, replicas) => {
  const context = { pods: given, current: given.length, tolerances, delays, nowMs };
  expect(countByUtilization(numbers, { ...context, resource: 'cpu', target: 30 }).replicas).toBe(replicas);
});

test('the present use is shown, in percent and as a value', () => {
  const context = { pods: pods({}, {}), current: 2, tolerances, delays, nowMs };
  const shown = countByUtilization(metrics(200, 301), { ...context, resource: 'cpu', target: 30 });
  expect(shown).toEqual({ replicas: 2, utilization: 25, milli: 250 });
});

test.each<[string, () => unknown, string]>([
  [
    'no request',
    () => {
      const bare = pod('p0');
      bare.spec!.containers = [{ name: 'c' }];
      const context = { pods: [bare], current: 1, tolerances, delays, nowMs };
      return countByUtilization(metrics(1), { ...context, resource: 'cpu', target: 30 });
    },
    'missing request for cpu in container c of Pod p0',
  ],
  [
    'no such container',
    () => {
      const context = { pods: pods({}), current: 1, tolerances, delays, nowMs };
      return countByUtilization(metrics(1), { ...context, resource: 'cpu', container: 'x', target: 30 });
    },
    'container x not found in Pod p0',
  ],
  [
    'no pods',
    () => {
      const context = { pods: [], current: 1, tolerances, delays, nowMs };
      return countByAverage(metrics(1), { ...context, targetMilli: 1 });
    },
    'no pods returned by selector while calculating replica count',
  ],
  [
    'no pod that counts',
    () => {
      const context = { pods: pods({ phase: 'Pending' }), current: 1, tolerances, delays, nowMs };
      return countByAverage(metrics(1), { ...context, targetMilli: 1 });
    },
    'did not receive metrics for targeted pods (pods might be unready)',
  ],
])('%s is said', (_, act, message) => {
  expect(act).toThrow(message);
});

test('averages per pod', () => {
  const context = { pods: pods({}, {}, {}), current: 3, tolerances, delays, nowMs };
  expect(countByAverage(metrics(10_000, 20_000, 30_000), { ...context, targetMilli: 10_000 })).toEqual({
    replicas: 6,
    milli: 20_000,
  });
});

test('a value for all pods counts those that are ready', () => {
  const context = { pods: pods({}, {}, { ready: false }), current: 3, tolerances, delays, nowMs };
  expect(countByValue(200, { ...context, targetMilli: 100 }).replicas).toBe(4);
  expect(countByValue(105, { ...context, targetMilli: 100 }).replicas).toBe(3);
  expect(countByValue(250, { ...context, current: 0, targetMilli: 100 }).replicas).toBe(3);
});

test('shares of one value', () => {
  const given = { statusReplicas: 4, tolerances, targetMilli: 1000 };
  expect(countByShare(8_600, given)).toEqual({ replicas: 9, milli: 2_150 });
  expect(countByShare(4_100, given)).toEqual({ replicas: 4, milli: 1_025 });
});
