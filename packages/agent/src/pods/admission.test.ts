import { expect, test } from 'vitest';
import type { PodSpec } from '@skerry/api';
import { createAdmission } from '#pods/admission.ts';
import { testContainer, testPod } from '#testing/pods.ts';

const admit = createAdmission({
  node: () => ({
    metadata: { name: 'n', labels: { disk: 'ssd' } },
    status: { allocatable: { cpu: '64', 'x.example/told': '5' } },
  }),
  resources: () => ({ cpu: '2', memory: '1Gi', pods: '3', 'x.example/gpu': '1' }),
  pods: () => [asking({ cpu: '1' }, 'other', port('10.0.0.1', 80))],
});

function port(hostIP: string, hostPort: number): Partial<PodSpec> {
  return {
    containers: [
      testContainer('a', {
        resources: { requests: { cpu: '1' } },
        ports: [{ containerPort: 1, hostIP, hostPort }],
      }),
    ],
  };
}

function asking(requests: Record<string, string>, uid = 'new', spec: Partial<PodSpec> = {}) {
  const pod = testPod({ containers: [testContainer('a', { resources: { requests } })], ...spec });
  pod.metadata.uid = uid;
  return pod;
}

test('what fits is taken', () => {
  expect(admit(asking({ cpu: '1', memory: '1Gi', 'x.example/gpu': '1' }))).toBeUndefined();
});

test('a port that only another address has is free', () => {
  expect(admit(asking({}, 'new', port('10.0.0.2', 80)))).toBeUndefined();
});

test('what someone else wrote into the status of the Node is there to be had', () => {
  expect(admit(asking({ 'x.example/told': '5' }))).toBeUndefined();
  expect(admit(asking({ 'x.example/told': '6' }))?.reason).toBe('OutOfx.example/told');
});

test.each([
  [
    asking({ cpu: '1500m' }),
    'OutOfcpu',
    "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
  ],
  [
    asking({ 'x.example/gpu': '2' }),
    'OutOfx.example/gpu',
    "Node didn't have enough resource: x.example/gpu, requested: 2, used: 0, capacity: 1",
  ],
  [
    asking({}, 'new', { nodeSelector: { disk: 'hdd' } }),
    'NodeAffinity',
    "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  ],
  [
    asking({}, 'new', {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'NotIn', values: ['ssd'] }] }],
          },
        },
      },
    }),
    'NodeAffinity',
    "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  ],
  [
    asking({}, 'new', port('0.0.0.0', 80)),
    'NodePorts',
    "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  ],
])('what does not fit is refused', (pod, reason, message) => {
  expect(admit(pod)).toEqual({ reason, message });
});
