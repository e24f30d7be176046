import { FakeClock, eventually } from '@skerry/base/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CompactedError, FutureRevisionError, StoreConflictError, WatchOverflowError } from '#contract.ts';
import type { Entry, Store, StoreEvent } from '#contract.ts';

/** What a store under test is opened with; `watchWindow` is the number of events that a watch may be behind. */
export interface StoreFactoryOptions {
  readonly clock: FakeClock;
  readonly watchWindow: number;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array) => new TextDecoder().decode(value);

/** The promises of the contract, run by every implementation. */
export function describeStore(name: string, open: (options: StoreFactoryOptions) => Promise<Store>): void {
  describe(`${name} keeps the store contract:`, () => {
    let store: Store;
    let clock: FakeClock;
    beforeEach(async () => {
      clock = new FakeClock();
      store = await open({ clock, watchWindow: 16 });
    });
    afterEach(async () => {
      await store.close();
    });

    const put = async (key: string, value: string) => (await store.create(key, bytes(value))).revision;
    const set = async (key: string, value: string, expectedRevision: number) =>
      (await store.update(key, bytes(value), { expectedRevision })).revision;
    const keys = (entries: readonly Entry[]) => entries.map((entry) => entry.key);

    test('an empty store stands at revision 1', async () => {
      expect(store.revision).toBe(1);
      expect(await store.range('')).toEqual({ entries: [], revision: 1, more: false, count: 0 });
      expect(await store.get('/a')).toBeUndefined();
    });

    test('every successful write takes the next revision and a failed one takes none', async () => {
      expect(await put('/a', '1')).toBe(2);
      await expect(put('/a', '1')).rejects.toBeInstanceOf(StoreConflictError);
      await expect(set('/a', '2', 99)).rejects.toBeInstanceOf(StoreConflictError);
      await expect(store.delete('/b', { expectedRevision: 2 })).rejects.toBeInstanceOf(StoreConflictError);
      expect(await set('/a', '2', 2)).toBe(3);
      expect((await store.delete('/a', { expectedRevision: 3 })).revision).toBe(4);
      expect(store.revision).toBe(4);
    });

    test('an acknowledged write is what the next read sees', async () => {
      await put('/a', '1');
      await set('/a', '2', 2);
      const entry = await store.get('/a');
      expect(entry).toMatchObject({ key: '/a', createRevision: 2, modRevision: 3 });
      expect(text(entry?.value ?? bytes(''))).toBe('2');
      await store.delete('/a', { expectedRevision: 3 });
      expect(await store.get('/a')).toBeUndefined();
    });

    test('a value keeps its bytes, whatever they are', async () => {
      const value = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) % 256);
      await store.create('/bin', value);
      await store.create('/empty', new Uint8Array());
      expect([...((await store.get('/bin'))?.value ?? [])]).toEqual([...value]);
      expect((await store.get('/empty'))?.value).toHaveLength(0);
    });

    test('a value that is a part of a larger buffer is kept without its surroundings', async () => {
      const value = Buffer.from('--inside--').subarray(2, 8);
      await store.create('/a', value);
      expect(text((await store.get('/a'))?.value ?? bytes(''))).toBe('inside');
    });

    test('a conflict says what is there', async () => {
      await put('/a', 'there');
      const error = await set('/a', 'x', 7).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StoreConflictError);
      const { current } = error as StoreConflictError;
      expect(current).toMatchObject({ key: '/a', modRevision: 2, createRevision: 2 });
      expect(text(current?.value ?? bytes(''))).toBe('there');
      const missing = await set('/b', 'x', 7).catch((thrown: unknown) => thrown);
      expect((missing as StoreConflictError).current).toBeUndefined();
    });

    test('of many writers that expect the same revision one wins', async () => {
      await put('/a', '0');
      const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => set('/a', `${i}`, 2)));
      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
      expect(store.revision).toBe(3);
    });

    test('a key made again after its deletion has a new create revision', async () => {
      await put('/a', '1');
      await store.delete('/a', { expectedRevision: 2 });
      await put('/a', '2');
      expect(await store.get('/a')).toMatchObject({ createRevision: 4, modRevision: 4 });
    });

    test('a range is the keys of the prefix in order, and no neighbours', async () => {
      for (const key of ['/b/1', '/a/2', '/a/10', '/a', '/a-b/1', '/a0', '/a/1']) await put(key, key);
      const { entries, count } = await store.range('/a/');
      expect(keys(entries)).toEqual(['/a/1', '/a/10', '/a/2']);
      expect(count).toBe(3);
      expect(keys((await store.range('')).entries)).toHaveLength(7);
    });

    test('a range continues from a start key and says whether more remains', async () => {
      for (let i = 0; i < 10; i++) await put(`/a/${i}`, `${i}`);
      const page = await store.range('/a/', { startKey: '/a/3', limit: 4 });
      expect(keys(page.entries)).toEqual(['/a/3', '/a/4', '/a/5', '/a/6']);
      expect(page).toMatchObject({ more: true, count: 7, revision: 11 });
      const rest = await store.range('/a/', { startKey: '/a/7', limit: 4 });
      expect(rest).toMatchObject({ more: false, count: 3 });
    });

    test('a range of keys only carries empty values', async () => {
      await put('/a', 'value');
      const { entries } = await store.range('/', { keysOnly: true });
      expect(entries[0]).toMatchObject({ key: '/a', createRevision: 2, modRevision: 2 });
      expect(entries[0]?.value).toHaveLength(0);
    });

    test('a read at a revision sees exactly the state after it', async () => {
      const states: string[][] = [[]];
      const check = async () => {
        states.push((await store.range('/')).entries.map(({ key, value }) => `${key}=${text(value)}`));
      };
      await put('/a', '1').then(check); // 2
      await put('/b', '1').then(check); // 3
      await set('/a', '2', 2).then(check); // 4
      await store.delete('/b', { expectedRevision: 3 }).then(check); // 5
      await put('/b', '3').then(check); // 6
      await store.delete('/a', { expectedRevision: 4 }).then(check); // 7
      for (const [i, state] of states.entries()) {
        const revision = i + 1;
        const range = await store.range('/', { revision });
        expect(
          range.entries.map(({ key, value }) => `${key}=${text(value)}`),
          `at ${revision}`,
        ).toEqual(state);
        expect(range).toMatchObject({ revision, count: state.length, more: false });
        for (const key of ['/a', '/b']) {
          const entry = await store.get(key, { revision });
          expect(entry && `${entry.key}=${text(entry.value)}`).toBe(state.find((s) => s.startsWith(key)));
        }
      }
      expect(await store.get('/b', { revision: 6 })).toMatchObject({ createRevision: 6, modRevision: 6 });
      expect(await store.get('/a', { revision: 5 })).toMatchObject({ createRevision: 2, modRevision: 4 });
    });

    test('pages at a revision are parts of the state then, whatever came and went since', async () => {
      for (const name of ['b', 'd', 'f', 'h']) await put(`/${name}`, '1');
      const { entries: whole, revision } = await store.range('/');
      for (const name of ['a', 'c', 'e', 'g', 'i']) await put(`/${name}`, '2');
      await store.delete('/d', { expectedRevision: revision - 2 });
      await store.delete('/h', { expectedRevision: revision });
      await set('/f', '2', revision - 1);
      for (const limit of [1, 2, 3, 4, 5]) {
        const paged: Entry[] = [];
        let startKey = '/';
        for (let more = true; more; startKey = `${paged.at(-1)?.key}\0`) {
          const page = await store.range('/', { revision, limit, startKey });
          expect(page.count).toBe(whole.length - paged.length);
          paged.push(...page.entries);
          more = page.more;
        }
        expect(paged).toEqual(whole);
      }
    });

    test('a read of the future fails', async () => {
      await expect(store.range('/', { revision: 2 })).rejects.toBeInstanceOf(FutureRevisionError);
      await expect(store.get('/a', { revision: 2 })).rejects.toBeInstanceOf(FutureRevisionError);
    });

    test('compaction forgets what is older and keeps the state at its revision', async () => {
      await put('/a', '1'); // 2
      await put('/b', '1'); // 3
      await set('/a', '2', 2); // 4
      await store.delete('/b', { expectedRevision: 3 }); // 5
      await set('/a', '3', 4); // 6
      await store.compact(4);
      expect(store.compactedRevision).toBe(4);
      await expect(store.range('/', { revision: 3 })).rejects.toBeInstanceOf(CompactedError);
      await expect(store.get('/a', { revision: 2 })).rejects.toBeInstanceOf(CompactedError);
      const at4 = await store.range('/', { revision: 4 });
      expect(at4.entries.map(({ key, value }) => `${key}=${text(value)}`)).toEqual(['/a=2', '/b=1']);
      await store.compact(6);
      expect((await store.range('/')).entries.map(({ key, value }) => `${key}=${text(value)}`)).toEqual([
        '/a=3',
      ]);
      expect(store.revision).toBe(6);
      expect(await put('/c', '1')).toBe(7);
    });

    test('a store that is scrubbed has its state, its revision, and no history', async () => {
      await put('/a', '1'); // 2
      await set('/a', '2', 2); // 3
      await put('/b', '1'); // 4
      await store.delete('/b', { expectedRevision: 4 }); // 5
      await store.scrub();
      expect(store.compactedRevision).toBe(5);
      const { entries, revision } = await store.range('/');
      expect(entries.map(({ key, value }) => `${key}=${text(value)}`)).toEqual(['/a=2']);
      expect(revision).toBe(5);
      await expect(store.get('/a', { revision: 2 })).rejects.toBeInstanceOf(CompactedError);
      expect(await put('/b', '2')).toBe(6);
    });

    test('compaction to where it already is does nothing, and into the future fails', async () => {
      await put('/a', '1');
      await store.compact(2);
      await store.compact(1);
      expect(store.compactedRevision).toBe(2);
      await expect(store.compact(9)).rejects.toBeInstanceOf(FutureRevisionError);
    });

    describe('watch:', () => {
      let stop: AbortController;
      beforeEach(() => {
        stop = new AbortController();
      });
      afterEach(() => stop.abort());

      /** Collects the events of a watch; `ended` is its error or undefined. */
      function follow(prefix: string, afterRevision: number) {
        const seen: StoreEvent[] = [];
        const batches: number[] = [];
        const ended = (async () => {
          try {
            for await (const batch of store.watch({ prefix, afterRevision, signal: stop.signal })) {
              batches.push(batch.length);
              seen.push(...batch);
            }
            return undefined;
          } catch (error) {
            return error;
          }
        })();
        return { seen, batches, ended };
      }
      const summary = (events: readonly StoreEvent[]) =>
        events.map(({ type, key, value, revision }) => `${revision} ${type} ${key}=${text(value)}`);

      test('delivers what happened after its revision, then what happens, once and in order', async () => {
        await put('/a', '1'); // 2
        await put('/b', '1'); // 3
        const { seen, batches } = follow('/', 2);
        await eventually(() => expect(seen).toHaveLength(1));
        await set('/a', '2', 2); // 4
        await store.delete('/b', { expectedRevision: 3 }); // 5
        await eventually(() => expect(seen).toHaveLength(3));
        expect(summary(seen)).toEqual(['3 put /b=1', '4 put /a=2', '5 delete /b=1']);
        expect(batches.every((length) => length > 0)).toBe(true);
      });

      test('carries the entry before each event', async () => {
        const { seen } = follow('/', 1);
        await put('/a', '1');
        await set('/a', '2', 2);
        await store.delete('/a', { expectedRevision: 3 });
        await put('/a', '4');
        await eventually(() => expect(seen).toHaveLength(4));
        const previous = seen.map((event) => event.previous && text(event.previous.value));
        expect(previous).toEqual([undefined, '1', '2', undefined]);
        expect(seen.map((event) => event.previous?.modRevision)).toEqual([undefined, 2, 3, undefined]);
        expect(seen.map((event) => event.createRevision)).toEqual([2, 2, 2, 5]);
      });

      test('sees its prefix only', async () => {
        const { seen } = follow('/a/', 1);
        await put('/b/1', 'x');
        await put('/a/1', 'x');
        await put('/ab', 'x');
        await put('/a/2', 'x');
        await eventually(() => expect(seen.map((event) => event.key)).toEqual(['/a/1', '/a/2']));
      });

      test('from a revision that is yet to come begins behind it', async () => {
        const { seen } = follow('/', 3);
        for (const key of ['/a', '/b', '/c']) await put(key, 'x');
        await eventually(() => expect(seen.map((event) => event.key)).toEqual(['/c']));
      });

      test('from further back than the window is gap-free while writes go on', async () => {
        for (let i = 0; i < 100; i++) await put(`/old/${i}`, `${i}`);
        const { seen } = follow('/', 1);
        for (let i = 0; i < 50; i++) await put(`/new/${i}`, `${i}`);
        await eventually(() => expect(seen).toHaveLength(150));
        expect(seen.map((event) => event.revision)).toEqual(Array.from({ length: 150 }, (_, i) => i + 2));
      });

      test('from a compacted revision ends with CompactedError', async () => {
        for (let i = 0; i < 5; i++) await put(`/${i}`, 'x');
        await store.compact(4);
        expect(await follow('/', 3).ended).toBeInstanceOf(CompactedError);
        const { seen } = follow('/', 4);
        await eventually(() => expect(seen.map((event) => event.revision)).toEqual([5, 6]));
      });

      test('of a reader that stands still ends with WatchOverflowError', async () => {
        const iterator = store.watch({ prefix: '/', afterRevision: 1, signal: stop.signal });
        const events = iterator[Symbol.asyncIterator]();
        const first = events.next();
        await put('/first', 'x');
        expect((await first).value).toHaveLength(1);
        for (let i = 0; i < 100; i++) await put(`/${i}`, 'x');
        await expect(events.next()).rejects.toBeInstanceOf(WatchOverflowError);
      });

      test('ends when its signal is aborted', async () => {
        const waiting = follow('/', 1);
        stop.abort();
        expect(await waiting.ended).toBeUndefined();
      });

      test('ends with store-closed when the store closes', async () => {
        const waiting = follow('/', 1);
        await put('/a', '1');
        await store.close();
        expect(await waiting.ended).toMatchObject({ code: 'store-closed' });
      });
    });

    describe('an entry with a time to live', () => {
      const lease = { ttlSeconds: 60 };

      test('is deleted under its own revision when the time is over', async () => {
        await store.create('/event', bytes('x'), lease);
        await store.create('/stays', bytes('x'));
        await clock.advance(59_000);
        expect(await store.get('/event')).toBeDefined();
        await clock.advance(3_000);
        await eventually(async () => expect(await store.get('/event')).toBeUndefined());
        expect(store.revision).toBe(4);
        expect(await store.get('/stays')).toBeDefined();
      });

      test('lives on when it is written again', async () => {
        await store.create('/event', bytes('x'), lease);
        await clock.advance(40_000);
        await store.update('/event', bytes('y'), { ...lease, expectedRevision: 2 });
        await clock.advance(40_000);
        expect(await store.get('/event')).toMatchObject({ modRevision: 3 });
        await store.update('/event', bytes('z'), { expectedRevision: 3 });
        await clock.advance(400_000);
        expect(await store.get('/event')).toMatchObject({ modRevision: 4 });
      });

      test('is seen going by a watch', async () => {
        await store.create('/event', bytes('x'), lease);
        const stop = new AbortController();
        const events = store.watch({ prefix: '/', afterRevision: 2, signal: stop.signal });
        const next = events[Symbol.asyncIterator]().next();
        await clock.advance(62_000);
        const { value } = await next;
        expect(value?.[0]).toMatchObject({ type: 'delete', key: '/event', revision: 3 });
        stop.abort();
      });
    });

    test('a closed store refuses everything', async () => {
      await store.close();
      const refused = { code: 'store-closed' };
      await expect(store.get('/a')).rejects.toMatchObject(refused);
      await expect(store.range('/a')).rejects.toMatchObject(refused);
      await expect(store.create('/a', bytes('x'))).rejects.toMatchObject(refused);
      await expect(store.compact(1)).rejects.toMatchObject(refused);
    });
  });
}
