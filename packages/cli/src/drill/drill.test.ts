import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { EndpointSlice, Node, Pod, Service } from '@skerry/api';
import { eventually, FakeClock } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import { DrillProbes } from '#drill/drill-probes.ts';
import { refusalsOf } from '#drill/drill-refusals.ts';
import { drillText } from '#drill/drill-text.ts';
import { differenceOf, isUnchanged, recordOf } from '#drill/pod-record.ts';
import { targetsOf } from '#drill/probe-plan.ts';
import type { NodeLink } from '#link/node-links.ts';

function pod(
  name: string,
  more: { id?: string; restarts?: number; ready?: boolean; ending?: boolean; tolerates?: number } = {},
): Pod {
  const { id = `${name}-1`, restarts = 0, ready = true, ending = false, tolerates } = more;
  return {
    metadata: {
      name,
      namespace: 'a',
      uid: name,
      ...(ending ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      nodeName: 'n',
      containers: [],
      tolerations: [
        {
          key: 'node.kubernetes.io/unreachable',
          operator: 'Exists',
          effect: 'NoExecute',
          ...(tolerates === undefined ? {} : { tolerationSeconds: tolerates }),
        },
      ],
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [
        { name: 'c', containerID: id, restartCount: restarts, image: '', imageID: '', ready },
      ],
    },
  };
}

function node(name: string, { pool = 'p', annotations = {}, ready = 'True' } = {}): Node {
  return {
    metadata: { name, labels: { 'apps.openyurt.io/nodepool': pool }, annotations },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  };
}

describe('what held of the pods', () => {
  const before = [pod('x'), pod('y')].map(recordOf);
  const of = (...pods: Pod[]) => differenceOf(before, pods.map(recordOf));

  test('is all, where they are the same pods in the same containers', () => {
    expect(isUnchanged(of(pod('y'), pod('x'), pod('new')))).toBe(true);
    expect(of(pod('y'), pod('x'))).toMatchObject({ ranBefore: 2, runsNow: 2 });
  });

  test.for([
    ['gone', [pod('x')]],
    ['restarted', [pod('x'), pod('y', { restarts: 1 })]],
    ['restarted', [pod('x'), pod('y', { id: 'y-2' })]],
    ['notReady', [pod('x'), pod('y', { ready: false })]],
    ['evicted', [pod('x'), pod('y', { ending: true })]],
  ] as const)('is not that one is %s', ([what, after]) => {
    const difference = of(...after);
    expect(isUnchanged(difference)).toBe(false);
    expect(difference[what]).toEqual(['a/y']);
  });

  test('counts as evicted what was seen to end, though it is gone by now', () => {
    expect(differenceOf(before, [recordOf(pod('x'))], new Set(['y'])).evicted).toEqual(['a/y']);
  });
});

describe('a drill is refused', () => {
  const link = (name: string, state: 'Linked' | 'Cut' = 'Linked') =>
    ({ metadata: { name }, status: { state } }) as unknown as NodeLink;
  const check = (nodes: Node[], pods: Pod[], links = [link('n')]) =>
    refusalsOf(nodes, { pods, links, seconds: 600 });

  test('where pods would be evicted before it is over', () => {
    expect(check([node('n')], [pod('x', { tolerates: 300 })])[0]).toContain('evicted after 300 s');
    const day = { 'node.openyurt.io/autonomy-duration': '24h' };
    expect(check([node('n', { annotations: day })], [pod('x', { tolerates: 300 })])).toEqual([]);
    const short = { 'node.openyurt.io/autonomy-duration': '9m' };
    expect(check([node('n', { annotations: short })], [pod('x', { tolerates: 300 })])).toHaveLength(1);
    expect(check([node('n')], [pod('x')])).toEqual([]);
  });

  test('where a node is not well to begin with', () => {
    expect(check([node('n')], [], [link('n', 'Cut')])).toEqual(['node n has no link']);
    expect(check([node('n', { ready: 'Unknown' })], [])).toEqual(['node n is not Ready']);
  });
});

test('a node asks what its own pool serves by TCP, and nothing else', () => {
  const service = (name: string, spec: object): Service => ({
    metadata: { name, namespace: 'a' },
    spec: { clusterIP: '10.96.0.9', ports: [{ port: 80 }], ...spec },
  });
  const slice = (name: string, nodeName: string, ready = true): EndpointSlice => ({
    metadata: { name, namespace: 'a', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], nodeName, conditions: { ready } }],
  });
  const nodes = [node('n'), node('beside'), node('far', { pool: 'q' })];
  const targets = targetsOf(nodes[0]!, {
    services: [
      service('near', {}),
      service('far', {}),
      service('headless', { clusterIP: 'None' }),
      service('udp', { ports: [{ port: 53, protocol: 'UDP' }] }),
      service('down', {}),
    ],
    slices: [
      slice('near', 'beside'),
      slice('far', 'far'),
      slice('headless', 'n'),
      slice('udp', 'n'),
      slice('down', 'n', false),
      // As it is read: a list that is not there is null.
      { ...slice('down', 'n'), ...(JSON.parse('{"endpoints":null}') as object) },
    ],
    nodes: new Map(nodes.map((each) => [each.metadata.name ?? '', each])),
    clusterDomain: 'cluster.local',
  });
  expect(targets).toEqual([
    { service: 'a/near', host: 'near.a.svc.cluster.local', address: '10.96.0.9', port: 80 },
  ]);
});

