import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import { SeenVersions } from '#runtime/seen-versions.ts';

const object = (resourceVersion: string, uid = 'u') => ({ metadata: { uid, resourceVersion } });

test('a copy is current when it shows what was written, or something newer', () => {
  const seen = new SeenVersions(new FakeClock());
  seen.expect(object('7'));
  seen.expect(object('5'));
  expect(seen.isCurrent(object('6'))).toBe(false);
  expect(seen.isCurrent(object('6', 'other'))).toBe(true);
  expect(seen.isCurrent(object('7'))).toBe(true);
  expect(seen.isCurrent(object('6'))).toBe(true);
});

test('everyone waits for what they wrote themselves', () => {
  const seen = new SeenVersions(new FakeClock());
  seen.expect(object('7'), 'a');
  expect(seen.isCurrent(object('6'), 'b')).toBe(true);
  expect(seen.isCurrent(object('6'), 'a')).toBe(false);
});

test('a copy that never shows it is believed in the end, and one that is gone at once', async () => {
  const clock = new FakeClock();
  const seen = new SeenVersions(clock);
  seen.expect(object('7'));
  seen.expect(object('7', 'gone'));
  seen.forget('gone');
  expect(seen.isCurrent(object('6', 'gone'))).toBe(true);
  await clock.advance(5 * 60_000);
  expect(seen.isCurrent(object('6'))).toBe(true);
});
