import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { WakeTimer } from '#pods/wake-timer.ts';

test('wakes at the earliest time, once, and not after it was stopped', async () => {
  const clock = new FakeClock();
  const wokenAtMs: number[] = [];
  const startedMs = clock.monotonic();
  const timer = new WakeTimer(clock, () => void wokenAtMs.push(clock.monotonic() - startedMs));
  timer.in(5_000);
  timer.in(2_000);
  timer.in(9_000);
  await clock.advance(20_000);
  expect(wokenAtMs).toEqual([2_000]);
  timer.in(1_000);
  await clock.advance(1_000);
  expect(wokenAtMs).toEqual([2_000, 21_000]);
  timer.in(1_000);
  timer.stop();
  timer.in(1_000);
  await clock.advance(5_000);
  expect(wokenAtMs).toEqual([2_000, 21_000]);
});
