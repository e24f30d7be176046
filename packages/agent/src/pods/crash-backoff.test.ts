import { expect, test } from 'vitest';
import { CrashBackoff } from '#pods/crash-backoff.ts';

test('the first restart is at once, later ones wait twice as long each time, up to five minutes', () => {
  const backoff = new CrashBackoff();
  let nowMs = 0;
  const waits: number[] = [];
  for (let crash = 0; crash < 8; crash++) {
    const finishedAtMs = nowMs;
    const { leftMs } = backoff.check('a', { finishedAtMs, nowMs });
    waits.push(leftMs / 1000);
    nowMs += leftMs;
    if (leftMs > 0) expect(backoff.check('a', { finishedAtMs, nowMs }).leftMs).toBe(0);
  }
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
});

test('a container that ran for ten minutes begins anew', () => {
  const backoff = new CrashBackoff();
  backoff.check('a', { finishedAtMs: 0, nowMs: 0 });
  expect(backoff.check('a', { finishedAtMs: 1, nowMs: 1 }).leftMs).toBe(10_000);
  expect(backoff.check('a', { finishedAtMs: 600_001, nowMs: 600_001 }).leftMs).toBe(0);
});
