import type { Lease, Node, Pod, Taint, Toleration } from '@skerry/api';
import { sleep } from '@skerry/base';
import { TransportError, resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeLifecycleController } from '#core/node-lifecycle/node-lifecycle.ts';
import { createTaintEvictionController, evictionTime } from '#core/node-lifecycle/taint-eviction.ts';
import { zoneState } from '#core/node-lifecycle/zones.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
let beating: Set<string>;
beforeEach(() => {
  cluster = createHarness();
  beating = new Set();
});
afterEach(() => cluster.stop());

const start = () =>
  cluster.start(
    createNodeLifecycleController(cluster.context),
    createTaintEvictionController(cluster.context),
  );

function addNode(name: string, { region = name } = {}) {
  beating.add(name);
  cluster.client.seed<Node>(resources.nodes, {
    metadata: { name, labels: { 'topology.kubernetes.io/region': region } },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] },
  });
  cluster.client.seed<Lease>(resources.leases, {
    metadata: { name, namespace: 'kube-node-lease' },
    spec: {},
  });
}

function addPod(name: string, nodeName: string, tolerations: Toleration[] = []) {
  cluster.client.seed<Pod>(resources.pods, {
    metadata: { name, namespace: 'default' },
    spec: { nodeName, containers: [], tolerations },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  });
}

/** How the controller that is started next gets one Lease. */
function readLeases(get: (name: string, read: () => Promise<Lease>) => Promise<Lease>): void {
  const real = cluster.client.resource.bind(cluster.client);
  cluster.context.client.resource = ((ref: Parameters<typeof real>[0]) => {
    const held = real<Lease>(ref);
    if (ref.resource !== 'leases') return held;
    const slow: typeof held.get = (name, options) => get(name, () => held.get(name, options));
    return Object.assign(Object.create(held) as object, { get: slow });
  }) as typeof real;
}

/** Time passes while the leases of living nodes are renewed. */
async function pass(seconds: number) {
  for (let passed = 0; passed < seconds; passed += 5) {
    for (const name of beating) {
      cluster.client.edit<Lease>(resources.leases, { namespace: 'kube-node-lease', name }, (lease) => {
        lease.spec = { renewTime: new Date(cluster.clock.now()).toISOString() };
      });
    }
    await cluster.clock.advance(5_000);
  }
}

const node = (name: string) =>
  cluster.client.all<Node>(resources.nodes).find(({ metadata }) => metadata.name === name);
const readiness = (name: string) =>
  node(name)?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
const taintsOf = (name: string) =>
  (node(name)?.spec?.taints ?? [])
    .map(({ key, effect }) => `${key}:${effect}`)
    .sort((a, b) => (a < b ? -1 : 1));
const podNames = () =>
  cluster.client
    .all<Pod>(resources.pods)
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .map(({ metadata }) => metadata.name);
const unreachable = ['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule'];

test('a node whose Lease stands still becomes Unknown after 50 s and is tainted; others stay', async () => {
  addNode('a');
  addNode('b');
  addPod('web', 'a');
  await start();
  await pass(20);
  beating.delete('a');
  await pass(45);
  expect(readiness('a')).toBe('True');
  await pass(15);
  expect(readiness('a')).toBe('Unknown');
  expect(node('a')?.status?.conditions?.[0]).toMatchObject({
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
  });
  expect(taintsOf('a')).toEqual(unreachable);
  expect(readiness('b')).toBe('True');
  expect(taintsOf('b')).toEqual([]);
});

test('a node that is ready again loses our taints and keeps those of others', async () => {
  addNode('a');
  addNode('b');
  await start();
  cluster.client.edit<Node>(resources.nodes, { name: 'a' }, (edited) => {
    edited.spec = { taints: [{ key: 'mine', effect: 'NoSchedule' }], unschedulable: true };
    edited.status = { conditions: [{ type: 'Ready', status: 'False' }] };
  });
  await pass(10);
  expect(taintsOf('a')).toEqual([
    'mine:NoSchedule',
    'node.kubernetes.io/not-ready:NoExecute',
    'node.kubernetes.io/not-ready:NoSchedule',
    'node.kubernetes.io/unschedulable:NoSchedule',
  ]);
  cluster.client.edit<Node>(resources.nodes, { name: 'a' }, (edited) => {
    edited.spec = { ...edited.spec, unschedulable: false };
    edited.status = { conditions: [{ type: 'Ready', status: 'True' }] };
  });
  await pass(10);
  expect(taintsOf('a')).toEqual(['mine:NoSchedule']);
});

