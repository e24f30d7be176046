/** Holds the documents to the tree: a file that they name is there, an error code that the code throws is listed. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

const documents = [
  ...readdirSync(root).filter((file) => file.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

test('links between documents lead to files', () => {
  const broken = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => !existsSync(join(root, dirname(document), target)))
      .map((target) => `${document} → ${target}`),
  );
  expect(broken).toEqual([]);
});

test('paths in backticks are there', () => {
  const broken = documents.flatMap((document) =>
    [...read(document).matchAll(/`((?:packages|test|tools|docs|examples|bench)\/[\w./-]*)`/g)]
      .map((match) => match[1] ?? '')
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${document} → ${path}`),
  );
  expect(broken).toEqual([]);
});

test('the error catalogue lists every code that the code throws', () => {
  const thrown = new Set<string>();
  for (const file of readdirSync(join(root, 'packages'), { recursive: true, encoding: 'utf8' })) {
    if (!/\/src\/.*\.ts$/.test(file) || /\.test\.ts$|node_modules|testing\//.test(file)) continue;
    const text = read(join('packages', file));
    for (const match of text.matchAll(/new SkerryError\(\s*'([^']+)'/g)) thrown.add(match[1] ?? '');
  }
  const listed = new Set(
    [...read('docs/reference/errors.md').matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] ?? ''),
  );
  const missing = [...thrown].filter((code) => !listed.has(code)).sort();
  expect(missing, 'thrown but not listed').toEqual([]);
});

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
