import { expect, test } from 'vitest';
import { findByPath } from '#crd/json-path-find.ts';
import { parseJsonPath } from '#crd/json-path.ts';

const object = {
  metadata: { labels: { 'a.b/c': 'x' } },
  spec: {
    n: 3,
    text: 'text',
    none: null,
    list: ['a', 'b', 'c', 'd'],
    empty: [],
    items: [
      { name: 'a', v: 1, w: 2, on: false },
      { name: 'b', v: 2, w: 1, on: true, sub: { x: 'y' } },
      { name: 'c', v: 3, tags: ['t'] },
      { name: 'a b', v: 4 },
    ],
    map: { k: 'v' },
  },
};

// As stock servers find it.
const found: [path: string, expected: unknown[]][] = [
  ['.spec.n', [3]],
  ['$.spec.n', [3]],
  [".spec['n']", [3]],
  ['.spec.none', [null]],
  ['.spec.missing.deeper', []],
  ['.spec.text.deeper', []],
  ['.spec.list[1]', ['b']],
  ['.spec.list[-1]', ['d']],
  ['.spec.list[]', ['a']],
  ['.spec.list[*]', ['a', 'b', 'c', 'd']],
  ['.spec.list[1:]', ['b', 'c', 'd']],
  ['.spec.list[-3:-1]', ['b', 'c']],
  ['.spec.list[0:4:2]', ['a', 'c']],
  ['.spec.list[0,2]', ['a', 'c']],
  ['.spec.empty[*]', []],
  ['.spec.map.*', ['v']],
  ['.spec..name', ['a', 'b', 'c', 'a b']],
  ['.spec.items[?(@.name=="b")].v', [2]],
  [".spec.items[?(@.name=='a b')].v", [4]],
  ['.spec.items[?(@.name != "a")].v', [2, 3, 4]],
  ['.spec.items[?(@.v>2)].name', ['c', 'a b']],
  ['.spec.items[?(@.v<=1)].name', ['a']],
  ['.spec.items[?(@.v>@.w)].name', ['b']],
  ['.spec.items[?(@.on==true)].name', ['b']],
  ['.spec.items[?(@.on)].name', ['a', 'b']],
  ['.spec.items[?(@.sub.x=="y")].name', ['b']],
  ['.spec.items[?(@.tags[0]=="t")].name', ['c']],
  ['.metadata.labels.a\\.b/c', ['x']],
  [".metadata.labels['a\\.b/c']", ['x']],
  [".metadata.labels['a.b/c']", []],
];

test.each(found)('%s', (path, expected) => {
  expect(findByPath(object, parseJsonPath(path)!)).toEqual(expected);
});

test.each([
  '.spec[0]',
  '.spec.text[0]',
  '.spec.list[5]',
  '.spec.list[3:1]',
  '.spec[?(@.a)]',
  '.spec.items[?(@.name==b)].v',
  '.spec.items[?(@.v>1.5)].name',
  '.spec.items[?(@.v>"1")].name',
  '.spec.items[?(@.on>false)].name',
  '.spec.n word',
])('%s does not fit', (path) => {
  expect(findByPath(object, parseJsonPath(path)!)).toBeUndefined();
});

test.each([
  '.spec[',
  '.spec[a]',
  '.spec....x',
  '.spec.items[?(@.v>1]',
  '.spec.text "x',
  '.a{',
  '.a[?(@.b=="c)]',
])('%s is no path', (path) => {
  expect(parseJsonPath(path)).toBeUndefined();
});

test('a path that finds the same things over and over gives up', () => {
  let deep: object = { end: 1 };
  for (let depth = 0; depth < 200; depth++) deep = { a: deep };
  expect(findByPath(deep, parseJsonPath('..a..a..a..a')!)).toBeUndefined();
});

test('a path within paths within paths is none', () => {
  const nested = `${'[?(@.a'.repeat(40)}${')]'.repeat(40)}`;
  expect(parseJsonPath(nested)).toBeUndefined();
});
