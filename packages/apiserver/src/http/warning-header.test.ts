import { expect, test } from 'vitest';
import { warningHeader } from '#http/warning-header.ts';

test('warnings are sent once each, quoted', () => {
  expect(warningHeader([])).toBeUndefined();
  expect(warningHeader(['a "b" \\', 'a "b" \\', 'c\n'])).toEqual([
    String.raw`299 - "a \"b\" \\"`,
    '299 - "c?"',
  ]);
});

test('warnings are cut when there is too much of them', () => {
  const long = 'x'.repeat(4000);
  expect(warningHeader([long])).toEqual([`299 - "${long}"`]);
  expect(warningHeader([long, 'y'.repeat(300)])).toEqual([
    `299 - "${'x'.repeat(256)}"`,
    `299 - "${'y'.repeat(256)}"`,
  ]);
  const many = Array.from({ length: 40 }, (_, index) => `${index} ${'z'.repeat(300)}`);
  expect(warningHeader(many)).toHaveLength(16);
});