test('pods of a lost node are no longer ready, and go when their toleration ends', async () => {
  const tolerates = (seconds?: number): Toleration[] => [
    {
      key: 'node.kubernetes.io/unreachable',
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: seconds,
    },
  ];
  addNode('a');
  addNode('b');
  addPod('minute', 'a', tolerates(60));
  addPod('forever', 'a', tolerates());
  addPod('other', 'b');
  await start();
  await pass(10);
  beating.delete('a');
  await pass(65);
  expect(podNames()).toEqual(['forever', 'minute', 'other']);
  const ready = cluster.client
    .all<Pod>(resources.pods)
    .map(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status);
  expect(ready).toEqual(['False', 'False', 'True']);
  await pass(60);
  expect(podNames()).toEqual(['forever', 'other']);
  expect(cluster.events.lines).toContain(
    'Normal TaintManagerEviction: Marking for deletion Pod default/minute',
  );
});

test('a toleration that ended before the controller began is extended by a minute', async () => {
  addNode('a');
  addNode('b');
  cluster.client.edit<Node>(resources.nodes, { name: 'a' }, (edited) => {
    edited.spec = { taints: [{ key: 'k', effect: 'NoExecute', timeAdded: '2025-01-01T00:00:00Z' }] };
  });
  addPod('tolerant', 'a', [{ key: 'k', operator: 'Exists', tolerationSeconds: 10 }]);
  addPod('intolerant', 'a');
  await start();
  await pass(50);
  expect(podNames()).toEqual(['tolerant']);
  await pass(20);
  expect(podNames()).toEqual([]);
});

test('a toleration of a taint that does not say since when it is there counts from when that is seen', async () => {
  addNode('a');
  addNode('b');
  addPod('tolerant', 'a', [{ key: 'k', operator: 'Exists', tolerationSeconds: 20 }]);
  await start();
  // Older than what is tolerated.
  await pass(30);
  cluster.client.edit<Node>(resources.nodes, { name: 'a' }, (edited) => {
    edited.spec = { taints: [{ key: 'k', effect: 'NoExecute' }] };
  });
  await pass(15);
  expect(podNames()).toEqual(['tolerant']);
  await pass(10);
  expect(podNames()).toEqual([]);
});

test('when every region falls silent nothing is evicted', async () => {
  for (const name of ['a', 'b', 'c']) addNode(name);
  addPod('web', 'a');
  await start();
  await pass(10);
  beating.clear();
  await pass(300);
  expect(readiness('a')).toBe('Unknown');
  expect(taintsOf('a')).toContain('node.kubernetes.io/unreachable:NoSchedule');
  const evicted = ['a', 'b', 'c'].filter((name) => taintsOf(name).includes(unreachable[0] ?? ''));
  expect(evicted).toEqual([]);
  expect(podNames()).toEqual(['web']);
});

test('time in which the API server was away counts against no node', async () => {
  addNode('a');
  addNode('b');
  await start();
  await pass(10);
  let isAway = true;
  const real = cluster.client.resource.bind(cluster.client);
  cluster.context.client.resource = ((ref: Parameters<typeof real>[0]) => {
    if (isAway) throw new TransportError('api-refused', 'away', { sent: false });
    return real(ref);
  }) as typeof real;
  await cluster.clock.advance(120_000);
  isAway = false;
  await cluster.clock.advance(20_000);
  expect([readiness('a'), readiness('b')]).toEqual(['True', 'True']);
});

test.each([16, 64])(
  'the time that it takes to write %i nodes off is not given back to others that are silent',
  async (length) => {
    const [first, second] = ['a', 'b'].map((group) =>
      Array.from({ length }, (_, index) => `${group}-${index}`),
    );
    for (const name of [...(first ?? []), ...(second ?? [])]) addNode(name, { region: 'east' });
    addNode('well');
    const over = new AbortController();
    readLeases((_, read) => sleep(cluster.clock, 2_000, over.signal).then(read));
    await start();
    await pass(10);
    for (const name of first ?? []) beating.delete(name);
    await pass(30);
    for (const name of second ?? []) beating.delete(name);
    await pass(80);
    over.abort();
    const states = [...(first ?? []), ...(second ?? [])].map(readiness);
    expect(new Set(states)).toEqual(new Set(['Unknown']));
    expect(readiness('well')).toBe('True');
  },
);

