import type { ControllerRevision, Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAdvancedDaemonSetController } from '#kruise/daemon-set/advanced-daemon-set.ts';
import type {
  AdvancedDaemonSet,
  AdvancedDaemonSetSpec,
  AdvancedRollingUpdate,
} from '#kruise/kinds/daemon-set.ts';
import type { ImagePullJob } from '#kruise/kinds/image-pull.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import { createKruiseHarness } from '#kruise/testing/kruise-harness.ts';
import type { KruiseHarness } from '#kruise/testing/kruise-harness.ts';

const names = ['n1', 'n2', 'n3', 'n4'];
const at = { namespace: 'edge', name: 'agent' };
let cluster: KruiseHarness;

async function start(options: { featureGates?: string } = {}): Promise<void> {
  cluster = createKruiseHarness(options);
  for (const name of names) cluster.addNode(name, { labels: { canary: name === 'n2' ? 'yes' : 'no' } });
  await cluster.start(createAdvancedDaemonSetController(cluster.kruise));
}

beforeEach(() => start());
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

interface Given extends Omit<Partial<AdvancedDaemonSetSpec>, 'updateStrategy'> {
  readonly image?: string;
  readonly rolling?: AdvancedRollingUpdate;
  readonly type?: string;
  readonly annotations?: Record<string, string>;
  readonly podLabels?: Record<string, string>;
}

async function create(given: Given = {}): Promise<void> {
  const { image = 'a', rolling = {}, type = 'RollingUpdate', annotations, podLabels = {}, ...spec } = given;
  const set: AdvancedDaemonSet = {
    metadata: { ...at, annotations },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: {
        metadata: { labels: { app: 'agent', ...podLabels } },
        spec: { containers: [{ name: 'main', image }] },
      },
      updateStrategy: { type, rollingUpdate: { rollingUpdateType: 'Standard', ...rolling } },
      ...spec,
    },
  };
  await cluster.client.resource<AdvancedDaemonSet>(kruiseResources.daemonSets).create(set);
  await cluster.settle();
}

const editSet = (change: (spec: AdvancedDaemonSetSpec) => void) =>
  cluster.client.edit<AdvancedDaemonSet>(kruiseResources.daemonSets, at, (set) => {
    if (set.spec) change(set.spec);
    set.metadata.generation = (set.metadata.generation ?? 1) + 1;
  });
const setImage = (image: string) =>
  editSet(({ template }) => void (template.spec!.containers[0]!.image = image));
const setRolling = (rolling: AdvancedRollingUpdate) =>
  editSet((spec) => {
    spec.updateStrategy = {
      type: 'RollingUpdate',
      rollingUpdate: { ...spec.updateStrategy?.rollingUpdate, ...rolling },
    };
  });
const status = async () =>
  (await cluster.client.resource<AdvancedDaemonSet>(kruiseResources.daemonSets).get(at.name, at)).status;
const pods = () => cluster.client.all<Pod>(resources.pods);
const podOn = (node: string) => pods().find(({ spec }) => spec?.nodeName === node)!;
const isOld = (pod: Pod) => pod.spec?.containers[0]?.image === 'a';
/** `n1 a, n2 b` */
const picture = () =>
  pods()
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .map(({ spec }) => `${spec?.nodeName} ${spec?.containers[0]?.image}`)
    .sort()
    .join(', ');

test('every node gets one pod, and the status says so', async () => {
  await create();
  expect(picture()).toBe('n1 a, n2 a, n3 a, n4 a');
  const hash = podOn('n1').metadata.labels?.['controller-revision-hash'];
  expect(await status()).toEqual({
    currentNumberScheduled: 4,
    desiredNumberScheduled: 4,
    numberMisscheduled: 0,
    numberReady: 4,
    numberAvailable: 4,
    numberUnavailable: 0,
    updatedNumberScheduled: 4,
    observedGeneration: 1,
    updateRevision: hash,
  });
  expect(podOn('n1').metadata.ownerReferences).toMatchObject([
    { apiVersion: 'apps.kruise.io/v1beta1', kind: 'DaemonSet', name: 'agent', controller: true },
  ]);
  expect(cluster.client.all<ControllerRevision>(resources.controllerRevisions)).toMatchObject([
    { revision: 1, data: { spec: { template: { $patch: 'replace' } } } },
  ]);
});

