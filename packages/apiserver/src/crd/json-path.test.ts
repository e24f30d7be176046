import { expect, test } from 'vitest';
import { findByPath, parseJsonPath } from '#crd/json-path.ts';

const object = {
  metadata: { labels: { 'a.b/c': 'x' } },
  spec: { replicas: 3, list: ['a', 'b'] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True', count: 2 },
      { type: 'Synced', status: 'False', count: 1 },
    ],
  },
};

const cases: [path: string, expected: unknown[]][] = [
  ['.spec.replicas', [3]],
  ['{.spec.replicas}', [3]],
  ['$.spec.replicas', [3]],
  ['spec.replicas', [3]],
  ['.spec.list[1]', ['b']],
  ['.spec.list[-1]', ['b']],
  ['.spec.list[*]', ['a', 'b']],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  [".status.conditions[?(@.type=='Synced')].status", ['False']],
  ['.status.conditions[?(@.type!="Ready")].type', ['Synced']],
  ['.status.conditions[?(@.count==2)].type', ['Ready']],
  [".metadata.labels['a.b/c']", ['x']],
  ['.metadata.labels.a\\.b/c', ['x']],
  ['.spec.missing.deeper', []],
];

test.each(cases)('%s', (path, expected) => {
  expect(findByPath(object, parseJsonPath(path)!)).toEqual(expected);
});

test.each(['.spec[', '.spec..x[', '[?(@.a>1)]'])('%s is not understood', (path) => {
  expect(parseJsonPath(path)).toBeUndefined();
});
