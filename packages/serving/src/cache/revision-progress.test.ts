import { isApiError } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { RevisionProgress } from '#cache/revision-progress.ts';

test('who waits is woken by the revision, and by none before it', async () => {
  const clock = new FakeClock();
  const progress = new RevisionProgress(5);
  const seen: number[] = [];
  const waiting = [6, 7, 5].map(async (revision) => {
    await progress.waitFor(revision, { clock });
    seen.push(revision);
  });
  await clock.advance(0);
  expect(seen).toEqual([5]);
  progress.advance(6);
  await clock.advance(0);
  expect(seen).toEqual([5, 6]);
  progress.advance(9);
  await Promise.all(waiting);
  expect(clock.pendingTimers).toBe(0);
});

test('progress never goes back', () => {
  const progress = new RevisionProgress(5);
  progress.advance(3);
  expect(progress.revision).toBe(5);
});

test('a wait that is too long is 504 ResourceVersionTooLarge, and leaves nothing behind', async () => {
  const clock = new FakeClock();
  const waiting = new RevisionProgress(5)
    .waitFor(6, { clock, timeoutMs: 100 })
    .catch((error: unknown) => error);
  await clock.advance(100);
  expect(isApiError(await waiting, 'Timeout')).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('a wait ends with its request', async () => {
  const clock = new FakeClock();
  const gone = new AbortController();
  const waiting = new RevisionProgress(5).waitFor(6, { clock, signal: gone.signal });
  gone.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  expect(clock.pendingTimers).toBe(0);
});
