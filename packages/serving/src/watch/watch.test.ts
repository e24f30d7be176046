import { isApiError } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import { encodersFor } from '#encode/encoder-set.ts';
import type { Encoder } from '#contract.ts';
import { parseListOptions } from '#list/list-options.ts';
import { PodFeed, podKind } from '#testing/pod-feed.ts';
import { RecordingSink } from '#testing/recording-sink.ts';
import { watch } from '#watch/watch.ts';

async function open(
  feed: PodFeed,
  query = '',
  more: {
    namespace?: string;
    encoder?: Encoder;
    sink?: RecordingSink;
    queue?: { framesMax: number; bytesMax: number };
    bookmarkEveryMs?: number;
  } = {},
) {
  const { cache, clock } = feed;
  const { sink = new RecordingSink(), encoder = encodersFor(podKind, { clock }).json } = more;
  const gone = new AbortController();
  const stream = await watch({
    cache,
    clock,
    encoder,
    sink,
    scope: { namespace: more.namespace },
    options: parseListOptions(new URLSearchParams(`watch=true&${query}`)),
    random: () => 0.5,
    fresh: () => feed.revision,
    signal: gone.signal,
    queue: more.queue,
    bookmarkEveryMs: more.bookmarkEveryMs,
  });
  return { sink, stream, gone };
}

const watchList = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

