import type { Node } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CidrRange } from '#core/node-ipam/cidr-range.ts';
import { createNodeIpamController } from '#core/node-ipam/node-ipam.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(() => {
  cluster = createHarness();
});
afterEach(() => cluster.stop());

const addNode = (name: string, podCIDR?: string) =>
  cluster.client.seed<Node>(resources.nodes, { metadata: { name }, spec: podCIDR ? { podCIDR } : {} });
const ranges = () =>
  cluster.client.all<Node>(resources.nodes).map(({ metadata, spec }) => [metadata.name, spec?.podCIDR]);
const start = (clusterCidr: string) => {
  const controller = createNodeIpamController(cluster.context, { clusterCidr });
  return cluster.start(...(controller ? [controller] : []));
};

test('each node gets its own range, and ranges that are there already are left alone', async () => {
  addNode('a', '10.1.0.0/24');
  addNode('b');
  addNode('c');
  await start('10.1.0.0/22');
  expect(ranges()).toEqual([
    ['a', '10.1.0.0/24'],
    ['b', '10.1.1.0/24'],
    ['c', '10.1.2.0/24'],
  ]);
});

test('a node that finds no range says so and gets one when another node goes', async () => {
  addNode('a');
  await start('10.1.0.0/24');
  addNode('b');
  await cluster.clock.advance(100);
  expect(cluster.events.lines).toContain('Normal CIDRNotAvailable: Node b status is now: CIDRNotAvailable');
  cluster.client.remove(resources.nodes, { name: 'a' });
  await cluster.clock.advance(100);
  expect(ranges()).toEqual([['b', '10.1.0.0/24']]);
});

test('a cluster of two families gives each node a range of both', async () => {
  addNode('a');
  addNode('b');
  await start('10.1.0.0/22,fd00:10::/56');
  expect(cluster.client.all<Node>(resources.nodes).map(({ spec }) => spec)).toEqual([
    { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24', 'fd00:10::/64'] },
    { podCIDR: '10.1.1.0/24', podCIDRs: ['10.1.1.0/24', 'fd00:10:0:1::/64'] },
  ]);
});

test('a node for which one family is full gets a range of none', async () => {
  addNode('a');
  addNode('b');
  await start('10.1.0.0/22,fd00:10::/64');
  expect(ranges()).toEqual([
    ['a', '10.1.0.0/24'],
    ['b', undefined],
  ]);
});

test.each(['fd00::/8', 'fd00::/65'])('the range %j is refused with a way out', (cidr) => {
  expect(() => new CidrRange(cidr)).toThrow(/such as fd00:10:244::\/56/);
});

test.each(['', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/25', '300.0.0.0/16'])(
  'the range %j is refused with a way out',
  (cidr) => {
    expect(() => new CidrRange(cidr)).toThrow(/such as 10\.244\.0\.0\/16/);
  },
);
