import { describe, expect, test } from 'vitest';
import { definesKind, inOrder, readManifests } from './manifest.ts';

const named = (kind: string, name = 'x'): string =>
  `apiVersion: v1\nkind: ${kind}\nmetadata: {name: ${name}}\n`;

test('what others stand on is made first, the rest in the order it was written', () => {
  const text = [
    'Ingress',
    'Deployment',
    'Service',
    'Custom',
    'ConfigMap',
    'CustomResourceDefinition',
    'Namespace',
  ]
    .map((kind) => named(kind))
    .join('---\n');
  expect(inOrder(readManifests(text).manifests).map(({ kind }) => kind)).toEqual([
    'Namespace',
    'CustomResourceDefinition',
    'ConfigMap',
    'Service',
    'Deployment',
    'Custom',
    'Ingress',
  ]);
});

test('a list is read as its items', () => {
  const text =
    'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A, metadata: {name: a}}\n- {apiVersion: v1, kind: B, metadata: {name: b}}\n';
  expect(readManifests(text).manifests.map(({ kind, name }) => `${kind}/${name}`)).toEqual(['A/a', 'B/b']);
});

describe('a fault says in which document and where it is:', () => {
  test.each([
    ['no type', 'metadata: {name: a}\n', 'noType'],
    ['no name', 'apiVersion: v1\nkind: A\n', 'noName'],
    ['broken', 'a: "b\n', 'syntax'],
    ['a list', '- a\n', 'notAnObject'],
  ])('%s', (_, text, reason) => {
    const before = `${named('A')}---\n`;
    const { manifests, faults } = readManifests(`${before}${text}`);
    expect(manifests).toHaveLength(1);
    expect(faults).toMatchObject([{ reason, document: 1, from: before.length }]);
  });
});

test('a definition is told to make the kind of another document', () => {
  const text = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: as.x.io}
spec: {group: x.io, names: {kind: A}, versions: [{name: v1}]}
---
apiVersion: x.io/v1
kind: A
metadata: {name: a}
---
apiVersion: x.io/v2
kind: A
metadata: {name: a}
`;
  const [definition, first, second] = readManifests(text).manifests;
  if (!definition || !first || !second) throw new Error('three documents were expected');
  expect(definesKind(definition, first)).toBe(true);
  expect(definesKind(definition, second)).toBe(false);
});
