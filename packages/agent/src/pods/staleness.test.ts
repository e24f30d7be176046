import { expect, test } from 'vitest';
import { Staleness } from '#pods/staleness.ts';

test('what is made is fresh until it is marked', async () => {
  const staleness = new Staleness();
  expect(staleness.isStale).toBe(true);
  expect(await staleness.renew(() => Promise.resolve('made'))).toBe('made');
  expect(staleness.isStale).toBe(false);
  staleness.mark();
  expect(staleness.isStale).toBe(true);
});

test('a change while it is made makes it stale again', async () => {
  const staleness = new Staleness();
  await staleness.renew(() => {
    staleness.mark();
    return Promise.resolve();
  });
  expect(staleness.isStale).toBe(true);
});

test('what could not be made stays stale', async () => {
  const staleness = new Staleness();
  await expect(staleness.renew(() => Promise.reject(new Error('full')))).rejects.toThrow('full');
  expect(staleness.isStale).toBe(true);
});