test('one node that can not be written off keeps no other from it', async () => {
  for (const name of ['a', 'b', 'c']) addNode(name);
  readLeases((name, read) => (name === 'a' ? Promise.reject(new Error('broken')) : read()));
  await start();
  await pass(10);
  for (const name of ['a', 'b']) beating.delete(name);
  await pass(70);
  expect(['a', 'b', 'c'].map(readiness)).toEqual(['True', 'Unknown', 'True']);
});

test.each<[readonly string[], string]>([
  [['True', 'True'], 'normal'],
  [['True', 'Unknown'], 'normal'],
  [['Unknown'], 'full'],
  [['True', 'Unknown', 'Unknown', 'Unknown'], 'partial'],
  [['True', 'True', 'True', 'Unknown', 'Unknown', 'Unknown'], 'normal'],
])('a zone of %j is in state %s', (statuses, state) => {
  const nodes = statuses.map((status): Node => ({
    metadata: {},
    status: { conditions: [{ type: 'Ready', status }] },
  }));
  expect(zoneState(nodes)).toBe(state);
});

test.each<[string, Toleration[], Taint[], number | undefined]>([
  ['no toleration: at once', [], [{ key: 'k', effect: 'NoExecute' }], 0],
  ['tolerated for good', [{ operator: 'Exists' }], [{ key: 'k', effect: 'NoExecute' }], undefined],
  [
    'the shortest matching toleration counts',
    [
      { key: 'k', operator: 'Exists', tolerationSeconds: 60 },
      { key: 'k', operator: 'Exists', tolerationSeconds: 10 },
    ],
    [{ key: 'k', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }],
    Date.parse('2026-01-01T00:00:10Z'),
  ],
])('eviction time, %s', (_, tolerations, taints, expected) => {
  const pod: Pod = {
    metadata: { creationTimestamp: '2025-01-01T00:00:00Z' },
    spec: { containers: [], tolerations },
  };
  expect(evictionTime(pod, taints)).toBe(expected);
});

const conditionText = (name: string, type: string) => {
  const found = node(name)?.status?.conditions?.find((condition) => condition.type === type);
  return found && `${found.status} ${found.reason}`;
};
const tolerant = (tolerationSeconds: number): Toleration[] => [
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds },
];

test('a node that is silent is disconnected, and keeps its pods until its autonomy ends', async () => {
  addNode('a');
  addNode('b');
  addPod('kept', 'a', tolerant(300));
  addPod('evicted', 'b', tolerant(300));
  cluster.client.edit<Node>(resources.nodes, { name: 'a' }, ({ metadata }) => {
    metadata.annotations = { 'node.openyurt.io/autonomy-duration': '30m' };
  });
  addNode('c');
  await start();
  await pass(120);
  expect(conditionText('a', 'Disconnected')).toBeUndefined();
  beating.delete('a');
  beating.delete('b');
  await pass(90);
  expect([conditionText('a', 'Disconnected'), conditionText('a', 'Autonomy')]).toEqual([
    'True LinkLost',
    'True PodsKept',
  ]);
  expect([conditionText('b', 'Disconnected'), conditionText('b', 'Autonomy')]).toEqual([
    'True LinkLost',
    undefined,
  ]);
  await pass(420);
  expect(podNames()).toEqual(['kept']);
  await pass(1800);
  expect(conditionText('a', 'Autonomy')).toBe('False DurationEnded');
  expect(podNames()).toEqual([]);
});

test('that a node is silent and what follows for its pods is one write', async () => {
  addNode('a');
  addNode('c');
  const written: string[][] = [];
  const real = cluster.client.resource.bind(cluster.client);
  cluster.context.client.resource = ((ref: Parameters<typeof real>[0]) => {
    const held = real<Node>(ref);
    const update: typeof held.update = (object, options) => {
      if (options?.subresource === 'status')
        written.push((object.status?.conditions ?? []).map(({ type, status }) => `${type} ${status}`));
      return held.update(object, options);
    };
    return Object.assign(Object.create(held) as object, { update });
  }) as typeof real;
  await start();
  beating.delete('a');
  await pass(90);
  expect(
    written.map((conditions) => conditions.filter((each) => /^(Ready|Disconnected) /.test(each))),
  ).toEqual([['Ready Unknown', 'Disconnected True']]);
});