describe('a new template', () => {
  test.each<[string, Given, string]>([
    ['reaches every node', {}, 'n1 b, n2 b, n3 b, n4 b'],
    [
      'leaves the first nodes by name to the partition',
      { rolling: { partition: 3 } },
      'n1 a, n2 a, n3 a, n4 b',
    ],
    ['rounds a partition in percent down', { rolling: { partition: '60%' } }, 'n1 a, n2 a, n3 b, n4 b'],
    ['stops at 100%', { rolling: { partition: '100%' } }, 'n1 a, n2 a, n3 a, n4 a'],
    [
      'reaches only selected nodes',
      { rolling: { selector: { matchLabels: { canary: 'yes' } } } },
      'n1 a, n2 b, n3 a, n4 a',
    ],
    ['waits while paused', { rolling: { paused: true } }, 'n1 a, n2 a, n3 a, n4 a'],
    ['waits for whoever deletes pods', { type: 'OnDelete' }, 'n1 a, n2 a, n3 a, n4 a'],
    ['surges to every node', { rolling: { maxSurge: 1, maxUnavailable: 0 } }, 'n1 b, n2 b, n3 b, n4 b'],
    [
      'changes pods in place on every node',
      { rolling: { rollingUpdateType: 'InPlaceIfPossible' } },
      'n1 b, n2 b, n3 b, n4 b',
    ],
    [
      'changes pods in place as far as the partition lets it',
      { rolling: { rollingUpdateType: 'InPlaceIfPossible', partition: 2 } },
      'n1 a, n2 a, n3 b, n4 b',
    ],
    [
      'comes in small bursts, too',
      { burstReplicas: '10%', rolling: { maxUnavailable: '100%' } },
      'n1 b, n2 b, n3 b, n4 b',
    ],
  ])('%s', async (_what, given, expected) => {
    await create(given);
    setImage('b');
    await cluster.settle();
    expect(picture()).toBe(expected);
  });

  test('goes on when the partition gets smaller, and resumes', async () => {
    await create({ rolling: { partition: 4, paused: true } });
    setImage('b');
    await cluster.settle();
    setRolling({ partition: 1 });
    await cluster.settle();
    expect(picture()).toBe('n1 a, n2 a, n3 a, n4 a');
    setRolling({ paused: false });
    await cluster.settle();
    expect(picture()).toBe('n1 a, n2 b, n3 b, n4 b');
    expect(await status()).toMatchObject({ updatedNumberScheduled: 3 });
  });

  test.each([
    [{ maxUnavailable: 1 }, 1],
    [{ maxUnavailable: '50%' }, 2],
    [{ maxUnavailable: '51%' }, 3],
    [{ maxSurge: 2, maxUnavailable: 0 }, 2],
    [{ rollingUpdateType: 'InPlaceIfPossible', maxUnavailable: 2 }, 2],
  ])('waits for pods that do not become ready: %j', async (rolling, count) => {
    await create({ rolling });
    setImage('b');
    await cluster.settle({ becomesReady: isOld });
    expect(pods().filter((pod) => !isOld(pod))).toHaveLength(count);
  });

  test('counts a pod as available when it has been ready for long enough', async () => {
    await create({ minReadySeconds: 30 });
    expect(await status()).toMatchObject({ numberReady: 4, numberAvailable: 0 });
    await cluster.clock.advance(31_000);
    expect(await status()).toMatchObject({ numberAvailable: 4 });
    setImage('b');
    await cluster.settle();
    expect(pods().filter((pod) => !isOld(pod))).toHaveLength(1);
    await cluster.clock.advance(31_000);
    await cluster.settle();
    expect(pods().filter((pod) => !isOld(pod))).toHaveLength(2);
  });
});

