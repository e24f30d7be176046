import { expect, test } from 'vitest';
import { fresh, isRemakable, isSame } from './changes.ts';

const object = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'u1',
    resourceVersion: '7',
    generation: 2,
    annotations: { 'deployment.kubernetes.io/revision': '2', note: 'a' },
  },
  spec: { replicas: 2, paused: false },
  status: { replicas: 2 },
};

test.each([
  ['its status has moved on', { ...object, status: { replicas: 1 } }, true],
  [
    'the server has counted',
    { ...object, metadata: { ...object.metadata, resourceVersion: '9', generation: 3 } },
    true,
  ],
  ['fields stand in another order', { ...object, spec: { paused: false, replicas: 2 } }, true],
  [
    'its controller has noted a revision',
    {
      ...object,
      metadata: {
        ...object.metadata,
        annotations: { 'deployment.kubernetes.io/revision': '3', note: 'a' },
      },
    },
    true,
  ],
  ['somebody has scaled it', { ...object, spec: { replicas: 3, paused: false } }, false],
  [
    'somebody has annotated it',
    { ...object, metadata: { ...object.metadata, annotations: { note: 'b' } } },
    false,
  ],
])('an object is as it was left when %s: %j', (_, now, expected) => {
  expect(isSame(object, now)).toBe(expected);
});

test('what is made anew says nothing of which one it was', () => {
  expect(fresh(object)).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', annotations: object.metadata.annotations },
    spec: { replicas: 2, paused: false },
  });
});

test('what cannot be made again from its text is not offered', () => {
  expect(isRemakable('configmaps')).toBe(true);
  for (const resource of ['pods', 'nodes', 'secrets', 'namespaces', 'persistentvolumeclaims', 'jobs.batch'])
    expect(isRemakable(resource)).toBe(false);
});
