import { expect, test } from 'vitest';
import { Waiters } from './waiters.ts';

test('all who wait are woken, and who comes later is not', async () => {
  const waiters = new Waiters();
  let late = false;
  const both = Promise.all([waiters.wait(), waiters.wait(new AbortController().signal)]);
  waiters.wake();
  const next = waiters.wait().then(() => (late = true));
  await both;
  expect(late).toBe(false);
  waiters.wake();
  await next;
});

test('who is called away leaves with the reason, at once where that was before', async () => {
  const waiters = new Waiters();
  const away = new AbortController();
  const left = expect(waiters.wait(away.signal)).rejects.toThrow('away');
  away.abort(new Error('away'));
  await left;
  await expect(waiters.wait(away.signal)).rejects.toThrow('away');
});
