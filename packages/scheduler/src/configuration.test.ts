import type { Node, Pod } from '@skerry/api';
import { systemClock } from '@skerry/base';
import { eventually, recordingLogger } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient, recordingEvents } from '@skerry/client/testing';
import { describe, expect, it } from 'vitest';
import { Cluster } from '#cluster.ts';
import { schedulerConfiguration } from '#configuration.ts';
import { podInfoOf } from '#pod-info.ts';
import { scheduleOne } from '#schedule-one.ts';
import { runScheduler } from '#scheduler.ts';
import { node, pod } from '#testing/objects.ts';

const configuration = (fields: object = {}) => ({
  apiVersion: 'kubescheduler.config.k8s.io/v1',
  kind: 'KubeSchedulerConfiguration',
  ...fields,
});
const profileWith = (fields: object) =>
  schedulerConfiguration(configuration({ profiles: [fields] })).profiles[0]!;

describe('a configuration of the scheduler', () => {
  const gpu = { 'nvidia.com/gpu': '2' };
  function decide(profile: object, wanted: Pod, nodes: Node[], running: Pod[] = []): string {
    const cluster = new Cluster();
    for (const each of nodes) cluster.setNode(each);
    for (const each of running) cluster.placePod(podInfoOf(each), each.spec!.nodeName!);
    const decision = scheduleOne(cluster, podInfoOf(wanted, profileWith(profile)));
    return 'node' in decision ? decision.node : decision.unschedulable;
  }
  const args = (name: string, given: object) => ({ pluginConfig: [{ name, args: given }] });
  const strategy = (type: string, resource: string, more: object = {}) =>
    args('NodeResourcesFit', {
      scoringStrategy: { type, resources: [{ name: resource, weight: 1 }], ...more },
    });
  const onlyFit = { score: { disabled: [{ name: '*' }], enabled: [{ name: 'NodeResourcesFit' }] } };
  const two = [node('a', { allocatable: gpu }), node('b', { allocatable: gpu })];
  const taken = [pod('r', { requests: { 'nvidia.com/gpu': '1', cpu: '1' }, nodeName: 'b' })];
  const wanted = pod('p', { requests: { 'nvidia.com/gpu': '1', cpu: '1' } });

  it('packs or spreads by the resources it names', () => {
    const with_ = (config: object) => ({ plugins: onlyFit, ...config });
    expect(decide(with_(strategy('MostAllocated', 'nvidia.com/gpu')), wanted, two, taken)).toBe('b');
    expect(decide(with_(strategy('LeastAllocated', 'nvidia.com/gpu')), wanted, two, taken)).toBe('a');
    const shape = [
      { utilization: 0, score: 0 },
      { utilization: 100, score: 10 },
    ];
    const packing = strategy('RequestedToCapacityRatio', 'cpu', { requestedToCapacityRatio: { shape } });
    expect(decide(with_(packing), wanted, two, taken)).toBe('b');
  });

  it('takes filters out, leaves resources alone, and adds affinity', () => {
    const cordoned = [node('a', { unschedulable: true })];
    expect(decide({}, pod('p'), cordoned)).toContain('node(s) were unschedulable');
    const without = { plugins: { multiPoint: { disabled: [{ name: 'NodeUnschedulable' }] } } };
    expect(decide(without, pod('p'), cordoned)).toBe('a');
    const greedy = pod('p', { requests: { 'example.com/x': '1' } });
    expect(decide({}, greedy, two)).toContain('Insufficient example.com/x');
    expect(decide(args('NodeResourcesFit', { ignoredResourceGroups: ['example.com'] }), greedy, two)).toBe(
      'a',
    );
    const terms = [{ matchExpressions: [{ key: 'pool', operator: 'In', values: ['x'] }] }];
    const addedAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
    expect(decide(args('NodeAffinity', { addedAffinity }), pod('p'), two)).toBe(
      "0/2 nodes are available: 2 node(s) didn't match scheduler-enforced node affinity.",
    );
  });

  it('spreads pods of one controller by constraints of its own', () => {
    const defaultConstraints = [
      { topologyKey: 'kubernetes.io/hostname', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' },
    ];
    const spread = args('PodTopologySpread', { defaultConstraints, defaultingType: 'List' });
    const running = [pod('r', { owner: 'web', nodeName: 'a' })];
    const packed = [node('a'), node('b', { allocatable: { cpu: '0', memory: '1Gi' } })];
    expect(decide(spread, pod('p', { owner: 'web' }), packed, running)).toBe('b');
  });

  it('keeps what it is not told, and weighs what it is', () => {
    const plain = schedulerConfiguration(configuration());
    expect(plain).toMatchObject({ podInitialBackoffSeconds: 1, podMaxBackoffSeconds: 10, ignored: [] });
    expect(plain.profiles.map(({ schedulerName }) => schedulerName)).toEqual(['default-scheduler']);
    expect(plain.profiles[0]?.scores.map(([, weight]) => weight)).toEqual([3, 2, 1, 2, 2, 1, 1]);
    const heavy = profileWith({ plugins: { score: { enabled: [{ name: 'ImageLocality', weight: 9 }] } } });
    expect(heavy.scores.map(([, weight]) => weight)).toEqual([3, 2, 1, 2, 2, 1, 9]);
    expect(schedulerConfiguration(configuration({ parallelism: 16 })).ignored).toEqual(['parallelism']);
  });

  it.each<[string, object, string]>([
    ['another kind', { kind: 'Deployment' }, 'must be a KubeSchedulerConfiguration'],
    ['an unknown field', { profile: [] }, 'unknown field "profile"'],
    ['extenders', { extenders: [{ urlPrefix: 'http://x' }] }, 'extenders: there are none here'],
    ['two of one name', { profiles: [{}, {}] }, 'Duplicate value: "default-scheduler"'],
    [
      'a plug-in that is not there',
      { profiles: [{ plugins: { score: { enabled: [{ name: 'Mine' }] } } }] },
      'there is no plug-in "Mine"',
    ],
    [
      'no binder',
      { profiles: [{ plugins: { bind: { disabled: [{ name: 'DefaultBinder' }] } } }] },
      "DefaultBinder can't be taken out",
    ],
    [
      'arguments of the wrong kind',
      { profiles: [args('InterPodAffinity', { hardPodAffinityWeight: 101 })] },
      'hardPodAffinityWeight: must be a whole number from 0 to 100',
    ],
    ['backoffs that cross', { podInitialBackoffSeconds: 20 }, 'podMaxBackoffSeconds: must be greater'],
  ])('says what is wrong with %s', (_what, fields, message) => {
    expect(() => schedulerConfiguration(configuration(fields))).toThrow(message);
  });
});

it('several scheduler names are served, and pods of others left alone', async () => {
  const client = new FakeApiClient({ clock: systemClock });
  client.seed(resources.nodes, node('a', { unschedulable: true }));
  for (const schedulerName of ['default-scheduler', 'eager', 'foreign'])
    client.seed(resources.pods, pod(`of-${schedulerName}`, { schedulerName }));
  const events = recordingEvents();
  const stop = new AbortController();
  const done = runScheduler({
    client,
    clock: systemClock,
    log: recordingLogger(),
    random: () => 0,
    signal: stop.signal,
    events,
    configuration: schedulerConfiguration(
      configuration({
        profiles: [
          {},
          {
            schedulerName: 'eager',
            plugins: { filter: { disabled: [{ name: 'NodeUnschedulable' }] } },
          },
        ],
      }),
    ),
  });
  await eventually(() =>
    expect(events.lines.toSorted()).toEqual([
      'Normal Scheduled: Successfully assigned default/of-eager to a',
      expect.stringContaining(
        'Warning FailedScheduling: 0/1 nodes are available: 1 node(s) were unschedulable.',
      ),
    ]),
  );
  stop.abort();
  await done;
});
