import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Lease, Node, NodeStatus } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient, recordingEvents } from '@skerry/client/testing';
import type { MachineFacts } from '#machine/facts.ts';
import { noPressure } from '#machine/pressure.ts';
import { NodeKeeper, type NodeKeeperOptions } from '#node/node-keeper.ts';
import type { ContainerRuntime, RuntimeStatus } from '#runtime.ts';

const machine: MachineFacts = {
  hostname: 'host',
  architecture: 'amd64',
  kernelVersion: '6.1.0',
  osImage: 'Debian GNU/Linux 12 (bookworm)',
  machineId: 'm',
  systemUuid: 's',
  bootId: 'b',
  milliCpu: 4000,
  memoryBytes: 8 * 2 ** 30,
  ephemeralStorageBytes: 100 * 2 ** 30,
};

let directory: string;
let stop: AbortController;
let running: Promise<void>;
let clock: FakeClock;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-node-'));
  stop = new AbortController();
  clock = new FakeClock();
});

afterEach(async () => {
  stop.abort(new Error('test ends'));
  await clock.advance(0);
  await running;
  await rm(directory, { recursive: true, force: true });
});

function setUp(options: Partial<NodeKeeperOptions> = {}) {
  const client = new FakeApiClient({ clock });
  const events = recordingEvents();
  const runtimeStatus: { now: RuntimeStatus } = { now: { runtimeReady: true, networkReady: true } };
  const runtime = {
    version: async () => ({ name: 'containerd', version: '1.6.20~ds1' }),
    status: async () => runtimeStatus.now,
    listImages: async () => [],
  } satisfies Partial<ContainerRuntime>;
  const keeper = new NodeKeeper({
    client,
    runtime: runtime as Partial<ContainerRuntime> as ContainerRuntime,
    observer: { silentMs: 0 },
    recorder: events,
    identity: {
      name: 'n1',
      labels: { 'topology.kubernetes.io/region': 'east' },
      annotations: {},
      taints: [{ key: 'k', effect: 'NoSchedule' }],
    },
    machine,
    addresses: () => ['192.168.0.1'],
    version: 'v1.36.3+skerry.1',
    podsMax: 110,
    pressure: async () => noPressure,
    renewLease: false,
    clock,
    log: silentLogger,
    random: () => 0,
    ...options,
  });
  const node = () => client.all<Node>(resources.nodes)[0];
  const begin = async () => {
    running = keeper.run(stop.signal);
    await settle();
  };
  return { client, keeper, events, runtimeStatus, node, begin };
}

/** A report takes several turns of the event loop. */
async function settle(ms = 0): Promise<void> {
  await clock.advance(ms);
  for (let turn = 0; turn < 5; turn++) await clock.advance(0);
}

test('a node whose pod addresses are used up says so until one is free', async () => {
  const { client, events, node, begin } = setUp({
    network: { configFile: join(directory, 'own.conflist'), bridge: 'skerry-none', dataDirectory: directory },
  });
  await mkdir(join(directory, 'skerry'));
  await writeFile(join(directory, 'skerry', '10.1.0.2'), '');
  await begin();
  client.edit<Node>(resources.nodes, { name: 'n1' }, (held) => void (held.spec = { podCIDR: '10.1.0.0/30' }));
  const condition = () => node()?.status?.conditions?.find(({ type }) => type === 'NetworkUnavailable');
  await eventually(async () => {
    await settle(1_000);
    expect(condition()).toMatchObject({ status: 'True', reason: 'PodAddressesExhausted' });
  });
  expect(events.lines.filter((line) => line.includes('PodAddressesExhausted'))).toEqual([
    'Warning PodAddressesExhausted: no pod addresses left: all 1 of 10.1.0.0/30 are in use',
  ]);
  await rm(join(directory, 'skerry', '10.1.0.2'));
  await eventually(async () => {
    await settle(10_000);
    expect(condition()).toMatchObject({ status: 'False', reason: 'PodAddressesAvailable' });
  });
});

