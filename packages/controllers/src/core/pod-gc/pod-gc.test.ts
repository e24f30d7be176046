import type { Node, Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPodGcController } from '#core/pod-gc/pod-gc.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  addNode('n1');
  await cluster.start(createPodGcController(cluster.context, { terminatedPodsMax: 1 }));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const addNode = (name: string, ready = true) =>
  cluster.client.seed<Node>(resources.nodes, {
    metadata: { name },
    spec: ready ? {} : { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });
const addPod = (name: string, nodeName: string | undefined, metadata = {}, status: Pod['status'] = {}) =>
  cluster.client.seed<Pod>(resources.pods, {
    metadata: { name, namespace: 'default', ...metadata },
    spec: { nodeName, containers: [] },
    status: { phase: 'Running', ...status },
  });
const names = () => cluster.client.all<Pod>(resources.pods).map(({ metadata }) => metadata.name);
const deleting = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 };

test('pods of a vanished node go after 40 s, marked as failed, unless the node comes back', async () => {
  addPod('lost', 'gone');
  addPod('back', 'n2');
  addPod('here', 'n1');
  await cluster.clock.advance(30_000);
  addNode('n2');
  expect(names()).toEqual(['back', 'here', 'lost']);
  await cluster.clock.advance(60_000);
  expect(names()).toEqual(['back', 'here']);
});

test('finished pods beyond the bound go, evicted ones first, then the oldest', async () => {
  const finished = (name: string, day: number, reason?: string) =>
    addPod(name, 'n1', { creationTimestamp: `2025-01-0${day}T00:00:00Z` }, { phase: 'Failed', reason });
  finished('old', 1);
  finished('new', 3);
  finished('evicted', 4, 'Evicted');
  await cluster.clock.advance(20_000);
  expect(names()).toEqual(['new']);
});

test('a pod being deleted goes when no node will ever finish it', async () => {
  addNode('broken', false);
  addPod('unbound', undefined, deleting);
  addPod('out-of-service', 'broken', deleting);
  addPod('stopping', 'n1', deleting);
  await cluster.clock.advance(20_000);
  expect(names()).toEqual(['stopping']);
});
