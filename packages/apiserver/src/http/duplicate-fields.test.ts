import { expect, test } from 'vitest';
import { duplicateFields } from '#http/duplicate-fields.ts';

const cases: [text: string, expected: string[]][] = [
  ['{"a":1,"b":2}', []],
  ['{"a":1,"a":2}', ['a']],
  ['{"spec":{"a":1,"b":{"a":1},"a":2}}', ['spec.a']],
  ['{"c":[{"a":1},{"x":"\\"a\\":{","x":0}]}', ['c[1].x']],
  ['{"a":["a","a"],"b":"a"}', []],
  ['{"a\\u0062":1,"ab":2}', ['ab']],
  ['[]', []],
];

test.each(cases)('%s', (text, expected) => {
  expect(duplicateFields(text)).toEqual(expected);
});
