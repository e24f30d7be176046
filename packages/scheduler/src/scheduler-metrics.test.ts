/** What `/metrics` tells of pods that were placed and refused, under the names and labels of kube-scheduler. */
import { MetricRegistry, systemClock } from '@skerry/base';
import { eventually, recordingLogger } from '@skerry/base/testing';
import type { Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import { FakeApiClient, recordingEvents } from '@skerry/client/testing';
import { afterEach, expect, test } from 'vitest';
import { runScheduler } from '#scheduler.ts';
import { node, pod } from '#testing/objects.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A pod for one of two nodes, a pod for none, and then a node that may help it. */
async function play({ random }: { readonly random: () => number }) {
  const client = new FakeApiClient({ clock: systemClock });
  for (const name of ['a', 'b']) client.seed(resources.nodes, node(name));
  client.seed(resources.pods, pod('placed'));
  client.seed(resources.pods, pod('refused', { requests: { 'nvidia.com/gpu': '1' } }));
  const metrics = new MetricRegistry();
  const stop = new AbortController();
  const [log, events] = [recordingLogger(), recordingEvents()];
  const { signal } = stop;
  const done = runScheduler({ client, clock: systemClock, log, random, signal, events, metrics });
  stops.push(async () => {
    stop.abort();
    await done;
  });
  const get = (name: string) => client.resource<Pod>(resources.pods).get(name, { namespace: 'default' });
  await eventually(async () => {
    expect((await get('placed')).spec?.nodeName).toBeDefined();
    expect((await get('refused')).status?.conditions?.[0]).toMatchObject({ status: 'False' });
  });
  const waiting = metrics.render();
  client.seed(resources.nodes, node('c', { allocatable: { 'nvidia.com/gpu': '1' } }));
  await eventually(async () => expect((await get('refused')).spec?.nodeName).toBe('c'));
  await eventually(() => expect(metrics.render()).toContain('scheduler_pod_scheduling_attempts_count 2'));
  return { waiting, page: metrics.render() };
}

const counted = (page: string, series: string) =>
  Number(new RegExp(`^${series.replaceAll(/[{}]/g, '\\$&')} (\\d+)`, 'm').exec(page)?.[1] ?? 0);

test('a cycle tells of its extension points and of the plug-ins that it asked', async () => {
  const { waiting, page } = await play({ random: () => 0.05 });
  const profile = 'profile="default-scheduler"';
  const points: readonly (readonly [point: string, status: string])[] = [
    ['PreFilter', 'Success'],
    ['Filter', 'Success'],
    ['PreScore', 'Success'],
    ['Score', 'Success'],
    ['PostFilter', 'Unschedulable'],
    ['Reserve', 'Success'],
    ['Bind', 'Success'],
  ];
  for (const [point, status] of points) {
    const labels = `{extension_point="${point}",status="${status}",${profile}}`;
    const series = `scheduler_framework_extension_point_duration_seconds_count${labels}`;
    expect(counted(page, series), series).toBeGreaterThan(0);
  }
  const evaluations = (plugin: string, point: string) =>
    counted(
      page,
      `scheduler_plugin_evaluation_total{plugin="${plugin}",extension_point="${point}",${profile}}`,
    );
  // Two nodes for each of two pods, and three when the one that waits is tried again.
  expect(evaluations('NodeResourcesFit', 'Filter')).toBe(7);
  expect(evaluations('NodeResourcesFit', 'PreFilter')).toBe(3);
  expect(evaluations('NodeResourcesFit', 'Score')).toBe(2);
  const took = (plugin: string, point: string, status: string) =>
    counted(
      page,
      `scheduler_plugin_execution_duration_seconds_count{plugin="${plugin}",extension_point="${point}",status="${status}"}`,
    );
  expect(took('NodeResourcesFit', 'Filter', 'Unschedulable')).toBe(0);
  expect(took('NodeResourcesFit', 'Filter', 'UnschedulableAndUnresolvable')).toBe(4);
  expect(took('NodeResourcesFit', 'Filter', 'Success')).toBe(3);
  expect(took('DefaultBinder', 'Bind', 'Success')).toBe(2);
  expect(waiting).toContain(`scheduler_unschedulable_pods{plugin="NodeResourcesFit",${profile}} 1`);
  expect(page).not.toContain('scheduler_unschedulable_pods{');
});

test('single plug-ins are timed in one cycle of ten', async () => {
  const { page } = await play({ random: () => 0.5 });
  expect(page).toContain('scheduler_plugin_evaluation_total{');
  expect(page).not.toContain('scheduler_plugin_execution_duration_seconds_count{');
});

test('what woke a pod is called as kube-scheduler calls it', async () => {
  const { page } = await play({ random: () => 0.5 });
  const hint =
    'scheduler_queueing_hint_execution_duration_seconds_count{plugin="NodeResourcesFit",event="NodeAdd",hint="Queue"}';
  expect(counted(page, hint)).toBe(1);
  for (const event of ['NodeAdd', 'UnschedulablePodAdd', 'AssignedPodAdd'])
    expect(
      counted(page, `scheduler_event_handling_duration_seconds_count{event="${event}"}`),
      event,
    ).toBeGreaterThan(0);
  expect(
    counted(page, 'scheduler_queue_incoming_pods_total{queue="active",event="UnschedulablePodAdd"}'),
  ).toBe(2);
});
