import type { DaemonSet, Node } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DaemonPods } from '#daemon/daemon-pods.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import { indexByController } from '#runtime/ownership.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
let pods: DaemonPods;

beforeEach(async () => {
  cluster = createHarness();
  const { context } = cluster;
  const nodes = context.informers.informer<Node>(resources.nodes);
  pods = new DaemonPods({
    context,
    ref: resources.daemonSets,
    nodes,
    pods: indexByController(context.informers.informer(resources.pods)),
  });
  for (const name of ['n2', 'n10', 'n1']) cluster.client.seed<Node>(resources.nodes, { metadata: { name } });
  const queue = createQueue(context);
  await cluster.start(
    createController({ name: 'none', context, waitFor: [nodes], queue, reconcile: async () => undefined }),
  );
});

afterEach(() => cluster.stop());

const set = (nodeSelector?: Record<string, string>): DaemonSet => ({
  metadata: { name: 'agent', namespace: 'default', uid: 'u' },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [], nodeSelector } },
  },
});
const seen = async (of: DaemonSet) =>
  (await pods.look(of)).map(({ name, shouldRun }) => (shouldRun ? name : `not ${name}`));

test('nodes are looked at by name, and anew when they or the template change', async () => {
  expect(await seen(set())).toEqual(['n1', 'n10', 'n2']);
  expect(await seen(set({ disk: 'fast' }))).toEqual(['not n1', 'not n10', 'not n2']);
  cluster.client.edit<Node>(resources.nodes, { name: 'n10' }, (node) => {
    node.metadata.labels = { disk: 'fast' };
  });
  cluster.client.seed<Node>(resources.nodes, { metadata: { name: 'n0', labels: { disk: 'fast' } } });
  cluster.client.remove(resources.nodes, { name: 'n1' });
  await cluster.clock.advance(100);
  expect(await seen(set({ disk: 'fast' }))).toEqual(['n0', 'n10', 'not n2']);
  expect(await seen(set())).toEqual(['n0', 'n10', 'n2']);
});
