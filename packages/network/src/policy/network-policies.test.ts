import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod, PoolPolicy } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { createNetworkPolicies, type NetworkPolicies } from '#policy/network-policies.ts';

let stateDirectory: string;
let clock: FakeClock;
let client: FakeApiClient;
let scripts: string[];
let kernelFails: boolean;
let stop: () => Promise<void>;

beforeEach(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'skerry-policies-'));
  clock = new FakeClock();
  client = new FakeApiClient({ clock });
  scripts = [];
  kernelFails = false;
  stop = async () => undefined;
});

afterEach(async () => {
  await stop();
  await rm(stateDirectory, { recursive: true });
});

function start({ isBridgeSeen = true } = {}): NetworkPolicies {
  const policies = createNetworkPolicies({
    client,
    pool: 'east',
    stateDirectory,
    clock,
    log: silentLogger,
    random: () => 0,
    showBridged: async () => isBridgeSeen,
    load: async (script) => {
      if (kernelFails) throw new Error('no');
      scripts.push(script);
    },
  });
  const end = new AbortController();
  const running = policies.run(end.signal);
  stop = async () => {
    end.abort();
    await clock.advance(0);
    await running;
  };
  return policies;
}

function policy(name: string, addresses: string[], pool = 'east'): void {
  client.seed<PoolPolicy>(resources.poolPolicies, {
    metadata: { name, namespace: 'shop', labels: { 'apps.openyurt.io/nodepool': pool } },
    spec: { policy: name, podSelector: {}, ingress: [{ peers: { addresses } }] },
  });
}

const pod = (name: string): Pod => ({
  metadata: { name, namespace: 'shop', uid: name, labels: { app: name } },
  spec: { containers: [{ name: 'c' }] },
});

const settled = (check: () => void) =>
  eventually(async () => {
    await clock.advance(100);
    check();
  });

/** While the clock moves, so that what waits for it goes on. */
async function during<T>(work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const watched = work.finally(() => done.abort());
  watched.catch(() => undefined);
  while (!done.signal.aborted) await clock.advance(20);
  return watched;
}

test('a pod is told that it may start when the kernel has its policies', async () => {
  policy('p', ['10.2.0.1']);
  policy('far', ['10.3.0.1'], 'west');
  const policies = start();
  await during(policies.set(pod('web'), ['10.1.0.5']));
  const all = scripts.join('');
  expect(all).toContain('add element ip skerry_policies arriving-pods { 10.1.0.5 : jump pod-arriving-');
  expect(all).toContain('10.2.0.1');
  expect(all).not.toContain('10.3.0.1');
});

test('a peer that comes is one element in one transaction', async () => {
  policy('p', ['10.2.0.1']);
  const policies = start();
  await during(policies.set(pod('web'), ['10.1.0.5']));
  const before = scripts.length;
  client.edit<PoolPolicy>(resources.poolPolicies, { namespace: 'shop', name: 'p' }, ({ spec }) => {
    spec.ingress = [{ peers: { addresses: ['10.2.0.1', '10.2.0.2'] } }];
  });
  await settled(() => expect(scripts.length).toBeGreaterThan(before));
  expect(scripts.slice(before)).toEqual([
    expect.stringMatching(/^add element ip skerry_policies policy-arriving-\S+ \{ 10\.2\.0\.2 \}\n$/),
  ]);
});

test('a pod that ends leaves nothing', async () => {
  policy('p', []);
  const policies = start();
  await during(policies.set(pod('web'), ['10.1.0.5']));
  await during(policies.set(pod('web'), []));
  expect(scripts.at(-1)).toContain('delete element ip skerry_policies arriving-pods { 10.1.0.5 }');
  expect(policies.podUids).toEqual([]);
});

test('a pod does not start while its policies are not in force, and does when they are', async () => {
  policy('p', []);
  const policies = start();
  await settled(() => expect(scripts).toHaveLength(1));
  kernelFails = true;
  await expect(during(policies.set(pod('web'), ['10.1.0.5']))).rejects.toThrow('no');
  kernelFails = false;
  await during(policies.set(pod('web'), ['10.1.0.5']));
  // What the kernel had was not known any more: the table is made anew, in one step.
  expect(scripts.at(-1)).toMatch(/^add table ip skerry_policies\ndelete table ip skerry_policies\n/);
  expect(scripts.at(-1)).toContain('10.1.0.5 : jump');
});

test('after a start the table holds the pods from before in its first transaction', async () => {
  policy('p', ['10.2.0.1']);
  const first = start();
  await during(first.set(pod('web'), ['10.1.0.5']));
  await stop();
  scripts = [];
  const policies = start();
  await settled(() => expect(scripts).toHaveLength(1));
  expect(scripts[0]).toContain('10.1.0.5 : jump');
  expect(policies.podUids).toEqual(['web']);
});

test('where bridged packets are not seen, pods with policies are closed to their bridge', async () => {
  policy('p', []);
  const policies = start({ isBridgeSeen: false });
  await settled(() => expect(scripts).toHaveLength(1));
  await during(policies.set(pod('web'), ['10.1.0.5']));
  expect(scripts.at(-1)).toContain('table bridge skerry_policies');
  expect(scripts.at(-1)).toContain('ip daddr { 10.1.0.5 } drop');
});
