import type { HPAScalingRules } from '@skerry/api';
import { expect, test } from 'vitest';
import { limitWithoutBehavior, Recommendations } from '#autoscaling/recommendations.ts';

const bounds = { min: 1, max: 100 };
const percent = (value: number, periodSeconds = 60) => ({ type: 'Percent', value, periodSeconds });
const ofPods = (value: number, periodSeconds = 60) => ({ type: 'Pods', value, periodSeconds });
const rules = (...policies: HPAScalingRules['policies'] & object): HPAScalingRules => ({
  selectPolicy: 'Max',
  stabilizationWindowSeconds: 0,
  policies,
});
const open = rules(percent(1000));

test.each([
  [10, 50, 20, 'ScaleUpLimit'],
  [1, 50, 4, 'ScaleUpLimit'],
  [60, 200, 100, 'TooManyReplicas'],
  [10, 0, 1, 'TooFewReplicas'],
  [10, 12, 12, 'DesiredWithinRange'],
])('without behaviour %i asked to be %i becomes %i: %s', (current, desired, replicas, reason) => {
  expect(limitWithoutBehavior({ ...bounds, current, desired })).toMatchObject({ replicas, reason });
});

test('the highest recommendation of the window holds a shrinking set', () => {
  const memory = new Recommendations();
  const windowMs = 300_000;
  expect(memory.highest(10, { windowMs, nowMs: 0 })).toBe(10);
  expect(memory.highest(2, { windowMs, nowMs: 100_000 })).toBe(10);
  expect(memory.highest(3, { windowMs, nowMs: 200_000 })).toBe(10);
  expect(memory.highest(2, { windowMs, nowMs: 300_001 })).toBe(3);
  expect(memory.highest(12, { windowMs, nowMs: 300_002 })).toBe(12);
});

test('windows hold both ways', () => {
  const memory = new Recommendations();
  const given = (nowMs: number) => ({
    up: { ...open, stabilizationWindowSeconds: 60 },
    down: { ...open, stabilizationWindowSeconds: 120 },
    nowMs,
  });
  memory.begin(5, 0);
  expect(memory.stabilize({ ...bounds, current: 5, desired: 9 }, given(10_000))).toMatchObject({
    replicas: 5,
    reason: 'ScaleUpStabilized',
  });
  expect(memory.stabilize({ ...bounds, current: 5, desired: 9 }, given(61_000)).replicas).toBe(9);
  expect(memory.stabilize({ ...bounds, current: 9, desired: 3 }, given(70_000))).toMatchObject({
    replicas: 9,
    reason: 'ScaleDownStabilized',
  });
  expect(memory.stabilize({ ...bounds, current: 9, desired: 3 }, given(200_000)).replicas).toBe(3);
});

test.each<[string, HPAScalingRules, HPAScalingRules, number, number, number, string]>([
  ['the larger of two policies', rules(ofPods(4), percent(100)), open, 10, 50, 20, 'ScaleUpLimit'],
  [
    'the smaller of two policies',
    { ...rules(ofPods(4), percent(100)), selectPolicy: 'Min' },
    open,
    10,
    50,
    14,
    'ScaleUpLimit',
  ],
  ['no growth', { ...open, selectPolicy: 'Disabled' }, open, 10, 50, 10, 'ScaleUpLimit'],
  ['a rounded share', rules(percent(10)), open, 1, 50, 2, 'ScaleUpLimit'],
  ['the maximum', open, open, 60, 500, 100, 'TooManyReplicas'],
  ['shrinking by a share', open, rules(percent(10)), 50, 1, 45, 'ScaleDownLimit'],
  [
    'shrinking by the smaller change',
    open,
    { ...rules(ofPods(5), percent(50)), selectPolicy: 'Min' },
    50,
    1,
    45,
    'ScaleDownLimit',
  ],
  ['no shrinking', open, { ...open, selectPolicy: 'Disabled' }, 50, 1, 50, 'ScaleDownLimit'],
  ['the minimum', open, rules(percent(100)), 50, 0, 1, 'TooFewReplicas'],
])('%s', (_, up, down, current, desired, replicas, reason) => {
  const memory = new Recommendations();
  expect(memory.limit({ ...bounds, current, desired }, { up, down, nowMs: 0 })).toMatchObject({
    replicas,
    reason,
  });
});

test('what was added within the period counts against the rate', () => {
  const memory = new Recommendations();
  const up = rules(ofPods(4));
  memory.changed({ scaleUp: up, scaleDown: open }, { from: 10, to: 13, nowMs: 0 });
  const limit = (nowMs: number) =>
    memory.limit({ ...bounds, current: 13, desired: 50 }, { up, down: open, nowMs }).replicas;
  expect(limit(30_000)).toBe(14);
  expect(limit(60_001)).toBe(17);
});
