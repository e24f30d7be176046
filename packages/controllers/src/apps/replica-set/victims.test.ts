import type { Pod } from '@skerry/api';
import { expect, test } from 'vitest';
import { chooseVictims } from '#apps/replica-set/victims.ts';

const nowMs = Date.UTC(2026, 0, 2);
const hoursAgo = (hours: number) => new Date(nowMs - hours * 3_600_000).toISOString();

interface Given {
  node?: string;
  phase?: string;
  ready?: boolean;
  readyHours?: number;
  cost?: number;
  restarts?: number;
  ageHours?: number;
}

function pod(name: string, given: Given): Pod {
  const { node = name, phase = 'Running', ready = true, readyHours = 10, cost, restarts = 0 } = given;
  return {
    metadata: {
      name,
      creationTimestamp: hoursAgo(given.ageHours ?? 10),
      annotations: cost === undefined ? {} : { 'controller.kubernetes.io/pod-deletion-cost': `${cost}` },
    },
    spec: { nodeName: node || undefined, containers: [] },
    status: {
      phase,
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: hoursAgo(readyHours) },
      ],
      containerStatuses: [{ restartCount: restarts } as never],
    },
  };
}

test.each<[string, Given, Given]>([
  ['a pod without node', { node: '' }, {}],
  ['a pending pod', { phase: 'Pending' }, { phase: 'Unknown' }],
  ['a pod that is not ready', { ready: false, cost: 100 }, { ready: true }],
  ['a cheaper pod', { cost: -1 }, { cost: 0 }],
  ['the pod that was ready for a shorter time', { readyHours: 1 }, { readyHours: 9 }],
  ['the pod that restarted more often', { restarts: 3 }, { restarts: 0 }],
  ['the younger pod', { ageHours: 1 }, { ageHours: 9 }],
])('%s goes first', (_, first, second) => {
  const pods = [pod('stays', second), pod('goes', first)];
  const victims = chooseVictims(pods, 1, { siblings: pods, nowMs });
  expect(victims.map(({ metadata }) => metadata.name)).toEqual(['goes']);
});

test('a pod goes first from the node where most of its siblings are', () => {
  const pods = [pod('alone', { node: 'n1' }), pod('crowded', { node: 'n2' })];
  const siblings = [...pods, pod('other', { node: 'n2' })];
  const victims = chooseVictims(pods, 1, { siblings, nowMs });
  expect(victims.map(({ metadata }) => metadata.name)).toEqual(['crowded']);
});
