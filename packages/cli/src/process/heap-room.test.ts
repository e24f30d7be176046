import { expect, test } from 'vitest';
import { FillPace, growthPercent } from './heap-room.ts';

const mb = 1024 * 1024;

test.each([
  [32, 64, 200],
  [64, 64, 100],
  [64, 192, 300],
  [160, 64, 40],
  [1000, 192, 40],
])('a heap of %d MB with room for %d MB may grow by %d percent', (used, room, percent) => {
  expect(growthPercent(used * mb, room * mb)).toBe(percent);
});

test('a heap has the room that it fills in half a minute, within bounds, and keeps it for a minute after a collection', () => {
  const pace = new FillPace();
  const roomAt = (bytes: number) => pace.room(bytes * mb) / mb;
  expect(roomAt(50)).toBe(64);
  expect(roomAt(52)).toBe(64);
  expect(roomAt(72)).toBe(120);
  expect(roomAt(122)).toBe(192);
  expect(roomAt(50)).toBe(192);
  for (let look = 0; look < 10; look++) expect(roomAt(50)).toBe(192);
  expect(roomAt(50)).toBe(64);
});
