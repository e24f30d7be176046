import { parseFieldSelector } from '@skerry/api';
import { describe, expect, test } from 'vitest';
import { knownFields, type Selectable } from '#list/selectable-fields.ts';

const pod = { group: '', version: 'v1', kind: 'Pod', selectableFields: ['spec.nodeName'] };
const configMap = { group: '', version: 'v1', kind: 'ConfigMap', selectableFields: [] };
const node = { group: '', version: 'v1', kind: 'Node', selectableFields: ['spec.unschedulable'] };
const job = { group: 'batch', version: 'v1', kind: 'Job', selectableFields: ['status.successful'] };
const slice = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  selectableFields: ['spec.driver'],
};
const replicaSet = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  selectableFields: ['status.replicas'],
};

const read = (text: string, kind: Selectable, custom = false) =>
  knownFields(parseFieldSelector(text), kind, { custom });

describe('a field that the kind is not selected by', () => {
  test.for([
    ['pods', pod, 'spec.x', 'field label not supported: spec.x'],
    [
      'config maps',
      configMap,
      'spec.x',
      '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
    ['nodes, their namespace', node, 'metadata.namespace', 'field label not supported: metadata.namespace'],
    ['jobs', job, 'spec.x', 'field label "spec.x" not supported for Job'],
    [
      'resource slices',
      slice,
      'spec.x',
      'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.x',
    ],
    [
      'replica sets',
      replicaSet,
      'status.replicas',
      '"status.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
  ] as const)('is told of %s as Kubernetes tells it', ([, kind, field, message]) => {
    expect(() => read(`${field}=1`, kind)).toThrow(message);
  });

  test('is told of a custom resource', () => {
    expect(() => read('spec.x=1', configMap, true)).toThrow('field label not supported: spec.x');
  });
});

test('pods are found by the older name of their node', () => {
  expect(read('spec.host=n', pod).exact('spec.nodeName')).toBe('n');
});

test('name and namespace select any other kind', () => {
  expect(read('metadata.name=a,metadata.namespace!=b', configMap).requirements).toHaveLength(2);
});