describe('an update in place', () => {
  const inPlace: AdvancedRollingUpdate = { rollingUpdateType: 'InPlaceIfPossible' };
  const stateOf = (pod: Pod) =>
    JSON.parse(pod.metadata.annotations?.['apps.kruise.io/inplace-update-state'] ?? '{}') as object;

  test('keeps the pods and notes what it does', async () => {
    await create({ rolling: inPlace });
    const before = pods().map(({ metadata }) => metadata.uid);
    setImage('b');
    await cluster.settle();
    expect(pods().map(({ metadata }) => metadata.uid)).toEqual(before);
    const pod = podOn('n1');
    expect(pod.status?.containerStatuses?.[0]?.restartCount).toBe(1);
    expect(stateOf(pod)).toMatchObject({
      revision: pod.metadata.labels?.['controller-revision-hash'],
      updateImages: true,
      lastContainerStatuses: { main: { imageID: 'id-of-a' } },
      containerBatchesRecord: [{ containers: ['main'] }],
    });
    expect(pod.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'InPlaceUpdateReady', status: 'True' }),
    );
    expect(await status()).toMatchObject({ updatedNumberScheduled: 4, numberAvailable: 4 });
    expect(cluster.events.lines.filter((line) => line.includes('SuccessfulUpdatePodInPlace'))).toHaveLength(
      4,
    );
  });

  test('takes a pod out of traffic until its new container runs', async () => {
    await create({ rolling: inPlace });
    setImage('b');
    await cluster.clock.advance(200);
    const changed = pods().filter((pod) => !isOld(pod));
    expect(changed).toHaveLength(1);
    const conditions = Object.fromEntries(
      (changed[0]?.status?.conditions ?? []).map(({ type, status: is }) => [type, is]),
    );
    expect(conditions).toMatchObject({ InPlaceUpdateReady: 'False', Ready: 'False' });
    expect(await status()).toMatchObject({ numberAvailable: 3 });
    await cluster.settle();
  });

  test('takes new labels along', async () => {
    await create({ rolling: inPlace, podLabels: { old: 'x' } });
    const before = podOn('n1').metadata.uid;
    editSet(({ template }) => {
      template.metadata = { labels: { app: 'agent', tier: 'edge' }, annotations: { note: 'y' } };
    });
    await cluster.settle();
    expect(podOn('n1').metadata).toMatchObject({
      uid: before,
      labels: { tier: 'edge' },
      annotations: { note: 'y' },
    });
    expect(podOn('n1').metadata.labels).not.toHaveProperty('old');
  });

  test('starts a container anew that has read a label which changes', async () => {
    const env = [{ name: 'TIER', valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } }];
    const setTier = (tier: string) =>
      editSet(({ template }) => {
        template.metadata = { labels: { app: 'agent', tier } };
        template.spec = { containers: [{ name: 'main', image: 'a', env }] };
      });
    await create({ rolling: inPlace });
    setTier('one');
    await cluster.settle();
    const before = podOn('n1').metadata.uid;
    setTier('two');
    await cluster.settle();
    const pod = podOn('n1');
    expect(pod.metadata).toMatchObject({ uid: before, labels: { tier: 'two' } });
    expect(pod.status?.containerStatuses?.[0]?.restartCount).toBe(1);
    expect(stateOf(pod)).toMatchObject({ updateEnvFromMetadata: true });
    expect(await status()).toMatchObject({ updatedNumberScheduled: 4, numberAvailable: 4 });
  });

  test('that changes more than images makes new pods', async () => {
    await create({ rolling: inPlace });
    const before = new Set(pods().map(({ metadata }) => metadata.uid));
    editSet(({ template }) => {
      template.spec = { ...template.spec, containers: [{ name: 'main', image: 'b', args: ['x'] }] };
    });
    await cluster.settle();
    expect(picture()).toBe('n1 b, n2 b, n3 b, n4 b');
    expect(pods().filter(({ metadata }) => before.has(metadata.uid))).toEqual([]);
  });

  test('goes through containers by their priority', async () => {
    const container = (name: string, image: string, priority?: string) => ({
      name,
      image,
      env: priority ? [{ name: 'KRUISE_CONTAINER_PRIORITY', value: priority }] : [],
    });
    const containers = (image: string) => [
      container('main', image),
      container('late', image, '1'),
      container('early', image, '5'),
    ];
    await create({ rolling: { ...inPlace, partition: 3 } });
    editSet(({ template }) => void (template.spec!.containers = containers('a')));
    setRolling({ partition: 0, maxUnavailable: '100%' });
    await cluster.settle();
    editSet(({ template }) => void (template.spec!.containers = containers('b')));
    await cluster.clock.advance(200);
    const images = () => podOn('n1').spec?.containers.map(({ name, image }) => `${name} ${image}`);
    expect(images()).toEqual(['main b', 'late a', 'early b']);
    await cluster.settle();
    expect(images()).toEqual(['main b', 'late b', 'early b']);
    expect(stateOf(podOn('n1'))).toMatchObject({
      containerBatchesRecord: [{ containers: ['early', 'main'] }, { containers: ['late'] }],
    });
    expect(stateOf(podOn('n1'))).not.toHaveProperty('nextContainerImages');
  });
});

