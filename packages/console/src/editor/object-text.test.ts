import { expect, test } from 'vitest';
import { comparableText, textOf } from './object-text.ts';

test('fields stand in the order in which people look for them, the status last', () => {
  const text = textOf({ status: {}, spec: { a: 1 }, kind: 'A', metadata: { name: 'x' }, apiVersion: 'v1' });
  expect(text.match(/^\w+/gm)).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
});

test.each(['yes', 'on', '12:30', '0755', 'null', '1e3', '~', '2026-01-01'])(
  'the text %j stays a text for a reader of YAML 1.1',
  (word) => {
    expect(textOf({ data: { word } } as never)).toMatch(new RegExp(`word: ["']${word}["']`));
  },
);

test('what is compared hides the values of a Secret, and shows that one changed', () => {
  const secret = (password: string) =>
    comparableText({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'a', uid: 'u' },
      data: { password },
    } as never);
  expect(secret('aHVudGVyMg==')).not.toContain('aHVudGVyMg');
  expect(secret('aHVudGVyMg==')).not.toBe(secret('aHVudGVyMw=='));
  expect(secret('a')).not.toContain('uid');
});
