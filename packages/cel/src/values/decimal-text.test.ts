import { expect, test } from 'vitest';
import { exponentialText, fixedText } from '#values/decimal-text.ts';

// As Go's strconv writes them.
test.for([
  [0.5, 0, '0', '5e-1'],
  [1.5, 0, '2', '2e+0'],
  [2.5, 0, '2', '2e+0'],
  [-2.5, 0, '-2', '-2e+0'],
  [0.25, 1, '0.2', '2.5e-1'],
  [0.375, 2, '0.38', '3.75e-1'],
  [0.125, 2, '0.12', '1.25e-1'],
  [1.005, 2, '1.00', '1.00e+0'],
  [12.5, 1, '12.5', '1.2e+1'],
  [0, 2, '0.00', '0.00e+0'],
  [1e22, 1, '10000000000000000000000.0', '1.0e+22'],
  [-25e20, 0, '-2500000000000000000000', '-2e+21'],
] as const)('%d to %d digits is %s', ([value, precision, fixed, exponential]) => {
  expect([fixedText(value, precision), exponentialText(value, precision)]).toEqual([fixed, exponential]);
});
