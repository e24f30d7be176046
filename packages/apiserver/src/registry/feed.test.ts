import type { GroupResource } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { RevisionProgress, WatchCache } from '@skerry/serving';
import { openMemoryStore, WatchOverflowError, type Store } from '@skerry/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StoreFeed } from '#registry/feed.ts';
import { encodeStored, StoredResource } from '#registry/stored-resource.ts';

let store: Store;
let stop: AbortController;
let heard: string[];

beforeEach(() => {
  store = openMemoryStore({ clock: systemClock });
  stop = new AbortController();
  heard = [];
});
afterEach(async () => {
  stop.abort();
  await store.close();
});

const things = { group: 'example.com', resource: 'things' };
const others = { group: '', resource: 'others' };

function setUp(source: Store = store) {
  const progress = new RevisionProgress();
  const feed = new StoreFeed({
    encryption: { prepare: () => undefined },
    store: source,
    progress,
    clock: systemClock,
    log: silentLogger,
    changes: {
      watches: () => true,
      notify: (_resource: GroupResource, type: string, { name }: { name: string }) => {
        heard.push(`${type} ${name}`);
      },
    },
  });
  const resource = (groupResource: GroupResource) =>
    new StoredResource({
      groupResource,
      namespaced: false,
      cache: new WatchCache({ resource: groupResource, namespaced: false, progress, clock: systemClock }),
    });
  return { feed, progress, resource };
}

const bytes = (name: string) => encodeStored({ apiVersion: 'v1', kind: 'Thing', metadata: { name } });
const names = (resource: StoredResource) => resource.cache.list({}).map(({ name }) => name);

test('caches hold what was there, then what comes, and their listeners hear of both', async () => {
  const { feed, resource } = setUp();
  const kept = resource(things);
  await store.create(kept.key('', 'a'), bytes('a'));
  feed.register(kept);
  void feed.run(await feed.start(), stop.signal);
  const { revision } = await store.create(kept.key('', 'b'), bytes('b'));
  await eventually(() => expect(names(kept)).toEqual(['a', 'b']));
  await store.delete(kept.key('', 'b'), { expectedRevision: revision });
  await eventually(() => expect(names(kept)).toEqual(['a']));
  expect(heard).toEqual(['put a', 'put b', 'delete b']);
});

test('a resource that is added while others write to it misses nothing', async () => {
  const { feed, resource } = setUp();
  const late = resource(others);
  void feed.run(await feed.start(), stop.signal);
  const writes = Array.from({ length: 50 }, (_, i) => store.create(late.key('', `n${i}`), bytes(`n${i}`)));
  await feed.add(late);
  await Promise.all(writes);
  await eventually(() => expect(late.cache.size).toBe(50));
});

test('a broken watch is taken up where it broke', async () => {
  let watches = 0;
  const breaking: Store = {
    get revision() {
      return store.revision;
    },
    get compactedRevision() {
      return store.compactedRevision;
    },
    get: (key, options) => store.get(key, options),
    range: (prefix, options) => store.range(prefix, options),
    create: (key, value, options) => store.create(key, value, options),
    update: (key, value, options) => store.update(key, value, options),
    delete: (key, options) => store.delete(key, options),
    compact: (revision) => store.compact(revision),
    scrub: () => store.scrub(),
    close: () => store.close(),
    watch: (options) => (++watches === 1 ? lost() : store.watch(options)),
  };
  // oxlint-disable-next-line require-yield -- it breaks before anything comes.
  async function* lost(): AsyncGenerator<never> {
    await store.create('/registry/example.com/things/missed', bytes('missed'));
    throw new WatchOverflowError('too slow');
  }
  const { feed, resource, progress } = setUp(breaking);
  const kept = resource(things);
  feed.register(kept);
  void feed.run(await feed.start(), stop.signal);
  await eventually(() => expect(names(kept)).toEqual(['missed']));
  await store.create(kept.key('', 'later'), bytes('later'));
  await eventually(() => {
    expect(names(kept)).toEqual(['later', 'missed']);
    expect(progress.revision).toBe(store.revision);
  });
});

test('after a restart, watches go on from before it, of resources that are added late too', async () => {
  const { resource } = setUp();
  const before = resource(things);
  await store.create(before.key('', 'a'), bytes('a'));
  const { revision } = await store.create(before.key('', 'b'), bytes('b'));
  await store.create(resource(others).key('', 'x'), bytes('x'));
  await store.delete(before.key('', 'a'), { expectedRevision: revision - 1 });

  const { feed, progress, resource: again } = setUp();
  const known = again(things);
  const late = again(others);
  feed.register(known);
  void feed.run(await feed.start(), stop.signal);
  await progress.waitFor(store.revision, { clock: systemClock });
  await feed.add(late);
  feed.settled();
  const missedBy = (kept: StoredResource) =>
    kept.cache
      .watch(kept.cache.select({}, {}), {
        afterRevision: revision,
        callbacks: { onEvents: () => {}, onBookmark: () => {}, onEnd: () => {} },
      })
      .missed.map(({ type, item }) => `${type} ${item.name}`);
  expect(missedBy(known)).toEqual(['DELETED a']);
  expect(missedBy(late)).toEqual(['ADDED x']);
  expect(names(known)).toEqual(['b']);
  await store.create(late.key('', 'y'), bytes('y'));
  await eventually(() => expect(names(late)).toEqual(['x', 'y']));
});

test('what the store has forgotten is read as it is', async () => {
  const { feed, progress, resource } = setUp();
  const kept = resource(things);
  const { revision } = await store.create(kept.key('', 'a'), bytes('a'));
  await store.delete(kept.key('', 'a'), { expectedRevision: revision });
  const last = await store.create(kept.key('', 'b'), bytes('b'));
  await store.compact(last.revision);
  feed.register(kept);
  void feed.run(await feed.start(), stop.signal);
  await progress.waitFor(store.revision, { clock: systemClock });
  expect(names(kept)).toEqual(['b']);
  expect(heard).toEqual(['put b']);
});
