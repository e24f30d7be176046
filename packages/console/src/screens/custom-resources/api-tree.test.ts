import { expect, test } from 'vitest';
import type { ResourceType } from '#api/cluster-types.ts';
import { inTreeOrder, searchTree } from './api-tree.ts';

const groups = [
  { name: '', versions: ['v1'] },
  { name: 'apps', versions: ['v1'] },
  { name: 'apps.kruise.io', versions: ['v1alpha1', 'v1beta1'] },
  { name: 'discovery.k8s.io', versions: ['v1'] },
];
const type = (group: string, version: string, kind: string, verbs = ['list']): ResourceType => ({
  group,
  version,
  kind,
  plural: `${kind.toLowerCase()}s`,
  isNamespaced: true,
  verbs,
});
const types = [
  type('', 'v1', 'Pod'),
  type('', 'v1', 'Binding', ['create']),
  type('apps', 'v1', 'DaemonSet'),
  type('apps.kruise.io', 'v1alpha1', 'DaemonSet'),
  type('apps.kruise.io', 'v1beta1', 'StatefulSet'),
];

test('groups that were added come before those of every cluster', () => {
  expect(inTreeOrder(groups).map(({ name }) => name)).toEqual([
    'apps.kruise.io',
    '',
    'apps',
    'discovery.k8s.io',
  ]);
});

test.each([
  ['daemon', ['apps.kruise.io/v1alpha1 DaemonSet', 'apps/v1 DaemonSet']],
  ['KRUISE', ['apps.kruise.io/v1alpha1 DaemonSet', 'apps.kruise.io/v1beta1 StatefulSet']],
  ['binding', []],
  ['nothing', []],
])('a search for %j', (word, expected) => {
  const found = searchTree(groups, types, word).flatMap(({ name, versions }) =>
    versions.flatMap(({ version, kinds }) => (kinds ?? []).map(({ kind }) => `${name}/${version} ${kind}`)),
  );
  expect(found).toEqual(expected);
});