test('a node that is heard of again is linked, and its pods were never evicted', async () => {
  addNode('a');
  addNode('c');
  addPod('kept', 'a', tolerant(60));
  cluster.client.edit<Node>(resources.nodes, { name: 'a' }, ({ metadata }) => {
    metadata.annotations = { 'node.openyurt.io/autonomy-duration': '0' };
  });
  await start();
  beating.delete('a');
  await pass(3600);
  expect(conditionText('a', 'Autonomy')).toBe('True PodsKept');
  beating.add('a');
  cluster.client.edit<Node>(resources.nodes, { name: 'a' }, ({ status }) => {
    for (const condition of status?.conditions ?? [])
      if (condition.type === 'Ready') Object.assign(condition, { status: 'True', reason: 'KubeletReady' });
  });
  await pass(30);
  expect([conditionText('a', 'Disconnected'), conditionText('a', 'Autonomy')]).toEqual([
    'False Linked',
    'False Linked',
  ]);
  expect(podNames()).toEqual(['kept']);
});

const pool = ['a', 'b', 'c', 'd', 'e'];

async function lose(...names: string[]) {
  for (const name of pool) {
    addNode(name, { region: 'east' });
    cluster.client.edit<Node>(resources.nodes, { name }, ({ metadata }) => {
      metadata.labels = { ...metadata.labels, 'apps.openyurt.io/nodepool': 'east' };
    });
  }
  await start();
  for (const name of names) beating.delete(name);
  await pass(90);
}

function say(name: string, word: { silent?: string[]; heard?: string[] } | string) {
  const text = typeof word === 'string' ? word : JSON.stringify({ silent: [], heard: [], ...word });
  cluster.client.edit<Node>(resources.nodes, { name }, ({ metadata }) => {
    metadata.annotations = { 'skerry.io/peers': text };
  });
}

const messageOf = (name: string, type: string) =>
  node(name)?.status?.conditions?.find((condition) => condition.type === type)?.message;

test('a lost node is dead when most of at least three linked machines of its pool say so, and disconnected until then', async () => {
  await lose('a', 'e');
  say('b', { silent: ['a'] });
  // It has no link itself, so that nobody knows what it hears now.
  say('e', { silent: ['a'] });
  await pass(10);
  expect([conditionText('a', 'Disconnected'), conditionText('a', 'Dead')]).toEqual([
    'True LinkLost',
    undefined,
  ]);
  say('c', { silent: ['a'] });
  await pass(10);
  expect(conditionText('a', 'Dead')).toBe('True PeersSilent');
  expect(messageOf('a', 'Dead')).toMatch(/^2 of 3 machines of its pool/);
  expect(conditionText('e', 'Dead')).toBeUndefined();
  expect(taintsOf('a')).toEqual(taintsOf('e'));
  say('c', {});
  await pass(10);
  expect(conditionText('a', 'Dead')).toBe('False NotAgreed');
  beating.add('a');
  cluster.client.edit<Node>(resources.nodes, { name: 'a' }, ({ status }) => {
    for (const condition of status?.conditions ?? [])
      if (condition.type === 'Ready') Object.assign(condition, { status: 'True', reason: 'KubeletReady' });
  });
  await pass(30);
  expect(conditionText('a', 'Dead')).toBe('False Linked');
});

test('two linked machines are too few to call a third one dead', async () => {
  await lose('a', 'd', 'e');
  for (const name of ['b', 'c']) say(name, { silent: ['a'] });
  await pass(10);
  expect(conditionText('a', 'Dead')).toBeUndefined();
  expect(conditionText('a', 'Disconnected')).toBe('True LinkLost');
});

test('a lost node that its pool hears is said to go on; words that can’t be read say nothing', async () => {
  await lose('a');
  expect(messageOf('a', 'Disconnected')).toContain('most likely goes on');
  say('b', 'nonsense');
  say('c', '{"silent":"a","heard":[7]}');
  say('d', { heard: ['a'] });
  await pass(10);
  expect(messageOf('a', 'Disconnected')).toContain('the other machines of its pool hear it');
  expect(conditionText('a', 'Dead')).toBeUndefined();
});
