import type { Deployment, ReplicaSet } from '@skerry/api';
import { expect, test } from 'vitest';
import { oldSetSizes } from '#apps/deployment/rollout.ts';

function set(name: string, replicas: number, availableReplicas: number): ReplicaSet {
  return {
    metadata: { name, creationTimestamp: name },
    spec: { replicas, selector: {} },
    status: { replicas: availableReplicas, availableReplicas },
  };
}

function deployment(replicas: number, maxUnavailable: number): Deployment {
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable } };
  return { metadata: { name: 'web' }, spec: { replicas, strategy, selector: {}, template: {} } };
}

test.each([
  // Told to keep five; its status still tells of the ten it had.
  ['pods that a set was told to give up are not counted as available', set('old', 5, 10), 3],
  ['as many go as are available beyond the least', set('old', 5, 5), 3],
  ['none goes where no more are available than must be', set('old', 5, 3), 3],
])('%s', (_, old, kept) => {
  const sizes = oldSetSizes(deployment(5, 2), { newSet: set('young', 3, 0), oldSets: [old] });
  expect(sizes.get('old') ?? 5).toBe(kept);
});
