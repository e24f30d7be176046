import { expect, test } from 'vitest';
import { yamlToJson } from '#http/yaml-text.ts';

test.each([
  ['- [a', "line 1: did not find expected ',' or ']'"],
  ['a: [', 'line 1: did not find expected node content'],
  ['{a', "line 1: did not find expected ',' or '}'"],
  ['a: "x', 'found unexpected end of stream'],
  ["a: 'b", 'found unexpected end of stream'],
  ['a: b: c', 'mapping values are not allowed in this context'],
  ['a:\n\tb: 1', 'line 2: found character that cannot start any token'],
  ['a: @b', 'found character that cannot start any token'],
])('%j is refused in the words that clients know', (text, why) => {
  expect(yamlToJson(text)).toEqual({ type: 'fault', fault: `error converting YAML to JSON: yaml: ${why}` });
});
