import type { ControllerRevision, DaemonSet, Node, Pod, Taint } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDaemonSetController } from '#apps/daemon-set/daemon-set.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  for (const name of ['n1', 'n2', 'n3']) addNode(name);
  await cluster.start(createDaemonSetController(cluster.context));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const at = { namespace: 'kube-system', name: 'agent' };

function addNode(name: string, { labels = {}, taints = [] as Taint[] } = {}) {
  const node: Node = { metadata: { name, labels }, spec: { taints } };
  cluster.client.seed(resources.nodes, node);
}

function daemonSet(image: string, spec: Partial<NonNullable<DaemonSet['spec']>> = {}): DaemonSet {
  return {
    metadata: { ...at },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'a', image }] } },
      ...spec,
    },
  };
}

const create = (set: DaemonSet) => cluster.client.resource<DaemonSet>(resources.daemonSets).create(set);
const get = () => cluster.client.resource<DaemonSet>(resources.daemonSets).get(at.name, at);
const setImage = (image: string) =>
  cluster.client.edit<DaemonSet>(resources.daemonSets, at, ({ spec }) => {
    if (spec?.template.spec) spec.template.spec.containers[0]!.image = image;
  });
const pods = () => cluster.client.all<Pod>(resources.pods);
const alive = () => pods().filter(({ metadata }) => !metadata.deletionTimestamp);
const imagesByNode = () =>
  Object.fromEntries(alive().map((pod) => [pod.spec?.nodeName, pod.spec?.containers[0]?.image]));
const images = () => pods().map(({ spec }) => spec?.containers[0]?.image);
const revisions = () => cluster.client.all<ControllerRevision>(resources.controllerRevisions);

test('every node gets one pod that is bound to it and tolerates its troubles', async () => {
  await create(daemonSet('a'));
  await cluster.settle();
  expect(imagesByNode()).toEqual({ n1: 'a', n2: 'a', n3: 'a' });
  expect(pods()[0]?.spec?.tolerations).toContainEqual({
    key: 'node.kubernetes.io/unreachable',
    operator: 'Exists',
    effect: 'NoExecute',
  });
  expect((await get()).status).toEqual({
    currentNumberScheduled: 3,
    desiredNumberScheduled: 3,
    numberMisscheduled: 0,
    numberReady: 3,
    numberAvailable: 3,
    numberUnavailable: 0,
    updatedNumberScheduled: 3,
    observedGeneration: 1,
  });
});

test('a node that joins gets its pod, one that is tainted NoExecute loses it', async () => {
  await create(daemonSet('a'));
  await cluster.settle();
  addNode('n4');
  await cluster.settle();
  expect(imagesByNode()).toHaveProperty('n4');
  cluster.client.edit<Node>(resources.nodes, { name: 'n1' }, (node) => {
    node.spec = { taints: [{ key: 'broken', effect: 'NoExecute' }] };
  });
  await cluster.settle();
  expect(Object.keys(imagesByNode())).toEqual(['n2', 'n3', 'n4']);
});

test('a NoSchedule taint keeps new pods away and leaves the one that runs', async () => {
  await create(daemonSet('a'));
  await cluster.settle();
  cluster.client.edit<Node>(resources.nodes, { name: 'n1' }, (node) => {
    node.spec = { taints: [{ key: 'full', effect: 'NoSchedule' }] };
  });
  addNode('n4', { taints: [{ key: 'full', effect: 'NoSchedule' }] });
  await cluster.settle();
  expect(Object.keys(imagesByNode())).toEqual(['n1', 'n2', 'n3']);
  expect((await get()).status).toMatchObject({ desiredNumberScheduled: 2, numberMisscheduled: 1 });
});

test('a node selector decides by label, also when the label changes', async () => {
  const set = daemonSet('a');
  set.spec!.template.spec!.nodeSelector = { gpu: 'yes' };
  await create(set);
  await cluster.settle();
  expect(pods()).toEqual([]);
  cluster.client.edit<Node>(resources.nodes, { name: 'n2' }, (node) => {
    node.metadata.labels = { gpu: 'yes' };
  });
  await cluster.settle();
  expect(Object.keys(imagesByNode())).toEqual(['n2']);
});

