import type { Node } from '@skerry/api';
import { resources } from '@skerry/client';
import { expect, test } from 'vitest';
import { createTtlController } from '#core/ttl/ttl.ts';
import { createHarness } from '#testing/harness.ts';

test('nodes of a bigger cluster may use what they have read for longer, and one more or less changes nothing', async () => {
  const cluster = createHarness();
  const add = (from: number, to: number) => {
    for (let index = from; index < to; index++)
      cluster.client.seed<Node>(resources.nodes, { metadata: { name: `n${index}` } });
  };
  const notes = async () => {
    await cluster.clock.advance(100);
    const all = cluster.client.all<Node>(resources.nodes);
    return [...new Set(all.map(({ metadata }) => metadata.annotations?.['node.alpha.kubernetes.io/ttl']))];
  };
  add(0, 100);
  await cluster.start(createTtlController(cluster.context));
  expect(await notes()).toEqual(['0']);
  add(100, 101);
  expect(await notes()).toEqual(['15']);
  for (let index = 91; index < 101; index++) cluster.client.remove(resources.nodes, { name: `n${index}` });
  expect(await notes()).toEqual(['15']);
  for (let index = 89; index < 91; index++) cluster.client.remove(resources.nodes, { name: `n${index}` });
  expect(await notes()).toEqual(['0']);
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});
