import { array, assert, constantFrom, nat, property, record } from 'fast-check';
import { parseFieldSelector, parseLabelSelector } from '@skerry/api';
import { expect, test } from 'vitest';
import type { SelectedEvent } from '#cache/watch-cache.ts';
import { PodFeed } from '#testing/pod-feed.ts';

const places = (items: readonly { key: string; revision: number }[]) =>
  items.map(({ key, revision }) => `${key}@${revision}`);

test('any state within the history can be read again, whole or by a field', () => {
  const operation = record({
    place: constantFrom('a/1', 'a/2', 'b/1', 'b/2', 'a-b/1'),
    type: constantFrom('put', 'put', 'delete'),
    node: constantFrom('n1', 'n2'),
  });
  assert(
    property(array(operation, { maxLength: 40 }), (operations) => {
      const feed = new PodFeed();
      const nodes = { fieldSelector: parseFieldSelector('spec.nodeName=n1') };
      const at = (revision?: number) => [
        places(feed.cache.page(feed.cache.select({}, {}), { revision }).items),
        places(feed.cache.page(feed.cache.select({ namespace: 'a' }, {}), { revision }).items),
        places(feed.cache.page(feed.cache.select({}, nodes), { revision }).items),
      ];
      const states = new Map([[feed.revision, at()]]);
      for (const { place, type, node } of operations) {
        const revision = type === 'put' ? feed.put(place, { node }) : feed.delete(place);
        states.set(revision, at());
      }
      for (const [revision, state] of states) expect(at(revision)).toEqual(state);
    }),
  );
});

test('events that a load has already seen are passed over', () => {
  const feed = new PodFeed();
  feed.cache.load([feed.entry('a/1', { node: 'new' }, 110)], 110);
  feed.cache.apply([
    { type: 'put', ...feed.entry('a/1', { node: 'old' }, 105) },
    { type: 'put', ...feed.entry('a/2', {}, 111) },
  ]);
  expect(places(feed.cache.list({}))).toEqual(['a/1@110', 'a/2@111']);
});

test('an object whose text begins otherwise is serialized instead of cut', () => {
  const feed = new PodFeed();
  const value = Buffer.from('{"spec":{"metadata":{}},"metadata":{"name":"1"},"kind":"Pod"}');
  feed.cache.apply([{ type: 'put', namespace: 'a', name: '1', value, revision: 101 }]);
  const json = Buffer.from(feed.cache.get('a', '1')?.json ?? []).toString();
  expect(JSON.parse(json)).toEqual({
    spec: { metadata: {} },
    metadata: { name: '1', resourceVersion: '101' },
    kind: 'Pod',
  });
});

test('an object that carries a resourceVersion gets no second one', () => {
  const feed = new PodFeed();
  const value = Buffer.from('{"kind":"Pod","metadata":{"name":"1","resourceVersion":"7"}}');
  feed.cache.apply([{ type: 'put', namespace: 'a', name: '1', value, revision: 101 }]);
  const json = Buffer.from(feed.cache.get('a', '1')?.json ?? []).toString();
  expect(json.match(/resourceVersion/g)).toHaveLength(1);
  expect(json).toContain('"101"');
});

test('an object with empty metadata is cut in the right place', () => {
  const feed = new PodFeed();
  const value = Buffer.from('{"kind":"Pod","metadata":{}}');
  feed.cache.apply([{ type: 'put', namespace: 'a', name: '1', value, revision: 101 }]);
  expect(Buffer.from(feed.cache.get('a', '1')?.json ?? []).toString()).toBe(
    '{"kind":"Pod","metadata":{"resourceVersion":"101"}}',
  );
});

test('the history is bounded, and gives up what is old first', async () => {
  const feed = new PodFeed({ historyMax: 100 });
  for (let i = 0; i < 1000; i++) feed.put('a/1');
  const selection = feed.cache.select({}, {});
  expect(() => feed.cache.page(selection, { revision: 950 })).toThrow('too old resource version');
  expect(places(feed.cache.page(selection, { revision: 1050 }).items)).toEqual(['a/1@1050']);
  await feed.clock.advance(301_000);
  feed.put('a/1');
  expect(places(feed.cache.page(selection, { revision: 1090 }).items)).toEqual(['a/1@1090']);
});

test('a busy resource keeps five minutes of history, not all that there is room for', async () => {
  const feed = new PodFeed({ historyMax: 100_000 });
  for (let i = 0; i < 2000; i++) feed.put('a/1');
  await feed.clock.advance(301_000);
  for (let i = 0; i < 10; i++) feed.put('a/1');
  const selection = feed.cache.select({}, {});
  expect(() => feed.cache.page(selection, { revision: 1500 })).toThrow('too old resource version');
  expect(places(feed.cache.page(selection, { revision: 2100 }).items)).toEqual(['a/1@2100']);
});

test('a list and the watch that follows it give the state of any later time, under any selector', () => {
  const operation = record({
    place: constantFrom('a/1', 'a/2', 'b/1'),
    type: constantFrom('put', 'put', 'put', 'delete'),
    node: constantFrom('n1', 'n2', undefined),
    app: constantFrom('web', 'db'),
  });
  const selectors = [
    {},
    { labelSelector: parseLabelSelector('app=web') },
    { fieldSelector: parseFieldSelector('spec.nodeName=n1') },
    { fieldSelector: parseFieldSelector('spec.nodeName!=n1'), labelSelector: parseLabelSelector('app=web') },
    { fieldSelector: parseFieldSelector('metadata.name=1') },
  ];
  const scopes = [{}, { namespace: 'a' }, { namespace: 'a', name: '1' }];
  const operations = array(operation, { maxLength: 30 });
  assert(
    property(
      operations,
      constantFrom(...selectors),
      constantFrom(...scopes),
      nat(30),
      (all, by, scope, opened) => {
        const feed = new PodFeed();
        const selection = feed.cache.select(scope, by);
        const followers: { from: number; state: Map<string, number> }[] = [];
        const follow = (from: number, state: Map<string, number>) => {
          const see = ({ type, item }: SelectedEvent) => {
            // What is not there can't be deleted or changed, what is there can't be added.
            expect(state.has(item.key)).toBe(type !== 'ADDED');
            if (type === 'DELETED') state.delete(item.key);
            else state.set(item.key, item.revision);
          };
          const callbacks = {
            onEvents: (events: readonly SelectedEvent[]) => events.forEach(see),
            onBookmark: () => undefined,
            onEnd: () => undefined,
          };
          feed.cache.watch(selection, { afterRevision: from, callbacks }).missed.forEach(see);
          followers.push({ from, state });
        };
        const now = (revision?: number) =>
          new Map(feed.cache.page(selection, { revision }).items.map((item) => [item.key, item.revision]));
        for (const [index, { place, type, node, app }] of all.entries()) {
          // One that is there from the beginning of its watch, and one that comes late.
          if (index === opened % all.length) {
            follow(feed.revision, now());
            follow(100 + Math.floor(index / 2), now(100 + Math.floor(index / 2)));
          }
          if (type === 'put') feed.put(place, { node, labels: { app } });
          else feed.delete(place);
        }
        for (const { state } of followers) expect(state).toEqual(now());
      },
    ),
  );
});

test('a cache that was loaded ahead of its feed names the revision that it is at', () => {
  const feed = new PodFeed();
  feed.cache.load([feed.entry('a/1', {}, 107)], 110);
  expect(feed.cache.revision).toBe(110);
  feed.progress.advance(120);
  expect(feed.cache.revision).toBe(120);
});
