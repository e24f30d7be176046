import type { Node, Pod } from '@skerry/api';
import { ApiError } from '@skerry/api';
import { systemClock } from '@skerry/base';
import { eventually, recordingLogger } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient, recordingEvents } from '@skerry/client/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { runScheduler } from '#scheduler.ts';
import { node, pod } from '#testing/objects.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function start(seed: { nodes?: Node[]; pods?: Pod[] } = {}) {
  const client = new FakeApiClient({ clock: systemClock });
  for (const each of seed.nodes ?? []) client.seed(resources.nodes, each);
  for (const each of seed.pods ?? []) client.seed(resources.pods, each);
  const events = recordingEvents();
  const log = recordingLogger();
  const controller = new AbortController();
  const { signal } = controller;
  const random = () => 0.5;
  const done = runScheduler({ client, clock: systemClock, log, random, signal, events });
  stops.push(async () => {
    controller.abort();
    await done;
  });
  const get = (name: string) => client.resource<Pod>(resources.pods).get(name, { namespace: 'default' });
  const nodeOf = async (name: string) => (await get(name)).spec?.nodeName;
  const scheduled = async (name: string) =>
    (await get(name)).status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return { client, events, log, get, nodeOf, scheduled };
}

describe('the scheduler', () => {
  it('binds pods that were there before it and pods that come later', async () => {
    const { client, events, nodeOf } = start({ nodes: [node('a')], pods: [pod('p')] });
    await eventually(async () => expect(await nodeOf('p')).toBe('a'));
    await client.resource(resources.pods).create(pod('q'));
    await eventually(async () => expect(await nodeOf('q')).toBe('a'));
    expect(events.lines).toContain('Normal Scheduled: Successfully assigned default/p to a');
  });

  it('says why a pod waits, and binds it the moment a node that can take it joins', async () => {
    const { client, events, nodeOf, scheduled } = start({
      nodes: [node('a')],
      pods: [pod('p', { requests: { 'nvidia.com/gpu': '1' } })],
    });
    const message =
      '0/1 nodes are available: 1 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.';
    await eventually(async () =>
      expect(await scheduled('p')).toMatchObject({ status: 'False', reason: 'Unschedulable', message }),
    );
    expect(events.lines).toContain(`Warning FailedScheduling: ${message}`);
    client.seed(resources.nodes, node('b', { allocatable: { 'nvidia.com/gpu': '1' } }));
    await eventually(async () => expect(await nodeOf('p')).toBe('b'));
  });

  it('binds a waiting pod when the first node gains what it lacked', async () => {
    const { client, nodeOf, scheduled } = start({
      pods: [pod('p', { requests: { 'nvidia.com/gpu': '1' } })],
    });
    await eventually(async () =>
      expect((await scheduled('p'))?.message).toBe('no nodes available to schedule pods'),
    );
    client.seed(resources.nodes, node('a', { taints: [{ key: 'k', effect: 'NoSchedule' }] }));
    await eventually(async () => expect((await scheduled('p'))?.message).toContain('untolerated taint'));
    client.edit<Node>(resources.nodes, { name: 'a' }, ({ spec, status }) => {
      spec!.taints = [];
      status!.allocatable!['nvidia.com/gpu'] = '1';
    });
    await eventually(async () => expect(await nodeOf('p')).toBe('a'));
  });

  it('never promises more than a node has, however fast pods come', async () => {
    const pods = Array.from({ length: 30 }, (_, i) => pod(`p${i}`, { requests: { cpu: '1' } }));
    const { client, scheduled } = start({ nodes: [node('a'), node('b'), node('c')], pods });
    await eventually(() => {
      const bound = client.all<Pod>(resources.pods).filter((each) => each.spec?.nodeName);
      expect(bound).toHaveLength(12);
    });
    const bound = client.all<Pod>(resources.pods).map((each) => each.spec?.nodeName);
    for (const name of ['a', 'b', 'c']) expect(bound.filter((on) => on === name)).toHaveLength(4);
    const left = client.all<Pod>(resources.pods).find((each) => !each.spec?.nodeName)!;
    await eventually(async () =>
      expect((await scheduled(left.metadata.name!))?.message).toContain('3 Insufficient cpu'),
    );
  });

  it('uses the room of pods that end, finish or are deleted', async () => {
    const big = (name: string, more: object = {}) => pod(name, { requests: { cpu: '4' }, ...more });
    const { client, nodeOf, scheduled } = start({
      nodes: [node('a')],
      pods: [big('first', { nodeName: 'a' }), big('second')],
    });
    await eventually(async () => expect((await scheduled('second'))?.reason).toBe('Unschedulable'));
    client.edit<Pod>(resources.pods, { namespace: 'default', name: 'first' }, ({ status }) => {
      status!.phase = 'Succeeded';
    });
    await eventually(async () => expect(await nodeOf('second')).toBe('a'));
    await client.resource(resources.pods).create(big('third'));
    await eventually(async () => expect((await scheduled('third'))?.reason).toBe('Unschedulable'));
    client.remove(resources.pods, { namespace: 'default', name: 'second' });
    await eventually(async () => expect(await nodeOf('third')).toBe('a'));
  });

  it('takes a failed binding back and tries again', async () => {
    const { client, events, nodeOf } = start({ nodes: [node('a')] });
    let failures = 0;
    client.react(({ subresource }) => {
      if (subresource === 'binding' && failures++ === 0) throw new ApiError('InternalError', 'disk on fire');
    });
    await client.resource(resources.pods).create(pod('p', { requests: { cpu: '4' } }));
    await eventually(async () => expect(await nodeOf('p')).toBe('a'));
    expect(failures).toBe(2);
    expect(events.lines).toContain('Warning FailedScheduling: disk on fire');
  });

  it('evicts less important pods for one that matters more', async () => {
    const { client, events, get, nodeOf } = start({
      nodes: [node('a')],
      pods: [
        pod('low', { nodeName: 'a', requests: { cpu: '3' }, priority: 1 }),
        pod('vip', { requests: { cpu: '4' }, priority: 100 }),
      ],
    });
    await eventually(async () => expect((await get('vip')).status?.nominatedNodeName).toBe('a'));
    await eventually(async () => {
      const { metadata, status } = await get('low');
      expect(metadata.deletionTimestamp).toBeDefined();
      expect(status?.conditions).toContainEqual(
        expect.objectContaining({
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'PreemptionByScheduler',
        }),
      );
    });
    expect(await nodeOf('vip')).toBeUndefined();
    client.remove(resources.pods, { namespace: 'default', name: 'low' });
    await eventually(async () => expect(await nodeOf('vip')).toBe('a'));
    expect(events.lines).toContain('Normal Preempted: Preempted by pod uid-default-vip on node a');
  });

  it('leaves gated pods, other schedulers’ pods and ending pods alone', async () => {
    const ending = pod('ending');
    ending.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    const { client, nodeOf } = start({
      nodes: [node('a')],
      pods: [
        pod('gated', { schedulingGates: [{ name: 'g' }], priority: 9 }),
        { ...pod('other', { schedulerName: 'mine', priority: 9 }) },
        ending,
        pod('plain'),
      ],
    });
    await eventually(async () => expect(await nodeOf('plain')).toBe('a'));
    expect([await nodeOf('gated'), await nodeOf('other'), await nodeOf('ending')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    client.edit<Pod>(resources.pods, { namespace: 'default', name: 'gated' }, ({ spec }) => {
      spec!.schedulingGates = [];
    });
    await eventually(async () => expect(await nodeOf('gated')).toBe('a'));
  });

  it('binds a pod beside its friend as soon as the friend runs', async () => {
    const { client, nodeOf, scheduled } = start({
      nodes: [node('a'), node('b')],
      pods: [
        pod('p', {
          affinity: {
            podAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { labelSelector: { matchLabels: { app: 'db' } }, topologyKey: 'kubernetes.io/hostname' },
              ],
            },
          },
        }),
      ],
    });
    await eventually(async () => expect((await scheduled('p'))?.message).toContain('pod affinity rules'));
    client.seed(resources.pods, pod('friend', { nodeName: 'b', labels: { app: 'db' } }));
    await eventually(async () => expect(await nodeOf('p')).toBe('b'));
  });

  it('binds a pod whose skew was against a zone that is gone', async () => {
    const zone = (name: string) => ({ labels: { 'topology.kubernetes.io/zone': name } });
    const { client, nodeOf, scheduled } = start({
      nodes: [node('a', zone('east')), node('b', { ...zone('west'), unschedulable: true })],
      pods: [
        pod('x', { nodeName: 'a', labels: { app: 'web' } }),
        pod('p', {
          labels: { app: 'web' },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'topology.kubernetes.io/zone',
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: { matchLabels: { app: 'web' } },
            },
          ],
        }),
      ],
    });
    await eventually(async () => expect((await scheduled('p'))?.message).toContain('topology spread'));
    client.remove(resources.nodes, { name: 'b' });
    await eventually(async () => expect(await nodeOf('p')).toBe('a'));
  });

  it('survives a pod that can’t be read', async () => {
    const { log, nodeOf } = start({
      nodes: [node('a')],
      pods: [pod('broken', { requests: { cpu: 'lots' } }), pod('p')],
    });
    await eventually(async () => expect(await nodeOf('p')).toBe('a'));
    expect(log.lines.some(({ message }) => message === 'pod not readable')).toBe(true);
    expect(await nodeOf('broken')).toBeUndefined();
  });
});
