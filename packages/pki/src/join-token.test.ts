import { expect, test } from 'vitest';
import { bootstrapTokenOf, createJoinToken, formatJoinToken, parseJoinToken } from '#join-token.ts';

const hash = 'ab'.repeat(32);

test('a token survives formatting and parsing, also with white space around it', () => {
  const token = createJoinToken(`sha256:${hash}`);
  const text = formatJoinToken(token);
  expect(text).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}\.[0-9a-f]{64}$/);
  expect(parseJoinToken(`  ${text}\n`)).toEqual(token);
  expect(bootstrapTokenOf(token)).toBe(`${token.id}.${token.secret}`);
});

test.each([
  ['', 'empty'],
  ['abcdef.0123456789abcdef', 'authority hash is missing'],
  ['abcdef', '1 part '],
  [`abcdef.0123456789abcdef.${hash}.x`, '4 parts'],
  [`abcde.0123456789abcdef.${hash}`, 'first part'],
  [`ABCDEF.0123456789abcdef.${hash}`, 'first part'],
  [`abcdef.0123456789abcde.${hash}`, 'second part'],
  [`abcdef.0123456789abcdef.${hash.slice(2)}`, '62 characters'],
  [`abcdef.0123456789abcdef. ${hash}`, 'white space'],
])('%j is malformed: %s', (text, why) => {
  expect(() => parseJoinToken(text)).toThrow(why);
  try {
    parseJoinToken(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'join-token-malformed' });
    expect(String(error)).not.toContain('0123456789abcde');
  }
});
