import { expect, test } from 'vitest';
import type { Pod, ResourceRequirements } from '@skerry/api';
import { containerResources, podCgroup, podCgroupResources, qosCgroups, qosClass } from '#pods/resources.ts';
import { weightOfShares } from '#machine/cgroups.ts';
import { testContainer, testPod } from '#testing/pods.ts';

const pod = (...all: ResourceRequirements[]) =>
  testPod({ containers: all.map((resources, index) => testContainer(`c${index}`, { resources })) });
const full = { cpu: '1', memory: '1Gi' };

test.each<[string, ResourceRequirements[], string]>([
  ['BestEffort', [{}, {}], '/x/besteffort/podu1'],
  ['Burstable', [{ requests: { cpu: '1m' } }, {}], '/x/burstable/podu1'],
  ['Burstable', [{ limits: full }, {}], '/x/burstable/podu1'],
  ['Guaranteed', [{ limits: full }, { limits: full, requests: full }], '/x/podu1'],
])('%s: %j', (expected, resources, group) => {
  expect(qosClass(pod(...resources))).toBe(expected);
  expect(podCgroup('/x', pod(...resources))).toBe(group);
});

test.each<[ResourceRequirements, object]>([
  [{}, { cpuShares: 2, oomScoreAdj: 1000 }],
  [{ requests: { cpu: '100m', memory: '256Mi' } }, { cpuShares: 102, oomScoreAdj: 750 }],
  [
    { limits: { cpu: '1500m', memory: '64Mi' } },
    { cpuShares: 1536, cpuQuota: 150_000, cpuPeriod: 100_000, memoryLimitBytes: 67_108_864 },
  ],
  [{ limits: full }, { oomScoreAdj: -997 }],
])('%j becomes %j', (resources, expected) => {
  const made = pod(resources);
  const [container] = made.spec?.containers ?? [];
  if (!container) throw new Error('the pod has a container');
  expect(containerResources(made, container, { memoryCapacityBytes: 2 ** 30 })).toMatchObject(expected);
});

test('the group of a pod is limited only when all its containers are', () => {
  expect(podCgroupResources(pod({ limits: full }, {}))).toEqual({ cpuShares: 1024 });
  expect(podCgroupResources(pod({ limits: full }, { limits: full }))).toMatchObject({
    cpuQuota: 200_000,
    memoryLimitBytes: 2 ** 31,
  });
});

test('pods of a class weigh together what they ask for, and those that ask for nothing what others leave', () => {
  const small = pod({ requests: { cpu: '250m' } });
  const large = pod({ requests: { cpu: '1' } }, { limits: { memory: '1Gi' } });
  const guaranteed = pod({ limits: full, requests: full });
  const sharesOf = (pods: readonly Pod[]) =>
    qosCgroups('/x', pods).map(({ path, resources }) => [path, resources.cpuShares]);
  expect(sharesOf([small, large, guaranteed, pod({})])).toEqual([
    ['/x/burstable', 1280],
    ['/x/besteffort', 2],
  ]);
  expect(sharesOf([guaranteed, pod({})])).toEqual([
    ['/x/burstable', 2],
    ['/x/besteffort', 2],
  ]);
});

test('what an init container needs at its time counts where it is more', () => {
  const waits = testPod({
    initContainers: [testContainer('init', { resources: { requests: { cpu: '3' } } })],
    containers: [testContainer('c0', { resources: { requests: { cpu: '1' } } })],
  });
  expect(qosCgroups('/x', [waits])[0]?.resources.cpuShares).toBe(3072);
  expect(podCgroupResources(waits).cpuShares).toBe(3072);
});

test('an init container that runs before the others adds nothing to what the group may use', () => {
  const limited = (name: string) => testContainer(name, { resources: { limits: full } });
  const made = testPod({ initContainers: [limited('init')], containers: [limited('main')] });
  expect(podCgroupResources(made)).toEqual({
    cpuShares: 1024,
    cpuQuota: 100_000,
    cpuPeriod: 100_000,
    memoryLimitBytes: 2 ** 30,
  });
});

test('a limit of the pod as a whole holds for its group', () => {
  const made = testPod({ containers: [testContainer('main')], resources: { limits: { memory: '64Mi' } } });
  expect(podCgroupResources(made).memoryLimitBytes).toBe(64 * 2 ** 20);
});

test('shares keep their proportions as weights', () => {
  expect([2, 1024, 262_144].map(weightOfShares)).toEqual([1, 39, 10_000]);
});
