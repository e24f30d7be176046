import { describe, expect, test } from 'vitest';
import { Environment } from '#environment.ts';
import { fromJson } from '#values/json.ts';
import { dynType, intType, boolType } from '#types/type.ts';

const environment = new Environment({ variables: { x: dynType, n: intType } });

/** The value as a text, or the fault. */
function run(expression: string, x: unknown = null, n = 1n): unknown {
  const compiled = environment.compile(expression);
  if (!compiled.ok) return compiled.issues;
  const result = compiled.program.evaluate({ x: fromJson(x), n });
  return 'fault' in result ? result.fault : result.value;
}

describe('what is wrong is told as cel-go tells it', () => {
  test.for([
    ['1 +', "1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-'"],
    ['x y', "1:3: Syntax error: extraneous input 'y' expecting <EOF>"],
    ['x y z', "1:3: Syntax error: mismatched input 'y' expecting <EOF>"],
    ['(1', "1:3: Syntax error: missing ')' at '<EOF>'"],
    ['x.', "1:3: Syntax error: no viable alternative at input '.'"],
    ['$', "1:1: Syntax error: token recognition error at: '$'"],
    ['for', '1:1: reserved identifier: for'],
    ['y', "1:1: undeclared reference to 'y' (in container '')"],
    ['foo(1)', "1:4: undeclared reference to 'foo' (in container '')"],
    ['1 + true', "1:3: found no matching overload for '_+_' applied to '(int, bool)'"],
    ['n.foo', "1:2: type 'int' does not support field selection"],
    ['[1, 2.0]', "1:5: expected type 'int' but found 'double'"],
    ['n && true', "1:1: expected type 'bool' but found 'int'"],
    ['n.all(i, true)', "1:1: expression of type 'int' cannot be range of a comprehension"],
    ['has(n)', '1:5: invalid argument to has() macro'],
    ['[1].all(1, true)', '1:9: argument must be a simple name'],
    ["duration('a')", '1:10: invalid duration argument'],
    ["'a'.matches('(')", '1:13: invalid matches argument'],
    ['9223372036854775808', '1:1: invalid int literal'],
  ])('%s', ([expression, expected]) => {
    expect(run(expression!)).toContain(`ERROR: <input>:${expected}`);
  });

  test('the place is marked beneath the line', () => {
    expect(run('n == 1 &&\n  größe')).toContain('token recognition error');
    expect(run('n == 1 &&\n  a')).toBe(
      "ERROR: <input>:2:3: undeclared reference to 'a' (in container '')\n |   a\n | ..^",
    );
    expect(run("'ä' + a")).toContain("\n | 'ä' + a\n | .．....^");
  });

  test('an expression of another type than is expected is refused', () => {
    expect(environment.compile('n', { expected: [boolType] })).toEqual({
      ok: false,
      stage: 'type',
      issues: 'must evaluate to bool',
    });
  });
});

test('a variable that is null is not one that is missing', () => {
  expect(run('x == null', null)).toBe(true);
});

describe('values', () => {
  test.for<[string, unknown]>([
    ['x.a + 1', 3n],
    ['x.list.map(i, i * 2) == [2, 4]', true],
    ['x.list.filter(i, i > 1).size()', 1n],
    ['x.list.all(i, i > 0) && x.list.exists(i, i == 2) && x.list.exists_one(i, i == 2)', true],
    ['x.missing', 'no such key: missing'],
    ['has(x.missing) || x.?missing.hasValue()', false],
    ['x.?a.orValue(7) + x.?b.orValue(7)', 9n],
    ['x.list[2]', 'index out of bounds: 2'],
    ['1 / 0 == 1 || true', true],
    ['false && 1 / 0 == 1', false],
    ['9223372036854775807 + 1', 'integer overflow'],
    ['dyn(1) == 1.0 && 1u < 2 && 2 > 1.5 && dyn(9007199254740993) == 9007199254740992.0', true],
    ["{'k': 1, 'l': 2}.transformMap(k, v, v > 1, v * 2) == {'l': 4}", true],
    ['[3, 4].transformList(i, v, i + v) == [3, 5]', true],
    ['x.?a.optMap(v, v + 1).value()', 3n],
    ['type(x.list) == list && type(1) == int && type(type(1)) == type', true],
    ["duration('90m').getHours() == 1 && timestamp('2024-02-29T12:00:00Z').getDate() == 29", true],
    ["timestamp('2024-03-31T00:30:00Z').getHours('Europe/Berlin')", 1n],
    ["'%s %d %.2f %x'.format([dyn('a'), 1, 1.5, 255])", 'a 1 1.50 ff'],
    ["'häß'.substring(1, 2) + 'a,b'.split(',')[1]", 'äb'],
    ["b'\\303\\244' == bytes('ä') && '\\u00e4' == 'ä' && r'\\n' == '\\\\n'", true],
    ['1 in [1, 2] && !(3 in [1, 2]) && "a" in {"a": 1}', true],
    ['sets.contains([1, 2, 3], [3, 2]) && sets.equivalent([1, 1], [1])', true],
    ['"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!".matches("(a+)+$")', false],
  ])('%s', ([expression, expected]) => {
    expect(run(expression, { a: 2, list: [1, 2] })).toEqual(expected);
  });
});

test('evaluation stops where its cost ends', () => {
  const compiled = environment.compile('x.all(a, x.all(b, x.all(c, a + b + c > 0)))');
  if (!compiled.ok) throw new Error(compiled.issues);
  const x = fromJson(Array.from({ length: 1000 }, (_, index) => index + 1));
  const result = compiled.program.evaluate({ x });
  expect(result).toMatchObject({
    fault: 'operation cancelled: actual cost limit exceeded',
    final: true,
  });
  expect(result.cost).toBeLessThan(1_000_100);
});

test('variables that are not read are not asked for', () => {
  const compiled = environment.compile('n > 0 || x.a');
  if (!compiled.ok) throw new Error(compiled.issues);
  expect([...compiled.reads].sort()).toEqual(['n', 'x']);
  const never = (): never => {
    throw new Error('asked for');
  };
  expect(compiled.program.evaluate({ n: 1n, x: never })).toMatchObject({ value: true });
});