test('a node without a network for pods is Ready, and says to pods that want one why there is none', async () => {
  const configFile = join(directory, '10-skerry.conflist');
  await writeFile(configFile, '{}');
  const { keeper, runtimeStatus, node, begin } = setUp({
    network: {
      configFile,
      bridge: 'skerry-none',
      dataDirectory: directory,
      plan: () => ({ kind: 'host', why: 'pool shop has none' }),
    },
  });
  runtimeStatus.now = { runtimeReady: true, networkReady: false, message: 'cni plugin not initialized' };
  await begin();
  await eventually(() => {
    expect(node()?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  });
  expect(keeper.networkFault).toBe('pool shop has none');
  await expect(readFile(configFile, 'utf8')).rejects.toThrow('ENOENT');
});

test('a node whose pods can not have their network is not Ready, and makes nothing of it', async () => {
  const configFile = join(directory, '10-skerry.conflist');
  const { client, keeper, node, begin } = setUp({
    network: {
      configFile,
      bridge: 'skerry-none',
      dataDirectory: directory,
      plan: () => ({ kind: 'unusable', why: 'the range is taken' }),
    },
  });
  await begin();
  client.edit<Node>(resources.nodes, { name: 'n1' }, (held) => void (held.spec = { podCIDR: '10.1.0.0/24' }));
  await eventually(async () => {
    await settle(1_000);
    const ready = node()?.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({ status: 'False', message: expect.stringContaining('the range is taken') });
  });
  expect(keeper.networkFault).toBe('the range is taken');
  await expect(readFile(configFile, 'utf8')).rejects.toThrow('ENOENT');
});

test('a node has all addresses of its machine, also such as come and go', async () => {
  let addresses = ['192.168.0.1', 'fd53::1'];
  const { node, begin } = setUp({ addresses: () => addresses });
  await begin();
  const said = () => node()?.status?.addresses?.map(({ address }) => address);
  expect(said()).toEqual(['192.168.0.1', 'fd53::1', 'n1']);
  addresses = ['192.168.0.1'];
  await settle(10_000);
  expect(said()).toEqual(['192.168.0.1', 'n1']);
});

test('a machine becomes a node with labels, taints, resources and conditions', async () => {
  const { node, begin } = setUp();
  await begin();
  expect(node()).toMatchObject({
    metadata: {
      name: 'n1',
      labels: {
        'kubernetes.io/hostname': 'n1',
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'topology.kubernetes.io/region': 'east',
      },
    },
    spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] },
    status: {
      addresses: [
        { type: 'InternalIP', address: '192.168.0.1' },
        { type: 'Hostname', address: 'n1' },
      ],
      capacity: { cpu: '4', memory: '8Gi', pods: '110', 'ephemeral-storage': '100Gi' },
      allocatable: { cpu: '4', memory: '8092Mi', pods: '110' },
      nodeInfo: { kubeletVersion: 'v1.36.3+skerry.1', containerRuntimeVersion: 'containerd://1.6.20' },
      declaredFeatures: ['ExtendWebSocketsToKubelet'],
    },
  });
  const conditions = node()?.status?.conditions?.map(
    ({ type, status, reason }) => `${type}=${status} ${reason}`,
  );
  expect(conditions).toEqual([
    'MemoryPressure=False KubeletHasSufficientMemory',
    'DiskPressure=False KubeletHasNoDiskPressure',
    'PIDPressure=False KubeletHasSufficientPID',
    'Ready=True KubeletReady',
  ]);
});

test('an idle node reports every five minutes and no more', async () => {
  const { client, begin } = setUp();
  await begin();
  const before = client.requests.length;
  for (let tick = 0; tick < 28; tick++) await settle(10_000);
  expect(client.requests.length).toBe(before);
  for (let tick = 0; tick < 4; tick++) await settle(10_000);
  expect(client.requests.length).toBe(before + 1);
});

test('a report of nothing new says that alone, and the node stays as it was', async () => {
  const { client, node, begin } = setUp();
  await begin();
  await settle(20_000);
  const before = structuredClone(node()?.status);
  const sent: unknown[] = [];
  client.react((_, patch) => void sent.push(patch));
  for (let tick = 0; tick < 31; tick++) await settle(10_000);
  expect(sent).toEqual([{ status: { conditions: expect.any(Array) } }]);
  expect(JSON.stringify(sent).length).toBeLessThan(500);
  const heartbeats = (status: NodeStatus | undefined) =>
    new Set(status?.conditions?.map(({ lastHeartbeatTime }) => lastHeartbeatTime));
  expect(heartbeats(node()?.status)).not.toEqual(heartbeats(before));
  const rest = (status: NodeStatus | undefined) => ({
    ...status,
    conditions: status?.conditions?.map((condition) => ({ ...condition, lastHeartbeatTime: undefined })),
  });
  expect(rest(node()?.status)).toEqual(rest(before));
});

