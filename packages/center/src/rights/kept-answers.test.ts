import { TransportError } from '@skerry/client';
import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { KeptAnswers } from '#rights/kept-answers.ts';

const lost = new TransportError('api-unreachable', 'gone', { sent: false });

function asked(unreachableMs?: number) {
  const clock = new FakeClock();
  const kept = new KeptAnswers<number>({
    clock,
    keptMs: 60_000,
    entriesMax: 2,
    ...(unreachableMs === undefined ? {} : { unreachableMs }),
  });
  let answers = 0;
  let failure: Error | undefined;
  return {
    clock,
    fail: (error: Error | undefined) => (failure = error),
    get: (key = 'a', generation = 0) =>
      kept.get(key, generation, async () => {
        if (failure) throw failure;
        return ++answers;
      }),
  };
}

test('an answer is kept for its time, and void before when its ground changed', async () => {
  const { clock, get } = asked();
  expect(await Promise.all([get(), get()])).toEqual([1, 1]);
  await clock.advance(59_000);
  expect(await get()).toBe(1);
  expect(await get('a', 1)).toBe(2);
  await clock.advance(60_000);
  expect(await get('a', 1)).toBe(3);
});

test('a failure is not kept', async () => {
  const { get, fail } = asked();
  fail(new Error('no'));
  await expect(get()).rejects.toThrow('no');
  fail(undefined);
  expect(await get()).toBe(1);
});

test('the last answer stands while nobody can be reached, but not for good, and not against a refusal', async () => {
  const { clock, get, fail } = asked(600_000);
  expect(await get()).toBe(1);
  fail(lost);
  await clock.advance(300_000);
  expect(await get()).toBe(1);
  await clock.advance(299_000);
  expect(await get()).toBe(1);
  fail(new Error('refused'));
  await clock.advance(60_000);
  await expect(get()).rejects.toThrow('refused');
  fail(undefined);
  await get();
  fail(lost);
  await clock.advance(600_000);
  await expect(get()).rejects.toThrow('gone');
});

test('of too many the oldest goes', async () => {
  const { get } = asked();
  for (const key of ['a', 'b', 'c']) await get(key);
  expect(await get('c')).toBe(3);
  expect(await get('a')).toBe(4);
});
