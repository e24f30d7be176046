import type { AnyObject } from '@skerry/api';
import { beforeEach, expect, test } from 'vitest';
import { nodeDeclaredFeatures, podResize } from '#admission/pod-resize.ts';
import { ObjectTable, admissionContext } from '#testing/object-table.ts';

let table: ObjectTable;
beforeEach(() => {
  table = new ObjectTable();
});

const node = (more: { os?: string; features?: string[] } = {}) =>
  table.put(
    { group: '', resource: 'nodes' },
    {
      metadata: { name: 'n', labels: more.os ? { 'kubernetes.io/os': more.os } : {} },
      status: { allocatable: { cpu: '1', memory: '1Gi' }, declaredFeatures: more.features },
    },
  );

function pod(generation: number, spec: object): AnyObject {
  return {
    metadata: { name: 'p', namespace: 'ns', generation },
    spec: { nodeName: 'n', containers: [], ...spec },
  };
}

const asking = (cpu: string) => ({ containers: [{ name: 'a', resources: { requests: { cpu } } }] });

function resize(plugin: typeof podResize, from: object, to: object, generation = 2): void {
  void plugin({ read: table.read }).validate!(
    admissionContext({
      operation: 'UPDATE',
      subresource: 'resize',
      object: pod(generation, to),
      oldObject: pod(1, from),
    }),
  );
}

test('a pod is resized within what its node has', () => {
  node();
  resize(podResize, asking('100m'), asking('1'));
  expect(() => resize(podResize, asking('100m'), asking('1500m'))).toThrow(
    expect.objectContaining({
      code: 403,
      message:
        'pods "p" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 1500, allocatable: 1000',
      status: expect.objectContaining({
        details: expect.objectContaining({ causes: [{ reason: 'NodeCapacity' }] }) as unknown,
      }) as unknown,
    }),
  );
});

test('what changes nothing of the spec is asked nothing', () => {
  node();
  resize(podResize, asking('5'), asking('5'), 1);
});

test.each([
  ['a node that is not there', () => undefined, 'pods "p" is forbidden: node "n" not found'],
  [
    'a node that runs no Linux',
    () => node({ os: 'windows' }),
    'pods "p" is forbidden: pod resize is only supported on linux nodes, node "n" is "windows"',
  ],
])('a pod is not resized on %s', (_, seed, message) => {
  seed();
  expect(() => resize(podResize, asking('1'), asking('2'))).toThrow(expect.objectContaining({ message }));
});

const whole = { resources: { requests: { cpu: '1' } } };
const starting = { initContainers: [{ name: 'i', resources: { requests: { cpu: '1' } } }] };

test.each([
  ['the pod as a whole', whole, 'InPlacePodLevelResourcesVerticalScaling'],
  ['an init container', starting, 'InPlacePodVerticalScalingInitContainers'],
])('to resize %s takes a node that declares it', (_, to, feature) => {
  const from = to === starting ? { initContainers: [{ name: 'i' }] } : {};
  node();
  expect(() => resize(nodeDeclaredFeatures, from, to)).toThrow(
    `pods "p" is forbidden: pod update requires features ${feature} which are not available on node "n"`,
  );
  node({ features: [feature] });
  resize(nodeDeclaredFeatures, from, to);
});

test('to resize a sidecar takes no feature', () => {
  const sidecar = (cpu: string) => ({
    initContainers: [{ name: 'i', restartPolicy: 'Always', resources: { requests: { cpu } } }],
  });
  node();
  resize(nodeDeclaredFeatures, sidecar('1'), sidecar('2'));
});