test('a server that answers with the revision alone is told nothing twice', async () => {
  const { client, node, begin, runtimeStatus } = setUp();
  const patch = client.resource.bind(client);
  client.resource = ((ref: Parameters<typeof patch>[0]) => {
    const held = patch<Node>(ref);
    const minimal: typeof held.patch = async (...given) => {
      const { metadata, kind, apiVersion } = await held.patch(...given);
      return { kind, apiVersion, metadata } as Node;
    };
    return { ...held, patch: minimal };
  }) as typeof patch;
  await begin();
  await settle(20_000);
  const before = client.requests.length;
  runtimeStatus.now = { runtimeReady: false, networkReady: true };
  await settle(10_000);
  expect(node()?.status?.conditions?.at(-1)?.status).toBe('False');
  for (let tick = 0; tick < 10; tick++) await settle(10_000);
  expect(client.requests.length).toBe(before + 1);
});

test('a runtime without network makes the node not ready, at once when that changes', async () => {
  const { node, begin, runtimeStatus, events, keeper } = setUp();
  await begin();
  runtimeStatus.now = {
    runtimeReady: true,
    networkReady: false,
    message: 'NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized',
  };
  await settle(10_000);
  expect(node()?.status?.conditions?.at(-1)).toMatchObject({
    type: 'Ready',
    status: 'False',
    reason: 'KubeletNotReady',
    message:
      'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized',
  });
  expect(keeper.networkFault).toContain('network not ready');
  runtimeStatus.now = { runtimeReady: true, networkReady: true };
  await settle(1_000);
  expect(node()?.status?.conditions?.at(-1)?.status).toBe('True');
  expect(events.lines).toEqual([
    'Normal NodeNotReady: Node n1 status is now: NodeNotReady',
    'Normal NodeReady: Node n1 status is now: NodeReady',
  ]);
});

test('a node that exists keeps what others wrote on it', async () => {
  const { client, node, begin } = setUp();
  client.seed<Node>(resources.nodes, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1', labels: { own: 'label', 'kubernetes.io/arch': 'arm64' } },
    spec: { unschedulable: true },
  });
  await begin();
  expect(node()).toMatchObject({
    metadata: { labels: { own: 'label', 'kubernetes.io/arch': 'amd64' } },
    spec: { unschedulable: true },
  });
  expect(node()?.spec?.taints).toBeUndefined();
});

const bothRanges = ['10.9.0.0/24', 'fd00:10:9::/64'];

test.each([
  ['the range', true, { podCIDR: '10.9.0.0/24' }, ['10.9.0.0/24']],
  ['the ranges of both families', true, { podCIDR: '10.9.0.0/24', podCIDRs: bothRanges }, bothRanges],
  [
    'the IPv4 range where the machine has no IPv6',
    false,
    { podCIDR: '10.9.0.0/24', podCIDRs: bothRanges },
    ['10.9.0.0/24'],
  ],
])('the pod network follows %s that the node is given', async (_, hasIpv6, spec, subnets) => {
  const configFile = join(directory, 'cni/10-skerry.conflist');
  const { client, begin } = setUp({
    network: { configFile, bridge: 'skerry0', dataDirectory: join(directory, 'ipam'), hasIpv6 },
  });
  await begin();
  await expect(readFile(configFile)).rejects.toThrow('ENOENT');
  client.edit<Node>(resources.nodes, { name: 'n1' }, (object) => {
    object.spec = { ...object.spec, ...spec };
  });
  const written = await eventually(async () => JSON.parse(await readFile(configFile, 'utf8')) as unknown);
  const ranges = subnets.map((subnet) => [{ subnet }]);
  expect(written).toMatchObject({ plugins: [{ type: 'bridge', bridge: 'skerry0', ipam: { ranges } }] });
});