test('a rolling update replaces one node after the other and waits for an unavailable one', async () => {
  await create(daemonSet('a'));
  await cluster.settle();
  setImage('b');
  await cluster.settle({ becomesReady: (pod) => pod.spec?.containers[0]?.image === 'a' });
  expect(images().filter((image) => image === 'b')).toHaveLength(1);
  expect((await get()).status).toMatchObject({ updatedNumberScheduled: 1, numberUnavailable: 1 });
  await cluster.settle();
  expect(images()).toEqual(['b', 'b', 'b']);
  expect((await get()).status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 });
});

test('a new pod counts only once it has been ready for minReadySeconds, and the next one waits for that', async () => {
  await create(daemonSet('a', { minReadySeconds: 30 }));
  await cluster.settle();
  expect((await get()).status).toMatchObject({ numberReady: 3, numberAvailable: 0 });
  await cluster.clock.advance(30_000);
  expect((await get()).status).toMatchObject({ numberReady: 3, numberAvailable: 3 });
  setImage('b');
  const renewed = () => alive().filter(({ spec }) => spec?.containers[0]?.image === 'b').length;
  for (const count of [1, 2, 3]) {
    await cluster.settle();
    expect(renewed()).toBe(count);
    await cluster.clock.advance(30_000);
  }
});

test('a surging update goes on when its new pod has been ready for minReadySeconds, without anything else happening', async () => {
  const updateStrategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  await create(daemonSet('a', { updateStrategy, minReadySeconds: 30 }));
  await cluster.settle();
  await cluster.clock.advance(30_000);
  setImage('b');
  for (let node = 0; node < 3; node++) {
    await cluster.settle();
    await cluster.clock.advance(30_000);
  }
  await cluster.settle();
  expect(images()).toEqual(['b', 'b', 'b']);
});

test('maxUnavailable in percent rounds up', async () => {
  await create(daemonSet('a', { updateStrategy: { rollingUpdate: { maxUnavailable: '34%' } } }));
  await cluster.settle();
  setImage('b');
  await cluster.clock.advance(100);
  expect(alive()).toHaveLength(1);
});

test('a surging update starts the new pod before it stops the old one', async () => {
  await create(daemonSet('a', { updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }));
  await cluster.settle();
  setImage('b');
  await cluster.settle({ becomesReady: (pod) => pod.spec?.containers[0]?.image === 'a' });
  expect(images().filter((image) => image === 'a')).toHaveLength(3);
  expect(images().filter((image) => image === 'b')).toHaveLength(1);
  await cluster.settle();
  expect(images()).toEqual(['b', 'b', 'b']);
});

test('OnDelete gives the new template only to pods that someone deletes', async () => {
  await create(daemonSet('a', { updateStrategy: { type: 'OnDelete' } }));
  await cluster.settle();
  setImage('b');
  await cluster.settle();
  expect(images()).toEqual(['a', 'a', 'a']);
  const [first] = pods();
  await cluster.client
    .resource(resources.pods)
    .delete(first?.metadata.name ?? '', { namespace: at.namespace });
  await cluster.settle();
  expect(images().filter((image) => image === 'b')).toHaveLength(1);
});

