import { expect, test } from 'vitest';
import { LogBuffer, linesMax } from './log-buffer.ts';

test('keeps the newest lines and their numbers, and no more than it may', () => {
  const buffer = new LogBuffer();
  for (let batch = 0; batch < 130; batch++) {
    buffer.push(
      'a',
      Array.from({ length: 1000 }, (_, index) => `line ${batch * 1000 + index}`),
    );
    expect(buffer.lines.length).toBeLessThanOrEqual(linesMax);
  }
  const last = buffer.lines.at(-1);
  expect(last).toMatchObject({ number: 129_999, text: 'line 129999' });
  expect(buffer.lines.every(({ number, text }) => text === `line ${number}`)).toBe(true);
  expect(buffer.lines.length).toBeGreaterThan(linesMax / 2);
});

test('keeps no more characters than it may', () => {
  const buffer = new LogBuffer();
  for (let index = 0; index < 1200; index++) buffer.push('a', ['x'.repeat(30_000)]);
  expect(buffer.lines.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(16 << 20);
  expect(buffer.lines.at(-1)?.number).toBe(1199);
});

test('cuts a line that nobody could read', () => {
  const buffer = new LogBuffer();
  buffer.push('a', ['x'.repeat(1 << 20)]);
  expect(buffer.lines[0]?.text.length).toBeLessThan(40_000);
});

test('tells those who look that there is something new', () => {
  const buffer = new LogBuffer();
  const before = buffer.version();
  let told = 0;
  const end = buffer.subscribe(() => told++);
  buffer.push('a', ['x']);
  end();
  buffer.push('a', ['y']);
  expect(told).toBe(1);
  expect(buffer.version()).not.toBe(before);
});
