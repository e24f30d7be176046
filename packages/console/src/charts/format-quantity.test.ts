import { expect, test } from 'vitest';
import { formatQuantity } from './format-quantity.ts';

test.each([
  [0, 'cores', '0'],
  [0.25, 'cores', '250m'],
  [1.54, 'cores', '1.5'],
  [96, 'cores', '96'],
  [512, 'bytes', '512'],
  [3 * 1024 ** 3, 'bytes', '3Gi'],
  [1.5 * 1024 ** 2, 'bytes/s', '1.5Mi/s'],
  [0.4, 'ratio', '40 %'],
  [null, 'bytes', '–'],
])('%s %s is written %s', (value, unit, expected) => {
  expect(formatQuantity(value, unit)).toBe(expected);
});
