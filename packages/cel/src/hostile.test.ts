/** Whoever may write a definition or a policy chooses expressions: none may hang the server or throw into it. */
import { array, assert, constantFrom, jsonValue, oneof, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Environment } from '#environment.ts';
import { dynType } from '#types/type.ts';
import { fromJson } from '#values/json.ts';

const environment = new Environment({ variables: { x: dynType } });

/** Compiles and, if it can be, evaluates; what is thrown fails the test. */
function attempt(expression: string, x: unknown = [1, 'a', { b: [true, null] }]): string {
  const compiled = environment.compile(expression);
  if (!compiled.ok) return compiled.stage;
  const result = compiled.program.evaluate({ x: fromJson(x) }, { costLimit: 10_000 });
  return 'fault' in result ? 'fault' : 'value';
}

const pieces = [
  ...Array.from('()[]{}.,:?!-+*/%<>="\'\\`@#$_0123456789abx \n\t'),
  '&&',
  '||',
  '==',
  ' in ',
  '.?',
  '[?',
  'x',
  'x.b',
  '[1, 2]',
  '{"a": 1}',
  '.map(x, x)',
  '.all(y, y)',
  '.filter(z, ',
  '.optMap(v, v)',
  '.exists(i, v, i == v)',
  '.transformMap(k, v, v)',
  '.sortBy(e, e)',
  'has(x.b)',
  'optional.of(1)',
  "b'\\xff'",
  'r"\\"',
  '"""',
  '1u',
  '9223372036854775807',
  '1e308',
  'duration("1h")',
  'timestamp("2024-01-01T00:00:00Z")',
  '.format([1])',
  "'%s'",
  '.matches("(a*)*")',
  '.findAll("a*")',
  'quantity("1Ki")',
  'ip("::1")',
  'url("/a")',
  'true',
  'null',
  '\ud800',
  'é',
];

test('random text is refused or evaluated, never thrown', () => {
  assert(
    property(oneof(string({ unit: 'binary', maxLength: 200 }), string({ maxLength: 200 })), (text) => {
      attempt(text);
    }),
    { numRuns: 1000 },
  );
});

test('random text of pieces of the language is refused or evaluated, never thrown', () => {
  const seen = new Set<string>();
  assert(
    property(array(constantFrom(...pieces), { maxLength: 12 }), jsonValue({ maxDepth: 3 }), (parts, x) => {
      seen.add(attempt(parts.join(''), x));
    }),
    { numRuns: 4000 },
  );
  expect([...seen].sort()).toEqual(expect.arrayContaining(['compilation', 'value']));
});

describe('what is built to be costly', () => {
  const nested = (open: string, inner: string, close: string, depth: number): string =>
    open.repeat(depth) + inner + close.repeat(depth);

  test.for<[string, string, string]>([
    ['brackets', nested('(', '1', ')', 40_000), 'compilation'],
    ['lists', nested('[', '1', ']', 40_000), 'compilation'],
    ['calls', nested('size(', 'x', ')', 10_000), 'compilation'],
    ['signs', '-'.repeat(90_000) + '1', 'value'],
    ['sums', Array.from({ length: 40_000 }, () => '1').join('+'), 'compilation'],
    ['conditions', Array.from({ length: 10_000 }, () => 'true').join('&&'), 'value'],
    ['fields', `x${'.a'.repeat(40_000)}`, 'compilation'],
    ['macros that copy their targets', `optional.of(1)${'.optMap(v, v)'.repeat(100)}`, 'compilation'],
    ['quotes', '"""'.repeat(30_000), 'compilation'],
    ['unfinished strings', "'\\".repeat(45_000), 'compilation'],
    ['too long', 'x'.repeat(100_001), 'compilation'],
    ['many loops', `[${Array.from({ length: 2000 }, () => '[1].map(i, i)').join(',')}]`, 'fault'],
    [
      'loops in loops',
      'x.all(a, x.all(b, x.all(c, x.all(d, x.all(e, x.all(f, x.all(g, x.all(h, true))))))))',
      'fault',
    ],
    [
      'texts that double',
      `['a'].map(a, ${nested('(', 'a', ')', 1)})${'.map(a, a + a + a + a)'.repeat(40)}`,
      'fault',
    ],
    ['lists that double', `[[1]]${'.map(a, a + a)'.repeat(60)}.all(a, a == a)`, 'fault'],
    ['a long range', 'lists.range(1000000000).size() == 1', 'fault'],
    [
      'a replacement everywhere',
      `'${'a'.repeat(20_000)}'.replace('', '${'b'.repeat(20_000)}') == ''`,
      'fault',
    ],
    ['a pattern that multiplies', `'${'a'.repeat(5000)}'.matches('((a{0,30}){0,30}){0,30}b')`, 'compilation'],
    ['a search that multiplies', `'${'a'.repeat(20_000)}'.find('(a{0,900})b') == ''`, 'fault'],
  ])('%s', ([, expression, outcome]) => {
    const list = Array.from({ length: 100 }, (_, index) => index);
    expect(attempt(expression, list)).toBe(outcome);
  });
});

test('a number of a hundred thousand digits is read in linear time', () => {
  expect(attempt('double(x) == 0.0', `${'0'.repeat(300_000)}@`)).toBe('fault');
});