async function closedPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a node counts what answers while its link is cut, and only then', async () => {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clock = new FakeClock();
  let isCut = false;
  const probes = new DrillProbes({ nameServers: () => [], isCut: () => isCut, clock });
  await expect(probes.begin({ seconds: 'x' })).rejects.toThrow('no plan of a drill');
  const target = { service: 'a/s', host: 's.a', address: '127.0.0.1', port };
  const closed = { ...target, service: 'a/closed', port: await closedPort() };
  await probes.begin({ seconds: 60, targets: [target, closed] });
  try {
    await clock.advance(2_000);
    isCut = true;
    await eventually(async () => {
      await clock.advance(2_000);
      expect(probes.report().targets[0]).toMatchObject({
        service: 'a/s',
        connection: { asked: 2, failed: 0 },
        name: { asked: 0, failed: 0, before: 'this node has no name server' },
      });
      expect(probes.report().targets[1]?.connection).toMatchObject({
        asked: 0,
        failed: 0,
        before: expect.stringContaining('ECONNREFUSED'),
      });
    });
    isCut = false;
    await clock.advance(10_000);
    expect(probes.report().targets[0]?.connection.asked).toBe(2);
  } finally {
    probes.stop();
    server.close();
  }
});

test('a report names what did not hold', () => {
  const pods = { ranBefore: 2, runsNow: 1, gone: ['a/y'], evicted: ['a/y'], restarted: [], notReady: [] };
  const probe = {
    service: 'a/s',
    name: { asked: 3, failed: 0 },
    connection: { asked: 3, failed: 1, error: 'no' },
  };
  const never = {
    service: 'a/never',
    name: { asked: 3, failed: 0 },
    connection: { asked: 0, failed: 0, before: 'refused' },
  };
  const text = drillText({
    region: 'r',
    seconds: 60,
    nodes: [
      { name: 'n', readyAfterSeconds: 1.2, probes: [probe, never] },
      { name: 'm', probes: [] },
    ],
    pods,
    held: false,
  });
  expect(text).toContain('✗ evictions: 1');
  expect(text).toContain('✓ restarts: none');
  expect(text).toContain('no answer: a/s from n: 1 of 3: no');
  expect(text).toContain('no answer before the cut either, so not asked: a/never from n: refused');
  expect(text).toContain('✗ return: 1 machine not Ready');
  expect(text).toContain('it did not hold');
});
