import { expect, test } from 'vitest';
import { jsonLine } from './json-line.ts';

test.each([
  [
    '{"level":"info","time":"2026-01-01T00:00:00Z","msg":"pod bound","pod":"web","took":{"ms":4}}',
    '2026-01-01T00:00:00Z INFO pod bound  pod=web took={"ms":4}',
  ],
  ['2026-01-01T00:00:00Z {"severity":"error","message":"no space"}', '2026-01-01T00:00:00Z ERROR no space'],
  ['{"msg":"a","why":"two words","n":1,"ok":null}', 'a  why="two words" n=1 ok=null'],
  ['{"a":"x=y\\n"}', 'a="x=y\\n"'],
  ['{"half":', undefined],
  ['[1,2]', undefined],
  ['INFO request {"a":1} served', undefined],
  ['plain', undefined],
])('%j is read as %j', (line, expected) => {
  expect(jsonLine(line)).toBe(expected);
});
