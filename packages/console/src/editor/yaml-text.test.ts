import { describe, expect, test } from 'vitest';
import {
  headOf,
  meaningfulDocuments,
  objectOf,
  parsePiece,
  rangeOf,
  splitDocuments,
  YamlRefused,
} from './yaml-text.ts';

test('documents are parted by lines of three dashes, and know where they start', () => {
  const text = 'a: 1\n---\nb: |\n  ---\n--- # c\nc: 1';
  expect(splitDocuments(text).map((piece) => piece.text)).toEqual(['a: 1\n', 'b: |\n  ---\n', 'c: 1']);
  expect(splitDocuments(text).every((piece) => text.startsWith(piece.text, piece.from))).toBe(true);
});

test('documents of comments alone say nothing', () => {
  expect(meaningfulDocuments('# a\n---\n\n---\nkind: A\n---\n').map((piece) => piece.text)).toEqual([
    'kind: A\n',
  ]);
});

test('a path is found where it stands', () => {
  const text = 'spec:\n  containers:\n  - name: a\n  - name: b\n    image: c\n';
  const at = (...path: (string | number)[]) => text.slice(...(rangeOf(parsePiece(text), path) ?? [0, 0]));
  expect(at('spec', 'containers', 1, 'image')).toBe('image');
  expect(at('spec', 'containers', 1, 'missing')).toContain('name: b');
});

function reasonOf(text: string): string {
  try {
    objectOf(text);
    return 'accepted';
  } catch (error) {
    if (error instanceof YamlRefused) return error.reason;
    throw error;
  }
}

const laughs = Array.from(
  { length: 30 },
  (_, index) => `a${index + 1}: &a${index + 1} [*a${index},*a${index},*a${index}]`,
);

describe('a hostile text is refused, not unfolded:', () => {
  test.each<[string, string, string]>([
    ['aliases of aliases', `a0: &a0 [x]\n${laughs.join('\n')}`, 'tooManyAliases'],
    ['a hundred thousand brackets', '['.repeat(100_000), 'tooDeep'],
    ['a hundred thousand dashes', '- '.repeat(100_000), 'tooDeep'],
    [
      'a stair of mappings',
      Array.from({ length: 600 }, (_, index) => `${' '.repeat(index)}a:`).join('\n'),
      'tooDeep',
    ],
    ['a list', '- a\n', 'notAnObject'],
    ['what is broken', 'a: "b', 'syntax'],
    ['a prototype', '__proto__: {polluted: true}\nkind: A\n', 'accepted'],
  ])('%s', (_, text, reason) => {
    expect(reasonOf(text)).toBe(reason);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

test('type and name of a document that is too long to be read come from its head', () => {
  const text =
    '# a\napiVersion: "a/v1"\nkind: Big # one\nmetadata:\n    labels:\n        name: not-this\n    name: big\n    namespace: here\nspec:\n  name: no\n';
  expect(headOf(text)).toEqual({
    apiVersion: 'a/v1',
    kind: 'Big',
    metadata: { name: 'big', namespace: 'here' },
  });
});
