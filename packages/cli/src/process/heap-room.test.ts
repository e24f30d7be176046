import { expect, test } from 'vitest';
import { growthPercent } from './heap-room.ts';

const mb = 1024 * 1024;

test.each([
  [32, 200],
  [64, 100],
  [160, 40],
  [1000, 40],
])('a heap of %d MB may grow by %d percent', (used, percent) => {
  expect(growthPercent(used * mb)).toBe(percent);
});
