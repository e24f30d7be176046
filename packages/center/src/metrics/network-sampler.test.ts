import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import type { ApiClient } from '@skerry/client';
import { afterEach, expect, test } from 'vitest';
import type { RingTable } from '#metrics/ring-table.ts';
import { NetworkSampler } from '#metrics/network-sampler.ts';

const clock = new FakeClock();
let sampler: NetworkSampler;
let counted: Record<string, { rx: number; tx: number } | undefined>;
let asked: string[];

function start(): void {
  asked = [];
  const request = async (_: string, path: string) => {
    const node = /nodes\/([^/]+)\/proxy\/stats\/summary$/.exec(path)?.[1] ?? '';
    asked.push(node);
    const now = counted[node];
    if (!now) throw new Error('not reachable');
    return {
      node: { network: { rxBytes: now.rx, txBytes: now.tx } },
      pods: [
        {
          podRef: { namespace: 'shop', name: `pod-on-${node}` },
          network: { rxBytes: now.rx / 2, txBytes: now.tx / 2 },
        },
      ],
    };
  };
  sampler = new NetworkSampler({
    client: { request } as unknown as ApiClient,
    cluster: 'edge',
    clock,
    log: silentLogger,
  });
}
afterEach(() => sampler.close());

const last = (table: RingTable, thing: string) =>
  [0, 1].map((value) => table.read(thing, value, clock.now()).findLast((one) => one !== null) ?? null);

test('what came and went is told a second, of a node, its pods and the whole that is looked at', async () => {
  counted = { a: { rx: 1000, tx: 100 }, b: { rx: 5000, tx: 0 } };
  start();
  sampler.look('pool/x', ['a', 'b']);
  await clock.advance(1000);
  expect(last(sampler.hour, 'node/a')).toEqual([null, null]);
  counted = { a: { rx: 4000, tx: 400 }, b: { rx: 8000, tx: 600 } };
  await clock.advance(30_000);
  expect(last(sampler.hour, 'node/a')).toEqual([100, 10]);
  expect(last(sampler.hour, 'shop/pod-on-a')).toEqual([50, 5]);
  expect(last(sampler.hour, 'pool/x')).toEqual([200, 30]);
  expect(last(sampler.day, 'pool/x')).toEqual([200, 30]);
});

test('nodes that nobody looks at are not asked, and no more once nobody has for a while', async () => {
  counted = { a: { rx: 0, tx: 0 }, b: { rx: 0, tx: 0 } };
  start();
  await clock.advance(60_000);
  expect(asked).toEqual([]);
  sampler.look('node/a', ['a']);
  await clock.advance(60_000);
  expect(new Set(asked)).toEqual(new Set(['a']));
  await clock.advance(20 * 60_000);
  const before = asked.length;
  await clock.advance(5 * 60_000);
  expect(asked.length).toBe(before);
});

test('counters that begin anew, and nodes that do not answer, are gaps', async () => {
  counted = { a: { rx: 9000, tx: 9000 } };
  start();
  sampler.look('node/a', ['a']);
  await clock.advance(1000);
  counted = { a: { rx: 10, tx: 10 } };
  await clock.advance(30_000);
  expect(last(sampler.hour, 'node/a')).toEqual([null, null]);
  counted = {};
  await clock.advance(30_000);
  expect(last(sampler.hour, 'node/a')).toEqual([null, null]);
});
