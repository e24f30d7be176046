import { FakeClock } from '@skerry/base/testing';
import { beforeEach, expect, test } from 'vitest';
import { Expectations } from '#runtime/expectations.ts';
import { WorkQueue } from '#runtime/work-queue.ts';

let clock: FakeClock;
let queue: WorkQueue;
beforeEach(() => {
  clock = new FakeClock();
  queue = new WorkQueue({ clock });
});

test('a key that waits is one key, however often it is added', async () => {
  queue.add('a');
  queue.add('b');
  queue.add('a');
  expect([await queue.take(), await queue.take(), queue.length]).toEqual(['a', 'b', 0]);
});

test('a key added while it is worked on comes again when that is done, and never twice at once', async () => {
  queue.add('a');
  const first = await queue.take();
  queue.add('a');
  queue.add('a');
  expect(queue.length).toBe(0);
  queue.done(first ?? '');
  expect(queue.length).toBe(1);
});

test('a taker that waits is woken by the next key', async () => {
  const taken = queue.take();
  queue.add('a');
  expect(await taken).toBe('a');
});

test('failures wait 5 ms, doubling to 1000 s, until forgotten', async () => {
  const waits: number[] = [];
  for (let failures = 0; failures < 20; failures++) {
    queue.addRateLimited('a');
    let waitedMs = 0;
    while (queue.length === 0) {
      const stepMs = failures < 8 ? 5 : 1_000;
      await clock.advance(stepMs);
      waitedMs += stepMs;
    }
    waits.push(waitedMs);
    queue.done((await queue.take()) ?? '');
  }
  expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
  expect(waits.at(-1)).toBe(1_000_000);
  queue.forget('a');
  queue.addRateLimited('a');
  await clock.advance(5);
  expect(queue.length).toBe(1);
});

test('of several delays of a key the shortest counts', async () => {
  queue.addAfter('a', 1_000);
  queue.addAfter('a', 100);
  queue.addAfter('a', 5_000);
  await clock.advance(100);
  expect(queue.length).toBe(1);
  expect(clock.pendingTimers).toBe(0);
});

test('a closed queue lets its takers go and takes nothing more', async () => {
  const taken = queue.take();
  queue.addAfter('a', 10);
  queue.close();
  queue.add('b');
  expect(await taken).toBeUndefined();
  expect(await queue.take()).toBeUndefined();
  expect(clock.pendingTimers).toBe(0);
});

test('expectations hold until what was done is seen, or five minutes are over', async () => {
  const expectations = new Expectations(clock);
  expect(expectations.satisfied('a')).toBe(true);
  expectations.expectCreations('a', 2);
  expectations.expectDeletions('a', ['u1']);
  expectations.creationObserved('a');
  expectations.creationObserved('a');
  expect(expectations.satisfied('a')).toBe(false);
  expectations.deletionObserved('a', 'u1');
  expectations.deletionObserved('a', 'u1');
  expect(expectations.satisfied('a')).toBe(true);
  expectations.expectCreations('a', 1);
  await clock.advance(5 * 60_000 + 1);
  expect(expectations.satisfied('a')).toBe(true);
});