describe('a watch', () => {
  test('from a revision sees everything after it, what came before it opened included', async () => {
    const feed = new PodFeed();
    feed.put('a/1');
    feed.put('a/2');
    const { sink } = await open(feed, 'resourceVersion=101');
    feed.put('a/1');
    feed.delete('a/2');
    expect(sink.summary).toEqual(['ADDED a/2@102', 'MODIFIED a/1@103', 'DELETED a/2@104']);
  });

  test.for(['', 'resourceVersion=0'])('with the query "%s" begins with what is there', async (query) => {
    const feed = new PodFeed();
    feed.put('a/1');
    feed.pass();
    const { sink } = await open(feed, query);
    feed.put('a/2');
    expect(sink.summary).toEqual(['ADDED a/1@101', 'ADDED a/2@103']);
  });

  test('without initial events begins now', async () => {
    const feed = new PodFeed();
    feed.put('a/1');
    const { sink } = await open(feed, 'sendInitialEvents=false&resourceVersionMatch=NotOlderThan');
    feed.put('a/1');
    expect(sink.summary).toEqual(['MODIFIED a/1@102']);
  });

  test('with initial events marks their end by a bookmark', async () => {
    const feed = new PodFeed();
    feed.put('a/1');
    feed.pass();
    const { sink } = await open(feed, watchList);
    expect(sink.summary).toEqual(['ADDED a/1@101', 'BOOKMARK @102']);
    expect(sink.events[1]?.object).toEqual({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { resourceVersion: '102', annotations: { 'k8s.io/initial-events-end': 'true' } },
    });
    feed.put('a/1');
    expect(sink.summary.at(-1)).toBe('MODIFIED a/1@103');
  });

  test('with initial events at a revision waits for it', async () => {
    const feed = new PodFeed();
    const opening = open(feed, `${watchList}&resourceVersion=101`);
    feed.put('a/1');
    expect((await opening).sink.summary).toEqual(['ADDED a/1@101', 'BOOKMARK @101']);
  });

  test('with initial events at a revision that does not come is 504', async () => {
    const feed = new PodFeed();
    const opening = open(feed, `${watchList}&resourceVersion=101`).catch((error: unknown) => error);
    await feed.clock.advance(3000);
    expect(isApiError(await opening, 'Timeout')).toBe(true);
  });

  test('from a future revision leaves out what comes before it', async () => {
    const feed = new PodFeed();
    const { sink } = await open(feed, 'resourceVersion=102');
    feed.put('a/1');
    feed.put('a/2');
    feed.put('a/3');
    expect(sink.summary).toEqual(['ADDED a/3@103']);
  });

  test('from before the history ends with the event 410 Expired', async () => {
    const feed = new PodFeed();
    const { sink, stream } = await open(feed, 'resourceVersion=99');
    await stream.done;
    expect(sink.events).toMatchObject([
      {
        type: 'ERROR',
        object: { code: 410, reason: 'Expired', message: 'too old resource version: 99 (100)' },
      },
    ]);
    expect(sink.ended).toBe(true);
  });

  test('sees objects enter and leave its selection', async () => {
    const feed = new PodFeed();
    feed.put('a/1', { labels: { app: 'web' } });
    const { sink } = await open(feed, 'resourceVersion=101&labelSelector=app%3Dweb');
    feed.put('a/1', { labels: { app: 'db' } });
    feed.put('a/1', { labels: { app: 'cache' } });
    feed.put('a/1', { labels: { app: 'web' } });
    feed.put('a/1', { labels: { app: 'web', more: 'x' } });
    feed.delete('a/1');
    expect(sink.summary).toEqual(['DELETED a/1@102', 'ADDED a/1@104', 'MODIFIED a/1@105', 'DELETED a/1@106']);
    // What left is told with its last state inside the selection.
    expect(sink.events[0]?.object.metadata?.labels).toEqual({ app: 'web' });
  });

  test('of a node sees the pods of that node come and go', async () => {
    const feed = new PodFeed();
    const n1 = await open(feed, 'resourceVersion=100&fieldSelector=spec.nodeName%3Dn1');
    const n2 = await open(feed, 'resourceVersion=100&fieldSelector=spec.nodeName%3Dn2');
    const unbound = await open(feed, 'resourceVersion=100&fieldSelector=spec.nodeName%3D');
    feed.put('a/1');
    feed.put('a/1', { node: 'n1' });
    feed.put('a/1', { node: 'n2' });
    feed.delete('a/1');
    expect(unbound.sink.summary).toEqual(['ADDED a/1@101', 'DELETED a/1@102']);
    expect(n1.sink.summary).toEqual(['ADDED a/1@102', 'DELETED a/1@103']);
    expect(n2.sink.summary).toEqual(['ADDED a/1@103', 'DELETED a/1@104']);
  });

  test('of a namespace or of one object sees nothing else', async () => {
    const feed = new PodFeed();
    const namespace = await open(feed, 'resourceVersion=100', { namespace: 'a' });
    const object = await open(feed, 'resourceVersion=100&fieldSelector=metadata.name%3D1', {
      namespace: 'a',
    });
    const named = await open(feed, 'resourceVersion=100&fieldSelector=metadata.name%3D1');
    for (const place of ['a/1', 'a/2', 'b/1']) feed.put(place);
    expect(namespace.sink.summary).toEqual(['ADDED a/1@101', 'ADDED a/2@102']);
    expect(object.sink.summary).toEqual(['ADDED a/1@101']);
    expect(named.sink.summary).toEqual(['ADDED a/1@101', 'ADDED b/1@103']);
  });

  test('shares the bytes of its frames with the others', async () => {
    const feed = new PodFeed();
    const { json: encoder } = encodersFor(podKind, feed);
    const first = await open(feed, 'resourceVersion=100', { encoder });
    const second = await open(feed, 'resourceVersion=100', { encoder, namespace: 'a' });
    feed.put('a/1');
    expect(first.sink.chunks[0]).toBe(second.sink.chunks[0]);
  });

  test('gets bookmarks when it asked for them, and when there is something to tell', async () => {
    const feed = new PodFeed();
    const asked = await open(feed, 'resourceVersion=100&allowWatchBookmarks=true');
    const other = await open(feed, 'resourceVersion=100');
    await feed.clock.advance(60_000);
    expect(asked.sink.summary).toEqual([]);
    feed.pass();
    await feed.clock.advance(60_000);
    expect(asked.sink.summary).toEqual(['BOOKMARK @101']);
    expect(asked.sink.events[0]?.object).toEqual({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { resourceVersion: '101' },
    });
    expect(other.sink.summary).toEqual([]);
    await feed.clock.advance(600_000);
    expect(asked.sink.summary).toHaveLength(1);
    feed.put('a/1');
    await feed.clock.advance(60_000);
    expect(asked.sink.summary).toEqual(['BOOKMARK @101', 'ADDED a/1@102']);
  });

  test('gets bookmarks no more often than its client wants them', async () => {
    const feed = new PodFeed();
    const query = 'resourceVersion=100&allowWatchBookmarks=true';
    const { sink } = await open(feed, query, { bookmarkEveryMs: 1_800_000 });
    for (let minute = 1; minute < 30; minute++) {
      feed.pass();
      await feed.clock.advance(60_000);
    }
    expect(sink.summary).toEqual([]);
    await feed.clock.advance(60_000);
    expect(sink.summary).toEqual(['BOOKMARK @129']);
  });

  test('ends after its timeout, with a last bookmark', async () => {
    const feed = new PodFeed();
    const { sink, stream } = await open(feed, 'resourceVersion=100&timeoutSeconds=10&allowWatchBookmarks=1');
    feed.pass();
    await feed.clock.advance(9_999);
    expect(sink.ended).toBe(false);
    await feed.clock.advance(1);
    await stream.done;
    expect(sink.summary).toEqual(['BOOKMARK @101']);
    expect(feed.cache.watcherCount).toBe(0);
  });

  test('that names no timeout ends between half an hour and an hour', async () => {
    const feed = new PodFeed();
    const { sink } = await open(feed, 'resourceVersion=100');
    await feed.clock.advance(2_699_999);
    expect(sink.ended).toBe(false);
    await feed.clock.advance(1);
    expect(sink.ended).toBe(true);
  });

  test('ends and is forgotten when its client goes', async () => {
    const feed = new PodFeed();
    const { gone, stream, sink } = await open(feed, 'resourceVersion=100');
    expect(feed.cache.watcherCount).toBe(1);
    gone.abort();
    await stream.done;
    expect(feed.cache.watcherCount).toBe(0);
    feed.put('a/1');
    expect(sink.chunks).toHaveLength(0);
  });

  test('ends with 410 when the cache is filled anew, and in order when the cache stops', async () => {
    const feed = new PodFeed();
    const reloaded = await open(feed, 'resourceVersion=100');
    feed.cache.load([], 200);
    await reloaded.stream.done;
    expect(reloaded.sink.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
    const stopped = await open(feed, 'resourceVersion=200');
    feed.cache.stop();
    await stopped.stream.done;
    expect(stopped.sink.events).toEqual([]);
  });
});

describe('a reader that is behind', () => {
  test('gets everything, in few writes, when it has caught up', async () => {
    const feed = new PodFeed();
    const { sink } = await open(feed, 'resourceVersion=100');
    sink.full = true;
    for (let i = 0; i < 5; i++) feed.put(`a/${i}`);
    expect(sink.chunks).toHaveLength(1);
    sink.drain();
    expect(sink.summary).toHaveLength(5);
    expect(sink.chunks).toHaveLength(2);
  });

  test('of the initial events does not have them all encoded for it, and misses nothing meanwhile', async () => {
    const feed = new PodFeed();
    const labels = { filler: 'x'.repeat(10_000) };
    for (let i = 0; i < 100; i++) feed.put(`a/${String(i).padStart(3, '0')}`, { labels });
    const sink = new RecordingSink();
    sink.full = true;
    await open(feed, watchList, { sink });
    expect(sink.chunks).toHaveLength(1);
    expect(sink.summary.length).toBeLessThan(60);
    feed.put('a/new');
    sink.drain();
    await eventually(() => expect(sink.summary).toHaveLength(102));
    expect(sink.summary.slice(-3)).toEqual(['ADDED a/099@200', 'BOOKMARK @200', 'ADDED a/new@201']);
  });

  test.for([
    { framesMax: 10, bytesMax: 1e9 },
    { framesMax: 1000, bytesMax: 2000 },
  ])('beyond %o is ended', async (queue) => {
    const feed = new PodFeed();
    const { sink, stream } = await open(feed, 'resourceVersion=100', { queue });
    sink.full = true;
    for (let i = 0; i < 20; i++) feed.put(`a/${i}`);
    await stream.done;
    expect(sink.ended).toBe(true);
    expect(feed.cache.watcherCount).toBe(0);
  });
});

test('frames of tables name the columns once', async () => {
  const feed = new PodFeed();
  feed.put('a/1');
  const { sink } = await open(feed, '', { encoder: encodersFor(podKind, feed).table('v1', 'Metadata') });
  feed.put('a/2');
  const tables = sink.events.map(({ object }) => object);
  expect(tables.map((table) => table.kind)).toEqual(['Table', 'Table']);
  expect(tables.map((table) => (table.columnDefinitions as unknown[] | null)?.length)).toEqual([
    2,
    undefined,
  ]);
  expect(tables[1]?.rows).toMatchObject([{ cells: ['2', '60s'], object: { metadata: { name: '2' } } }]);
});
