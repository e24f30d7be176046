import { expect, test } from 'vitest';
import type { Pod } from '@skerry/api';
import { computeActions, type Verdicts } from '#pods/actions.ts';
import { annotation } from '#pods/labels.ts';
import { metadataHash } from '#pods/metadata-environment.ts';
import type { RuntimePod } from '#pods/runtime-pod.ts';
import { testContainer, testPod, testRuntimePod, testSandbox, testStatus } from '#testing/pods.ts';

const content: Verdicts = { failed: () => undefined, started: () => true, resized: () => false };

/** What is to be done, as words: `sandbox 0`, `start a`, `kill a`, `end`. */
function plan(pod: Pod, runtime: RuntimePod | undefined, verdicts: Verdicts = content): string[] {
  const actions = computeActions(pod, runtime, verdicts);
  if (actions.type === 'end') return ['end'];
  const start = actions.start.map(({ name }) => `start ${name}`);
  if (actions.type === 'create-sandbox') return [`sandbox ${actions.attempt}`, ...start];
  return [...actions.kill.map(({ container, reason }) => `kill ${container.name} for ${reason}`), ...start];
}

const a = testContainer('a');
const b = testContainer('b');
const init = testContainer('init');
const later = testContainer('later');
const side = testContainer('side', { restartPolicy: 'Always' });
const pod = (spec: Parameters<typeof testPod>[0]) => testPod({ containers: [a], ...spec });

/** Reads the label `tier`. */
const reader = testContainer('a', {
  env: [{ name: 'TIER', valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } }],
});
function labelled(tier: string, state = ''): Pod {
  const made = testPod({ containers: [reader] });
  made.metadata.labels = { tier };
  made.metadata.annotations = { 'apps.kruise.io/inplace-update-state': state };
  return made;
}
function hasRead(tier: string) {
  const status = testStatus(reader, 'running');
  const read = metadataHash(labelled(tier), reader) ?? '';
  return { ...status, annotations: { ...status.annotations, [annotation.metadataHash]: read } };
}

