import { expect, test } from 'vitest';
import { clusterDefinition } from '#clusters/cluster.ts';

const text = JSON.stringify(clusterDefinition);
const pattern = JSON.parse(/"podCIDR":\{.*?"pattern":("(?:[^"\\]|\\.)*")/.exec(text)?.[1] ?? '""') as string;

test.each([
  ['10.12.0.0/16', true],
  ['10.12.0.0/16,fd00:10:12::/56', true],
  ['fd00:10:12::/56', false],
  ['10.12.0.0/16,', false],
])('a cluster with the range %s', (range, isTaken) => {
  expect(new RegExp(pattern).test(range)).toBe(isTaken);
});
