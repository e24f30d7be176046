import { expect, test } from 'vitest';
import { jsonFault } from '#http/json-fault.ts';

const cases: [text: string, fault: string][] = [
  ['', 'unexpected end of JSON input'],
  ['{"a":', 'unexpected end of JSON input'],
  ['{"a":1,', 'unexpected end of JSON input'],
  ['"open', 'unexpected end of JSON input'],
  ['tru', 'unexpected end of JSON input'],
  ['hello', "invalid character 'h' looking for beginning of value"],
  ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['{} x', "invalid character 'x' after top-level value"],
  ['trie', "invalid character 'i' in literal true (expecting 'u')"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['01', "invalid character '1' after top-level value"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
  ['\u0000', "invalid character '\\x00' looking for beginning of value"],
  ["'a'", "invalid character '\\'' looking for beginning of value"],
];

test.each(cases)('%j: %s', (text, fault) => {
  expect(() => JSON.parse(text) as unknown).toThrow();
  expect(jsonFault(text)).toBe(fault);
});
