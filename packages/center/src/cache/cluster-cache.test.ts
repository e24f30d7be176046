import { ApiError, type Pod } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { resources, TransportError, type ApiClient, type Transport } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClusterCache } from '#cache/cluster-cache.ts';
import { jsonLines } from '#cache/json-lines.ts';
import { ObservedSource, type ListWatch } from '#cache/observed-source.ts';
import { syntheticNode, syntheticPod } from '#testing/synthetic-objects.ts';

let clock: FakeClock;
let client: FakeApiClient;
let cache: ClusterCache;
/** How the cluster answers a question for its version. */
let version: () => Promise<unknown>;

beforeEach(() => {
  clock = new FakeClock();
  client = new FakeApiClient({ clock });
  version = async () => ({});
  const api = Object.assign(Object.create(client) as ApiClient, {
    resource: client.resource.bind(client),
    request: async () => version(),
  });
  cache = new ClusterCache({
    cluster: 'c',
    client: api,
    transport: {} as Transport,
    clock,
    log: silentLogger,
    random: () => 0,
  });
});
afterEach(() => cache.close());

describe('a copy', () => {
  test('is made when it is first asked for, and kept true', async () => {
    client.seed(resources.nodes, syntheticNode(0));
    const { nodes } = cache;
    expect(cache.freshness([nodes])).toEqual({ state: 'connecting' });
    await clock.advance(100);
    expect([nodes.synced, nodes.size, cache.freshness([nodes]).state]).toEqual([true, 1, 'live']);
    client.seed(resources.nodes, syntheticNode(1));
    await clock.advance(0);
    expect(nodes.size).toBe(2);
    expect(cache.nodes).toBe(nodes);
  });

  test('goes an hour after it was last asked for, but not while somebody listens', async () => {
    const { nodes, pods } = cache;
    const unlisten = pods.onChange(() => undefined);
    await clock.advance(9 * 60_000);
    expect(cache.nodes).toBe(nodes);
    await clock.advance(62 * 60_000);
    expect([cache.held('nodes'), cache.held('pods')]).toEqual([undefined, pods]);
    unlisten();
    await clock.advance(62 * 60_000);
    expect([cache.held('pods'), cache.idle]).toEqual([undefined, true]);
  });

  test('knows what pods take of nodes, through every change', async () => {
    client.seed(resources.pods, syntheticPod(1, { nodes: 1 }));
    client.seed(resources.pods, syntheticPod(2, { nodes: 1 }));
    const { pods, loads } = cache;
    await clock.advance(100);
    expect([loads.of('node-00000').pods, loads.of('node-00000').requested.get('cpu')]).toEqual([2, 500]);
    const [first, second] = pods.items();
    const at = ({ metadata: { namespace, name } }: typeof first & object) => ({
      namespace: namespace!,
      name,
    });
    client.edit<Pod>(resources.pods, at(first!), (pod) => (pod.status!.phase = 'Succeeded'));
    await clock.advance(0);
    expect(loads.of('node-00000').requested.get('cpu')).toBe(250);
    client.remove(resources.pods, at(second!));
    await clock.advance(0);
    expect([loads.of('node-00000').pods, pods.onNode('node-00000').length]).toEqual([0, 1]);
  });

  test('is stale within five seconds of its cluster falling silent, and live again once it answers', async () => {
    const { nodes } = cache;
    await clock.advance(100);
    version = () => new Promise(() => undefined);
    await clock.advance(4_500);
    expect(cache.freshness([nodes])).toMatchObject({
      state: 'stale',
      why: expect.stringContaining('no answer') as string,
    });
    version = async () => ({});
    await clock.advance(4_500);
    expect(cache.freshness([nodes])).toEqual({ state: 'live' });
  });

  test('does not call a cluster silent that refuses to say its version', async () => {
    const { nodes } = cache;
    version = async () => {
      throw new ApiError('Forbidden', 'no');
    };
    await clock.advance(10_000);
    expect(cache.freshness([nodes])).toEqual({ state: 'live' });
  });

  test('costs its cluster no questions once nobody looks', async () => {
    let asked = 0;
    version = async () => asked++;
    void cache.nodes;
    await clock.advance(60_000);
    const before = asked;
    expect(before).toBeGreaterThan(5);
    await clock.advance(120_000);
    expect(asked).toBe(before);
  });
});

test('a source says since when it fails, from its last regular end on', async () => {
  const fails = { now: false };
  const source: ListWatch = {
    list: async () => ({ metadata: {}, items: [] }),
    async *watch() {
      if (fails.now) throw new TransportError('api-refused', 'connection refused', { sent: false });
      yield { type: 'BOOKMARK', object: {} };
    },
  };
  const observed = new ObservedSource(source, { clock, onChange: () => undefined });
  const watch = async () => {
    for await (const _ of observed.watch({ signal: new AbortController().signal })) void _;
  };
  await watch();
  const endedMs = clock.now();
  expect(observed.trouble).toBeUndefined();
  await clock.advance(10_000);
  fails.now = true;
  await expect(watch()).rejects.toThrow('refused');
  expect(observed.trouble).toMatchObject({ sinceMs: endedMs, why: 'connection refused' });
  fails.now = false;
  await watch();
  expect(observed.trouble).toBeUndefined();
});

test('values come one a line, however they are cut', async () => {
  async function* chunks() {
    for (const text of ['{"a":', '1}\n{"a"', ':2}\n\n{"a":3}\n{"cut']) yield Buffer.from(text);
  }
  const values: unknown[] = [];
  for await (const value of jsonLines(chunks())) values.push(value);
  expect(values).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
});
