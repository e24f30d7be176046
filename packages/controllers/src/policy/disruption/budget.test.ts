import type { Pod, PodDisruptionBudget } from '@skerry/api';
import { expect, test } from 'vitest';
import { budgetCounts } from '#policy/disruption/budget.ts';

const nowMs = Date.UTC(2026, 0, 1);
const at = (offsetMs: number) => new Date(nowMs + offsetMs).toISOString();

function pod(name: string, ready = true): Pod {
  return {
    metadata: { name },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

const three = [pod('a'), pod('b'), pod('c', false)];

test.each<[string, PodDisruptionBudget['spec'], number, object]>([
  ['minAvailable 1', { minAvailable: 1 }, 0, { desiredHealthy: 1, disruptionsAllowed: 1, expectedPods: 3 }],
  ['minAvailable 2', { minAvailable: 2 }, 0, { desiredHealthy: 2, disruptionsAllowed: 0 }],
  ['minAvailable 50%', { minAvailable: '50%' }, 3, { desiredHealthy: 2, disruptionsAllowed: 0 }],
  ['maxUnavailable 2 of 3', { maxUnavailable: 2 }, 3, { desiredHealthy: 1, disruptionsAllowed: 1 }],
  ['maxUnavailable 34%', { maxUnavailable: '34%' }, 3, { desiredHealthy: 1, disruptionsAllowed: 1 }],
  ['nothing expected', { maxUnavailable: 1 }, 0, { disruptionsAllowed: 0 }],
])('%s', (_, spec, scale, expected) => {
  expect(budgetCounts({ metadata: {}, spec }, { pods: three, scale, nowMs })).toMatchObject({
    currentHealthy: 2,
    ...expected,
  });
});

test('a granted eviction counts until its pod goes or two minutes are over', () => {
  const budget: PodDisruptionBudget = {
    metadata: {},
    spec: { minAvailable: 1 },
    status: {
      currentHealthy: 0,
      desiredHealthy: 0,
      disruptionsAllowed: 0,
      expectedPods: 0,
      disruptedPods: { a: at(-60_000), b: at(-121_000), gone: at(0) },
    },
  };
  const counts = budgetCounts(budget, { pods: three, scale: 0, nowMs });
  expect(counts).toMatchObject({ currentHealthy: 1, disruptionsAllowed: 0, recheckMs: 60_000 });
  expect(Object.keys(counts.disruptedPods)).toEqual(['a']);
});