test('each template has a revision that undo can send back', async () => {
  await create(daemonSet('a', { revisionHistoryLimit: 1 }));
  await cluster.settle();
  const [first] = revisions();
  expect(first).toMatchObject({
    revision: 1,
    metadata: { labels: { app: 'agent' } },
    data: { spec: { template: { $patch: 'replace', spec: { containers: [{ image: 'a' }] } } } },
  });
  // As clients would write it, who compare bytes.
  expect(JSON.stringify(first?.data)).toMatch(
    /^\{"spec":\{"template":\{"\$patch":"replace","metadata":\{.*"spec":/,
  );
  expect(pods()[0]?.metadata.labels?.['controller-revision-hash']).toBe(
    first?.metadata.labels?.['controller-revision-hash'],
  );
  setImage('b');
  await cluster.settle();
  setImage('a');
  await cluster.settle();
  expect(revisions().map(({ revision }) => revision)).toEqual(expect.arrayContaining([2, 3]));
  setImage('c');
  await cluster.settle();
  expect(new Set(revisions().map(({ revision }) => revision))).toEqual(new Set([3, 4]));
});

test('a daemon that fails at once is replaced with growing delays', async () => {
  await create(daemonSet('a'));
  await cluster.settle();
  const fail = () => {
    for (const pod of alive().filter(({ spec }) => spec?.nodeName === 'n1')) {
      cluster.client.edit<Pod>(
        resources.pods,
        { namespace: at.namespace, name: pod.metadata.name ?? '' },
        (edited) => void (edited.status = { phase: 'Failed' }),
      );
    }
  };
  fail();
  await cluster.settle();
  expect(alive()).toHaveLength(3);
  fail();
  await cluster.clock.advance(500);
  expect(alive().some(({ status }) => status?.phase === 'Failed')).toBe(true);
  await cluster.clock.advance(600);
  await cluster.settle();
  expect(alive().every(({ status }) => status?.phase === 'Running')).toBe(true);
  expect(cluster.events.lines.filter((line) => line.includes('Found failed daemon pod'))).toHaveLength(2);
});

test.each<[string, Record<string, string>, string]>([
  ['where the set says so', { 'apps.skerry.io/offline-nodes': 'skip' }, 'RollingUpdate'],
  [
    'by the strategy of OpenYurt',
    { 'apps.openyurt.io/update-strategy': 'AdvancedRollingUpdate', 'apps.openyurt.io/max-unavailable': '1' },
    'OnDelete',
  ],
  [
    'by its name in small letters',
    { 'apps.openyurt.io/update-strategy': 'advancedrollingupdate' },
    'OnDelete',
  ],
])('an offline node is left out of an update %s', async (_how, annotations, type) => {
  const set = daemonSet('a', { updateStrategy: { type } });
  set.metadata.annotations = annotations;
  const setReady = (name: string, status: string) =>
    cluster.client.edit<Node>(resources.nodes, { name }, (node) => {
      node.status = { conditions: [{ type: 'Ready', status }] };
    });
  for (const name of ['n1', 'n2', 'n3']) setReady(name, 'True');
  await create(set);
  await cluster.settle();
  setReady('n2', 'Unknown');
  setImage('b');
  await cluster.settle();
  expect(imagesByNode()).toEqual({ n1: 'b', n2: 'a', n3: 'b' });
  setReady('n2', 'True');
  await cluster.settle();
  expect(imagesByNode()).toEqual({ n1: 'b', n2: 'b', n3: 'b' });
});

const markOf = (node: string) => {
  const pod = alive().find(({ spec }) => spec?.nodeName === node);
  const condition = pod?.status?.conditions?.find(({ type }) => type === 'PodNeedUpgrade');
  return [condition?.status, pod?.metadata.annotations?.['apps.skerry.io/next-images']];
};

test.each(['OTA', 'ota'])(
  'with OpenYurt’s strategy %s pods are marked, and replaced by their owners',
  async (strategy) => {
    const set = daemonSet('a', { updateStrategy: { type: 'OnDelete' } });
    set.metadata.annotations = { 'apps.openyurt.io/update-strategy': strategy };
    await create(set);
    await cluster.settle();
    expect(markOf('n1')).toEqual(['False', undefined]);
    setImage('b');
    await cluster.settle();
    expect(imagesByNode()).toEqual({ n1: 'a', n2: 'a', n3: 'a' });
    expect(markOf('n1')).toEqual(['True', '["b"]']);
    const { name = '', labels } = alive()[0]!.metadata;
    const message = alive()[0]?.status?.conditions?.find(({ type }) => type === 'PodNeedUpgrade')?.message;
    expect(message).toMatch(/^controllerrevision: /);
    expect(message).not.toBe(`controllerrevision: ${labels?.['controller-revision-hash']}`);
    await cluster.client.resource<Pod>(resources.pods).delete(name, { namespace: at.namespace });
    await cluster.settle();
    expect(Object.values(imagesByNode()).filter((image) => image === 'b')).toHaveLength(1);
  },
);
