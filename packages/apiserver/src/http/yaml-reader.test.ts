import { expect, test } from 'vitest';
import { YamlReader } from '#http/yaml-reader.ts';

const large = `a: [${'x,'.repeat(20_000)}x]`;
const stuck = new URL('data:text/javascript,for(;;);');

test('a large text is read while others are served', async () => {
  const reader = new YamlReader();
  let turns = 0;
  const turning = setInterval(() => turns++);
  const outcome = await reader.read(large);
  clearInterval(turning);
  expect(outcome.type === 'json' && (JSON.parse(outcome.json) as { a: string[] }).a).toHaveLength(20_001);
  expect(turns).toBeGreaterThan(3);
});

test('texts are answered in order, whatever the one before was', async () => {
  const reader = new YamlReader();
  const outcomes = await Promise.all([reader.read(large), reader.read(`${large}]`), reader.read(large)]);
  expect(outcomes.map(({ type }) => type)).toEqual(['json', 'fault', 'json']);
});

test('a text that takes too long is refused, and those who wait have their turn', async () => {
  const reader = new YamlReader({ thread: stuck, readMsMax: 50 });
  const refusals = await Promise.allSettled([reader.read(large), reader.read(large)]);
  expect(refusals).toMatchObject([{ reason: { code: 400 } }, { reason: { code: 400 } }]);
});

test('more than a few that wait are told to come again', async () => {
  const reader = new YamlReader({ thread: stuck, readMsMax: 50 });
  const refusals = await Promise.allSettled(Array.from({ length: 10 }, () => reader.read(large)));
  expect(refusals.at(-1)).toMatchObject({ reason: { code: 429 } });
});
