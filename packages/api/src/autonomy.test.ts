import { expect, test } from 'vitest';
import { autonomyMs, durationMs } from './autonomy.ts';

test.each([
  ['1h30m', 5_400_000],
  ['250ms', 250],
  ['0', 0],
  ['', undefined],
  ['1 hour', undefined],
])('%j is told as Go writes times', (text, expected) => expect(durationMs(text)).toBe(expected));

test.each<[Record<string, string>, number | undefined]>([
  [{}, undefined],
  [{ 'node.openyurt.io/autonomy-duration': '24h' }, 86_400_000],
  [{ 'node.openyurt.io/autonomy-duration': '0' }, Infinity],
  [{ 'node.openyurt.io/autonomy-duration': 'none' }, undefined],
  [{ 'node.beta.openyurt.io/autonomy': 'true', 'node.openyurt.io/autonomy-duration': '1h' }, Infinity],
  [{ 'apps.openyurt.io/binding': 'true' }, Infinity],
  [{ 'node.beta.openyurt.io/autonomy': 'false' }, undefined],
])('a node with %j keeps its pods for %j ms', (annotations, expected) =>
  expect(autonomyMs({ metadata: { annotations } })).toBe(expected),
);
