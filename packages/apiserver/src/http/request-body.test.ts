import { expect, test } from 'vitest';
import { decodeJson, decodeYaml } from '#http/request-body.ts';

const deep = Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
e: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
`;

const refused: [what: string, decode: (bytes: Uint8Array) => unknown, text: string | Uint8Array][] = [
  ['JSON that ends early', decodeJson, '{"a":'],
  ['JSON of 300 levels', decodeJson, `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`],
  ['bytes that are no UTF-8', decodeJson, Uint8Array.of(0x22, 0xff, 0x22)],
  ['YAML that is none', decodeYaml, 'a: b: c'],
  ['YAML of 300 levels', decodeYaml, deep],
  ['YAML that multiplies itself', decodeYaml, bomb],
  ['YAML that names a key twice', decodeYaml, 'a: 1\na: 2\n'],
];

test.each(refused)('%s is a 400', (_what, decode, text) => {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 400 }) as Error);
});

test.each<[what: string, code: number, text: string]>([
  ['aliases', 400, `a: &a 1\n${Array.from({ length: 1001 }, (_, i) => `k${i}: *a`).join('\n')}`],
  ['bytes', 413, 'a: 1\n'.repeat(250_000)],
])('YAML of too many %s is a %i', (_what, code, text) => {
  expect(() => decodeYaml(Buffer.from(text))).toThrow(expect.objectContaining({ code }) as Error);
});

test('YAML of very many keys is read at once', { timeout: 10_000 }, () => {
  // Comparing each key with each other would take minutes.
  const text = Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join('\n');
  expect(Object.keys(decodeYaml(Buffer.from(text)) as object)).toHaveLength(60_000);
});

test('YAML is read as 1.2: words are words', () => {
  const text = 'a: yes\nb: 0o17\nc: "1"\nd: {e: [1, null]}\n';
  expect(decodeYaml(Buffer.from(text))).toEqual({ a: 'yes', b: 15, c: '1', d: { e: [1, null] } });
});

test('JSON is taken as YAML too', () => {
  expect(decodeYaml(Buffer.from(' {"a": "b"}'))).toEqual({ a: 'b' });
});

test('a key that YAML names twice is told to who asks, and the last counts', () => {
  const faults: string[] = [];
  const value = decodeYaml(Buffer.from('a: 1\nb:\n  c: 2\n  c: 3\n'), { faults });
  expect({ value, faults }).toEqual({
    value: { a: 1, b: { c: 3 } },
    faults: ['yaml: unmarshal errors:\n  line 4: key "c" already set in map'],
  });
});

test('faults of YAML are told in one line', () => {
  const text = 'a: [b\n  c: }';
  expect(() => decodeYaml(Buffer.from(text))).toThrow(
    /^couldn't get .*error converting YAML to JSON: yaml: line \d+: [^\n]+$/,
  );
});
