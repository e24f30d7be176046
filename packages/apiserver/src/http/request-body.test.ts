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

test.each(refused)('%s is a 400', async (_what, decode, text) => {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  await expect(async () => decode(bytes)).rejects.toThrow(expect.objectContaining({ code: 400 }) as Error);
});

test.each<[what: string, code: number, text: string]>([
  ['aliases', 400, `a: &a 1\n${Array.from({ length: 1001 }, (_, i) => `k${i}: *a`).join('\n')}`],
  ['bytes', 413, 'a: 1\n'.repeat(250_000)],
])('YAML of too many %s is a %i', async (_what, code, text) => {
  await expect(decodeYaml(Buffer.from(text))).rejects.toThrow(expect.objectContaining({ code }) as Error);
});

test('a key costs no more among very many than among some, in YAML', async () => {
  const costOf = async (keys: number) => {
    const text = Array.from({ length: keys }, (_, i) => `k${i}: 1`).join('\n');
    const before = process.cpuUsage();
    expect(Object.keys((await decodeYaml(Buffer.from(text))) as object)).toHaveLength(keys);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / keys;
  };
  await costOf(4_000);
  const some = await costOf(4_000);
  // Comparing each key with each other, it would be fifteen times as much.
  expect((await costOf(60_000)) / some).toBeLessThan(8);
});

test('YAML is read as 1.2: words are words', async () => {
  const text = 'a: yes\nb: 0o17\nc: "1"\nd: {e: [1, null]}\n';
  expect(await decodeYaml(Buffer.from(text))).toEqual({ a: 'yes', b: 15, c: '1', d: { e: [1, null] } });
});

test('JSON is taken as YAML too', async () => {
  expect(await decodeYaml(Buffer.from(' {"a": "b"}'))).toEqual({ a: 'b' });
});

test('a key that YAML names twice is told to who asks, and the last counts', async () => {
  const faults: string[] = [];
  const value = await decodeYaml(Buffer.from('a: 1\nb:\n  c: 2\n  c: 3\n'), { faults });
  expect({ value, faults }).toEqual({
    value: { a: 1, b: { c: 3 } },
    faults: ['yaml: unmarshal errors:\n  line 4: key "c" already set in map'],
  });
});

test('faults of YAML are told in one line', async () => {
  for (const text of ['a: [b\n  c: }', 'a: &a [*a]']) {
    await expect(decodeYaml(Buffer.from(text))).rejects.toThrow(
      /^couldn't get .*error converting YAML to JSON: yaml: [^\n]+$/,
    );
  }
});

test('half a character becomes the sign for none, in keys too', () => {
  const text = String.raw`{"\ud800":["a\uDC00","\ud83d\ude00"]}`;
  expect(decodeJson(Buffer.from(text))).toEqual({ '\ufffd': ['a\ufffd', '\u{1f600}'] });
});

test.each(['1e400', '-1E+400', `1${'0'.repeat(309)}`])('the number %s is refused', (number) => {
  expect(() => decodeJson(Buffer.from(`{"a":[${number}]}`))).toThrow(/cannot unmarshal number/);
});

test('a name of the language itself is a name like others', async () => {
  const text = '{"__proto__":{"a":"\\ud800"}}';
  for (const value of [
    decodeJson(Buffer.from(text)),
    await decodeYaml(Buffer.from('__proto__: {a: "\ufffd"}')),
  ]) {
    expect(Object.entries(value as object)).toEqual([['__proto__', { a: '\ufffd' }]]);
  }
});
