import type { Node, Pod } from '@skerry/api';
import { expect, test } from 'vitest';
import { controllerView } from '#runtime/controller-view.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'a',
    namespace: 'default',
    resourceVersion: '7',
    annotations: { 'controller.kubernetes.io/pod-deletion-cost': '3' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true }],
  },
  spec: {
    nodeName: 'n1',
    tolerations: [{ key: 'k', operator: 'Exists' }],
    containers: [{ name: 'main', ports: [{ name: 'http', containerPort: 80 }] }],
  },
  status: {
    phase: 'Running',
    containerStatuses: [{ name: 'main', ready: true, restartCount: 2, image: 'i', imageID: 'd' }],
  },
};

test('a pod keeps what controllers decide by', () => {
  expect(controllerView(structuredClone(pod))).toEqual(pod);
});

test('a pod that has no node yet keeps what says where it is meant for', () => {
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
  };
  const given = { ...pod, spec: { ...pod.spec!, nodeName: undefined, affinity } };
  expect(controllerView(structuredClone(given))).toEqual(given);
});

test('a pod loses what none reads', () => {
  const given = structuredClone(pod);
  Object.assign(given.metadata.annotations!, { 'kubectl.kubernetes.io/last-applied-configuration': '{…}' });
  given.metadata.managedFields = [{ manager: 'm' }];
  given.spec!.volumes = [{ name: 'v', emptyDir: {} }];
  Object.assign(given.spec!.containers[0]!, { image: 'i', env: [{ name: 'A', value: 'b' }] });
  expect(controllerView(given)).toEqual(pod);
});

test('another object keeps everything but its managed fields', () => {
  const node: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1' },
    spec: { podCIDR: '10.0.0.0/24' },
  };
  const given = { ...node, metadata: { ...node.metadata, managedFields: [{ manager: 'm' }] } };
  expect(controllerView(given)).toEqual(node);
});