test('a lease is made and renewed where no link does it', async () => {
  const { client, begin } = setUp({ renewLease: true });
  await begin();
  const lease = () => client.all<Lease>(resources.leases)[0];
  expect(lease()).toMatchObject({
    metadata: { name: 'n1', namespace: 'kube-node-lease', ownerReferences: [{ kind: 'Node', name: 'n1' }] },
    spec: { holderIdentity: 'n1', leaseDurationSeconds: 40 },
  });
  const first = lease()?.spec?.renewTime;
  await settle(10_000);
  expect(lease()?.spec?.renewTime).not.toBe(first);
});

test('a node that was deleted is registered again', async () => {
  const { client, node, begin } = setUp();
  await begin();
  client.remove(resources.nodes, { name: 'n1' });
  for (let tick = 0; tick < 32; tick++) await settle(10_000);
  expect(node()?.metadata.name).toBe('n1');
});

test('a node that was written off by the center says at once that it is there', async () => {
  const { client, node, begin, events } = setUp();
  await begin();
  await settle(20_000);
  const ready = () => node()?.status?.conditions?.find(({ type }) => type === 'Ready');
  client.edit<Node>(resources.nodes, { name: 'n1' }, (object) => {
    for (const condition of object.status?.conditions ?? []) {
      condition.status = 'Unknown';
      condition.reason = 'NodeStatusUnknown';
      condition.lastTransitionTime = '2030-01-01T00:00:00Z';
    }
  });
  await settle();
  expect(node()?.status?.conditions?.map(({ status }) => status)).toEqual([
    'False',
    'False',
    'False',
    'True',
  ]);
  expect(ready()).toMatchObject({ reason: 'KubeletReady' });
  expect(ready()?.lastTransitionTime).not.toBe('2030-01-01T00:00:00Z');
  expect(events.lines).toEqual([]);
});

test('a node that was cut off says with its report that its link is back', async () => {
  const { begin, client, node } = setUp();
  await begin();
  await settle(2_000);
  client.edit<Node>(resources.nodes, { name: 'n1' }, ({ status }) => {
    for (const condition of status?.conditions ?? [])
      Object.assign(condition, { status: 'Unknown', reason: 'NodeStatusUnknown' });
    for (const type of ['Disconnected', 'Autonomy'])
      status?.conditions?.push({ type, status: 'True', reason: 'LinkLost', message: 'cut' });
  });
  await settle(10_000);
  const said = (node()?.status?.conditions ?? []).map(({ type, status, reason }) => [type, status, reason]);
  expect(said).toEqual(
    expect.arrayContaining([
      ['Ready', 'True', 'KubeletReady'],
      ['Disconnected', 'False', 'Linked'],
      ['Autonomy', 'False', 'Linked'],
    ]),
  );
});

test('conditions and resources that others put on the node stay, and cost no reports', async () => {
  const { client, node, begin } = setUp();
  await begin();
  await settle(20_000);
  client.edit<Node>(resources.nodes, { name: 'n1' }, ({ status }) => {
    status?.conditions?.unshift({ type: 'NetworkUnavailable', status: 'False' });
    if (status?.capacity) status.capacity['example.com/dongle'] = '4';
    if (status?.allocatable) status.allocatable['example.com/dongle'] = '4';
  });
  const before = client.requests.length;
  for (let tick = 0; tick < 10; tick++) await settle(10_000);
  expect(client.requests.length).toBe(before);
  for (let tick = 0; tick < 20; tick++) await settle(10_000);
  expect(client.requests.length).toBe(before + 1);
  expect(node()?.status?.capacity?.['example.com/dongle']).toBe('4');
  expect(node()?.status?.conditions?.map(({ type }) => type)).toContain('NetworkUnavailable');
});

test('a report that failed is sent as soon as the API is back', async () => {
  const { client, node, begin, keeper, runtimeStatus } = setUp();
  await begin();
  await settle(20_000);
  const mend = client.react(() => {
    throw new Error('cut');
  });
  runtimeStatus.now = { runtimeReady: false, networkReady: true };
  await settle(10_000);
  expect(node()?.status?.conditions?.at(-1)?.status).toBe('True');
  mend();
  keeper.look();
  await settle();
  expect(node()?.status?.conditions?.at(-1)?.status).toBe('False');
});
