import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { Pacer } from '#live/pacer.ts';

test('what comes together waits for its turn, and costs a third of the time at most', async () => {
  const clock = new FakeClock();
  const pacer = new Pacer(clock);
  expect([pacer.reserve(10), pacer.reserve(20), pacer.reserve(0), pacer.reserve(5)]).toEqual([0, 30, 90, 90]);
  await clock.advance(1_000);
  expect(pacer.reserve(10)).toBe(0);
});
