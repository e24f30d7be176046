import { expect, test } from 'vitest';
import { copyWithoutNulls, equalJson, sharedWithoutNulls } from '#patch/json-value.ts';

const parse = (text: string): unknown => JSON.parse(text);

test.each([
  ['{"a":1,"b":[1,{"c":null}]}', '{"b":[1,{"c":null}],"a":1}', true],
  ['{"a":1}', '{"a":1,"b":2}', false],
  ['{"a":1,"b":2}', '{"a":1}', false],
  ['{"a":[1,2]}', '{"a":[1]}', false],
  ['[]', '{}', false],
  ['{}', '[]', false],
  ['{"a":null}', '{}', false],
  // Every object has something under these names.
  ['{"__proto__":{}}', '{}', false],
  ['{"__proto__":{}}', '{"a":1}', false],
  ['{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}', true],
  ['{"constructor":{}}', '{}', false],
])('whether %s equals %s: %s', (a, b, equal) => {
  expect(equalJson(parse(a), parse(b))).toBe(equal);
});

test('a key that is undefined is absent', () => {
  expect(equalJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  expect(equalJson({ a: 1 }, { a: 1, b: undefined })).toBe(true);
});

test.each([
  '{"a":1,"b":{"c":[1,2,{"d":"e"}]}}',
  '{"a":null,"b":{"c":null,"d":{"e":null,"f":1}},"g":[null,{"h":null}]}',
  '{"x":1,"__proto__":{"y":null},"z":2}',
])('without nulls %s is the same, shared or copied', (text) => {
  const value = parse(text);
  expect(JSON.stringify(sharedWithoutNulls(value))).toBe(JSON.stringify(copyWithoutNulls(value)));
  expect(JSON.stringify(value)).toBe(text);
});

test('what has no nulls is shared', () => {
  const value = { a: { b: 1 }, c: { d: null } };
  const shared = sharedWithoutNulls(value) as typeof value;
  expect(shared.a).toBe(value.a);
  expect(shared.c).toEqual({});
  expect(sharedWithoutNulls(value.a)).toBe(value.a);
});
