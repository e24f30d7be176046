import { FakeClock, eventually, recordingLogger } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { startCompaction } from '#compaction.ts';
import { openMemoryStore } from '#memory/memory-store.ts';

const policy = { keepMs: 300_000, revisionsMax: 100 };
const value = new Uint8Array();

function setUp() {
  const clock = new FakeClock();
  const store = openMemoryStore({ clock });
  const log = recordingLogger();
  const compaction = startCompaction(store, { clock, log, policy });
  return { clock, store, log, compaction };
}

test('history goes when it is old, and not before', async () => {
  const { clock, store } = setUp();
  for (let i = 0; i < 10; i++) await store.create(`/${i}`, value);
  await clock.advance(60_000);
  await store.create('/later', value);
  await clock.advance(240_000);
  expect(store.compactedRevision).toBe(1);
  await clock.advance(60_000);
  expect(store.compactedRevision).toBe(11);
  await clock.advance(600_000);
  expect(store.compactedRevision).toBe(12);
});

test('more history than the bound goes, however young', async () => {
  const { clock, store } = setUp();
  for (let i = 0; i < 500; i++) await store.create(`/${i}`, value);
  await clock.advance(60_000);
  expect(store.compactedRevision).toBe(401);
});

test('a failure is logged and tried again', async () => {
  const { clock, store, log } = setUp();
  const compact = store.compact.bind(store);
  let fails = 1;
  store.compact = (revision) => (fails-- > 0 ? Promise.reject(new Error('full')) : compact(revision));
  for (let i = 0; i < 500; i++) await store.create(`/${i}`, value);
  await clock.advance(60_000);
  expect(log.lines).toMatchObject([
    { level: 'warn', message: 'compaction failed', fields: { error: 'full' } },
  ]);
  await clock.advance(60_000);
  await eventually(() => expect(store.compactedRevision).toBe(401));
});

test('it leaves no timer when it is stopped', async () => {
  const { clock, compaction } = setUp();
  await clock.advance(120_000);
  compaction.stop();
  expect(clock.pendingTimers).toBe(0);
});