const cases: [string, Pod, RuntimePod | undefined, string[]][] = [
  [
    'a new pod gets a sandbox and its containers',
    pod({ containers: [a, b] }),
    undefined,
    ['sandbox 0', 'start a', 'start b'],
  ],
  [
    'a new pod starts with its first init container',
    pod({ initContainers: [init, later] }),
    undefined,
    ['sandbox 0', 'start init'],
  ],
  ['a pod that runs is left alone', pod({}), testRuntimePod([testStatus(a, 'running')]), []],
  [
    'a container whose environment has read an old label is started anew where the pod asks for it',
    labelled('new', '{"updateEnvFromMetadata":true}'),
    testRuntimePod([hasRead('old')]),
    ['kill a for environment', 'start a'],
  ],
  [
    'a container that has read the label as it is now is left alone',
    labelled('new', '{"updateEnvFromMetadata":true}'),
    testRuntimePod([hasRead('new')]),
    [],
  ],
  [
    'a container keeps what it has read where nobody asks',
    labelled('new', '{"updateImages":true}'),
    testRuntimePod([hasRead('old')]),
    [],
  ],
  [
    'only what is missing is started',
    pod({ containers: [a, b] }),
    testRuntimePod([testStatus(a, 'running')]),
    ['start b'],
  ],
  [
    'a sandbox that broke is made again under the next attempt',
    pod({}),
    testRuntimePod([testStatus(a, 'exited', { exitCode: 1 })], [testSandbox({ ready: false, attempt: 3 })]),
    ['sandbox 4', 'start a'],
  ],
  [
    'a sandbox that lost its address is made again',
    pod({}),
    testRuntimePod([testStatus(a, 'running')], [testSandbox({ addresses: [] })]),
    ['sandbox 1', 'start a'],
  ],
  [
    'on the host network a sandbox needs no address',
    pod({ hostNetwork: true }),
    testRuntimePod([testStatus(a, 'running')], [testSandbox({ addresses: [] })]),
    [],
  ],
  [
    'a pod that must not restart ends when its sandbox broke',
    pod({ restartPolicy: 'Never' }),
    testRuntimePod([testStatus(a, 'exited')], [testSandbox({ ready: false })]),
    ['end'],
  ],
  ['Always restarts what ended well', pod({}), testRuntimePod([testStatus(a, 'exited')]), ['start a']],
  [
    'OnFailure leaves what ended well',
    pod({ restartPolicy: 'OnFailure' }),
    testRuntimePod([testStatus(a, 'exited')]),
    ['end'],
  ],
  [
    'OnFailure restarts what failed',
    pod({ restartPolicy: 'OnFailure' }),
    testRuntimePod([testStatus(a, 'exited', { exitCode: 2 })]),
    ['start a'],
  ],
  [
    'Never restarts nothing, but starts what has not run yet',
    pod({ restartPolicy: 'Never', containers: [a, b] }),
    testRuntimePod([testStatus(a, 'exited', { exitCode: 2 })]),
    ['start b'],
  ],
  [
    'a running init container is waited for',
    pod({ initContainers: [init] }),
    testRuntimePod([testStatus(init, 'running')]),
    [],
  ],
  [
    'init containers go one by one',
    pod({ initContainers: [init, later] }),
    testRuntimePod([testStatus(init, 'exited')]),
    ['start later'],
  ],
  [
    'main containers follow the last init container',
    pod({ initContainers: [init] }),
    testRuntimePod([testStatus(init, 'exited')]),
    ['start a'],
  ],
  [
    'a failed init container is tried again',
    pod({ initContainers: [init] }),
    testRuntimePod([testStatus(init, 'exited', { exitCode: 1 })]),
    ['start init'],
  ],
  [
    'a failed init container ends a pod that must not restart',
    pod({ restartPolicy: 'Never', initContainers: [init] }),
    testRuntimePod([testStatus(init, 'exited', { exitCode: 1 })]),
    ['end'],
  ],
  [
    'init containers that were cleaned away do not run again',
    pod({ initContainers: [init] }),
    testRuntimePod([testStatus(a, 'running')]),
    [],
  ],
  [
    'a sidecar runs before what follows it',
    pod({ initContainers: [side, later] }),
    testRuntimePod([testStatus(side, 'running')]),
    ['start later'],
  ],
  [
    'a sidecar that ended is started again beside the main containers',
    pod({ initContainers: [side] }),
    testRuntimePod([testStatus(a, 'running'), testStatus(side, 'exited', { exitCode: 1 })]),
    ['start side'],
  ],
  [
    'a pod whose main containers have ended does not live on for its sidecar',
    pod({ restartPolicy: 'Never', initContainers: [side] }),
    testRuntimePod([testStatus(a, 'exited'), testStatus(side, 'running')]),
    ['end'],
  ],
  [
    'a changed image replaces only its container',
    pod({ containers: [{ ...a, image: 'a:2' }, b] }),
    testRuntimePod([testStatus(a, 'running'), testStatus(b, 'running')]),
    ['kill a for image', 'start a'],
  ],
];

test.each(cases)('%s', (_, spec, runtime, expected) => {
  expect(plan(spec, runtime)).toEqual(expected);
});

test('a failing liveness probe replaces the container', () => {
  const runtime = testRuntimePod([testStatus(a, 'running'), testStatus(b, 'running')]);
  const probes = {
    ...content,
    failed: ({ name }: { name: string }) => (name === 'b' ? ('Liveness' as const) : undefined),
  };
  expect(plan(pod({ containers: [a, b] }), runtime, probes)).toEqual(['kill b for probe', 'start b']);
});

test('a failing liveness probe only ends a container that must not restart', () => {
  const probes = { ...content, failed: () => 'Liveness' as const };
  const actions = plan(pod({ restartPolicy: 'Never' }), testRuntimePod([testStatus(a, 'running')]), probes);
  expect(actions).toEqual(['kill a for probe']);
});

test('what follows a sidecar waits until its startup probe has passed', () => {
  const probes = { ...content, started: () => false };
  expect(
    plan(pod({ initContainers: [side] }), testRuntimePod([testStatus(side, 'running')]), probes),
  ).toEqual([]);
});

test('a size that takes a restart replaces the container', () => {
  const verdicts: Verdicts = { ...content, resized: ({ name }) => name === 'b' };
  const runtime = testRuntimePod([testStatus(a, 'running'), testStatus(b, 'running')]);
  expect(plan(pod({ containers: [a, b] }), runtime, verdicts)).toEqual(['kill b for resize', 'start b']);
});
