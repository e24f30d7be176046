import { FakeClock } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import type { Pod } from '@skerry/api';
import { containerConfig } from '#pods/container-config.ts';
import { sandboxConfig } from '#pods/sandbox-config.ts';
import { createSimulatedRuntime } from '#simulated/runtime.ts';
import { testContainer, testPod } from '#testing/pods.ts';

const image = { id: 'i', tags: [], digests: [], sizeBytes: 1, pinned: false };

/** The pod's containers, all started at once, in a runtime whose time the test moves. */
async function started(annotations: Record<string, string>, ranges: readonly string[] = []) {
  const pod: Pod = testPod({
    initContainers: [testContainer('first'), testContainer('side', { restartPolicy: 'Always' })],
  });
  pod.metadata.annotations = annotations;
  const clock = new FakeClock();
  const runtime = createSimulatedRuntime({ clock, podCidrs: () => ranges, writeLogs: false });
  const facts = { cgroupRoot: '/', logRoot: '/', clusterDns: { domain: 'c', servers: [] }, hostDns: noDns };
  const sandbox = sandboxConfig(pod, 0, facts);
  const sandboxId = await runtime.runSandbox(sandbox);
  for (const container of [...pod.spec!.initContainers!, ...pod.spec!.containers]) {
    const parts = {
      image,
      env: [],
      mounts: [],
      restartCount: 0,
      terminationMessageFile: '',
      memoryCapacityBytes: 0,
    };
    const id = await runtime.createContainer(sandboxId, containerConfig(pod, container, parts), sandbox);
    await runtime.startContainer(id);
  }
  const states = async () => {
    const containers = await runtime.listContainers();
    const statuses = await Promise.all(containers.map(({ id }) => runtime.containerStatus(id)));
    return Object.fromEntries(
      statuses.map(({ name, state, exitCode, reason }) => [
        name,
        state === 'exited' ? `${reason} ${exitCode}` : state,
      ]),
    );
  };
  return { clock, runtime, sandboxId, states };
}

const noDns = { servers: [], searches: [], options: [] };

test.each([
  [[], ['10.255.0.2'], ['10.255.0.3']],
  [['10.12.3.0/24'], ['10.12.3.2'], ['10.12.3.3']],
  [
    ['10.12.3.0/24', 'fd00:10:12:3::/64'],
    ['10.12.3.2', 'fd00:10:12:3::2'],
    ['10.12.3.3', 'fd00:10:12:3::3'],
  ],
])('with ranges %j a pod has %j, and the next %j', async (ranges, first, second) => {
  const { runtime, sandboxId } = await started({}, ranges);
  expect((await runtime.sandboxStatus(sandboxId)).addresses).toEqual(first);
  const facts = { cgroupRoot: '/', logRoot: '/', clusterDns: { domain: 'c', servers: [] }, hostDns: noDns };
  const other = await runtime.runSandbox(sandboxConfig(testPod({}), 0, facts));
  expect((await runtime.sandboxStatus(other)).addresses).toEqual(second);
});

test('init containers end at once, others run until they are stopped', async () => {
  const { clock, runtime, sandboxId, states } = await started({});
  await clock.advance(1_000_000);
  expect(await states()).toEqual({ first: 'Completed 0', side: 'running', main: 'running' });
  await runtime.stopSandbox(sandboxId);
  expect(await states()).toEqual({ first: 'Completed 0', side: 'Error 137', main: 'Error 137' });
});

test.each([
  { exitCode: undefined, ended: 'Completed 0' },
  { exitCode: '3', ended: 'Error 3' },
])('a main container ends as the annotations of its pod say: $ended', async ({ exitCode, ended }) => {
  const annotations: Record<string, string> = { 'skerry.io/simulated-run-seconds': '2.5' };
  if (exitCode !== undefined) annotations['skerry.io/simulated-exit-code'] = exitCode;
  const { clock, runtime, states } = await started(annotations);
  let changes = 0;
  runtime.onChange?.(() => changes++, new AbortController().signal);
  await clock.advance(2_499);
  expect((await states())['main']).toBe('running');
  changes = 0;
  await clock.advance(1);
  expect(await states()).toEqual({ first: 'Completed 0', side: 'running', main: ended });
  expect(changes).toBe(1);
});

test('whoever listens knows of every change what is there after it', async () => {
  const { runtime, sandboxId } = await started({});
  const [container] = await runtime.listContainers();
  const all = () => Promise.all([runtime.listSandboxes(), runtime.listContainers()]);
  let heard: ReturnType<typeof all>[] = [];
  runtime.onChange?.(() => void heard.push(all()), new AbortController().signal);
  const facts = { cgroupRoot: '/', logRoot: '/', clusterDns: { domain: 'c', servers: [] }, hostDns: noDns };
  for (const change of [
    () => runtime.stopContainer(container!.id, 0),
    () => runtime.removeContainer(container!.id),
    () => runtime.stopSandbox(sandboxId),
    () => runtime.removeSandbox(sandboxId),
    () => runtime.runSandbox(sandboxConfig(testPod({}), 0, facts)),
  ]) {
    heard = [];
    await change();
    expect(await heard.at(-1)).toEqual(await all());
  }
});

test('nothing waits for the end of a container that is gone', async () => {
  const { clock, runtime, sandboxId } = await started({ 'skerry.io/simulated-run-seconds': '60' });
  await clock.advance(1);
  expect(clock.pendingTimers).toBe(1);
  await runtime.removeSandbox(sandboxId);
  expect(clock.pendingTimers).toBe(0);
});

test.each([
  [
    { 'skerry.io/simulated-run-seconds': 'soon' },
    'skerry.io/simulated-run-seconds: "soon" is no number between 0 and 2000000',
  ],
  [
    { 'skerry.io/simulated-run-seconds': '1', 'skerry.io/simulated-exit-code': '256' },
    'skerry.io/simulated-exit-code: "256" is no number between 0 and 255',
  ],
] as [Record<string, string>, string][])(
  'refuses annotations that mean nothing: %j',
  async (annotations, message) => {
    await expect(started(annotations)).rejects.toThrow(message);
  },
);