describe('new nodes', () => {
  test('get the new template at once, unless scaling follows the partition', async () => {
    await create({ rolling: { partition: '100%' } });
    setImage('b');
    cluster.addNode('n5');
    await cluster.settle();
    expect(picture()).toBe('n1 a, n2 a, n3 a, n4 a, n5 b');
  });

  test('get no pod where scaling follows the partition', async () => {
    await create({ scaleStrategy: { partitionedScaling: true } });
    setRolling({ partition: '100%' });
    setImage('b');
    cluster.addNode('n5');
    await cluster.settle();
    expect(picture()).toBe('n1 a, n2 a, n3 a, n4 a');
    expect(await status()).toMatchObject({ desiredNumberScheduled: 5, currentNumberScheduled: 4 });
  });

  test.each([
    [2, 'n1 a, n2 a'],
    ['50%', 'n1 a, n2 a'],
    [0, 'n1 a, n2 a, n3 a, n4 a'],
  ])('with partition %j from the start', async (partition, expected) => {
    await create({ rolling: { partition }, scaleStrategy: { partitionedScaling: true } });
    expect(picture()).toBe(expected);
  });
});

describe('a preDelete hook', () => {
  const lifecycle = (markPodNotReady = false) => ({
    preDelete: { labelsHandler: { 'edge/drain': 'yes' }, markPodNotReady },
  });
  const podLabels = { 'edge/drain': 'yes' };
  const release = (node: string) =>
    cluster.client.edit<Pod>(
      resources.pods,
      { namespace: at.namespace, name: podOn(node).metadata.name ?? '' },
      ({ metadata }) => delete metadata.labels?.['edge/drain'],
    );

  test('holds a pod until its label is gone', async () => {
    await create({ lifecycle: lifecycle(), podLabels });
    setImage('b');
    await cluster.settle();
    expect(picture()).toBe('n1 a, n2 a, n3 a, n4 a');
    const held = pods().filter(
      ({ metadata }) => metadata.labels?.['lifecycle.apps.kruise.io/state'] === 'PreparingDelete',
    );
    expect(held.map(({ spec }) => spec?.nodeName)).toEqual(['n4']);
    expect(held[0]?.metadata.annotations).toHaveProperty(['lifecycle.apps.kruise.io/timestamp']);
    release('n4');
    await cluster.settle();
    expect(picture()).toBe('n1 a, n2 a, n3 a, n4 b');
  });

  test('can take the pod out of traffic', async () => {
    await create({ lifecycle: lifecycle(true), podLabels });
    expect(await status()).toMatchObject({ numberReady: 4 });
    setImage('b');
    await cluster.settle();
    expect(podOn('n4').status?.conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'KruisePodReady', status: 'False' }),
        expect.objectContaining({ type: 'Ready', status: 'False' }),
      ]),
    );
  });
});

describe('an offline node', () => {
  const isOnline = (pod: Pod) => pod.spec?.nodeName !== 'n4';
  const lose = () => {
    cluster.setNodeReady('n4', false);
    cluster.client.edit<Pod>(
      resources.pods,
      { namespace: at.namespace, name: podOn('n4').metadata.name ?? '' },
      (pod) => void (pod.status!.conditions = [{ type: 'Ready', status: 'False' }]),
    );
  };

  test('holds up the others, as it does everywhere', async () => {
    await create();
    lose();
    setImage('b');
    await cluster.settle({ isOnline });
    // Its old pod serves nobody and goes at once, which costs nothing; that it does not come back does.
    expect(picture()).toBe('n1 a, n2 a, n3 b');
  });

  test.each(['Standard', 'InPlaceIfPossible'])(
    'is left out where the set says so, and follows when it is back: %s',
    async (rollingUpdateType) => {
      await create({
        rolling: { rollingUpdateType },
        annotations: { 'apps.skerry.io/offline-nodes': 'skip' },
      });
      lose();
      setImage('b');
      await cluster.settle({ isOnline });
      expect(picture()).toBe('n1 b, n2 b, n3 b, n4 a');
      expect(podOn('n4').metadata.deletionTimestamp).toBeUndefined();
      cluster.setNodeReady('n4', true);
      await cluster.settle();
      expect(picture()).toBe('n1 b, n2 b, n3 b, n4 b');
    },
  );
});

describe('images ahead of an update in place', () => {
  const rolling = { rollingUpdateType: 'InPlaceIfPossible', partition: 3 };
  const jobs = () => cluster.client.all<ImagePullJob>(kruiseResources.imagePullJobs);

  test('are pulled where the set has asked for it, once', async () => {
    await create({
      rolling,
      annotations: {
        'apps.kruise.io/image-predownload-parallelism': '2',
        'apps.kruise.io/image-predownload-timeout-seconds': '60',
      },
    });
    expect(jobs()).toEqual([]);
    setImage('b');
    await cluster.settle();
    const hash = podOn('n4').metadata.labels?.['controller-revision-hash'] ?? '';
    expect(jobs()).toMatchObject([
      {
        metadata: { name: `agent-${hash}-main`, ownerReferences: [{ kind: 'DaemonSet', name: 'agent' }] },
        spec: {
          image: 'b',
          parallelism: 2,
          pullPolicy: { backoffLimit: 1, timeoutSeconds: 60 },
          podSelector: {
            matchLabels: { app: 'agent' },
            matchExpressions: [
              { key: 'controller-revision-hash', operator: 'NotIn', values: [`agent-${hash}`, hash] },
            ],
          },
        },
      },
    ]);
    setRolling({ partition: 0 });
    await cluster.settle();
    expect(picture()).toBe('n1 b, n2 b, n3 b, n4 b');
    await cluster.clock.advance(1000);
    expect(jobs()).toEqual([]);
  });

  test('wait until enough pods are well with them', async () => {
    await create({
      rolling: { ...rolling, partition: 4 },
      annotations: { 'apps.kruise.io/image-predownload-min-updated-ready-pods': '1' },
    });
    setImage('b');
    await cluster.settle();
    expect(jobs()).toEqual([]);
    setRolling({ partition: 3 });
    await cluster.settle();
    expect(jobs()).toHaveLength(1);
  });

  test.each([
    ['by nobody who has not asked', '', rolling, 0],
    ['by everybody where the gate is open', 'PreDownloadImageForDaemonSetUpdate=true', rolling, 1],
    [
      'not where all nodes update at once',
      'PreDownloadImageForDaemonSetUpdate=true',
      { rollingUpdateType: 'InPlaceIfPossible', maxUnavailable: '100%', paused: true },
      0,
    ],
    ['not where pods are made anew', 'PreDownloadImageForDaemonSetUpdate=true', { partition: 3 }, 0],
  ])('are pulled %s', async (_who, featureGates, given, count) => {
    await cluster.stop();
    await start({ featureGates });
    await create({ rolling: given });
    setImage('b');
    await cluster.settle();
    expect(jobs()).toHaveLength(count);
  });
});
