import type { Node, NodeImage, NodeImageTag, Pod, Secret } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createImageListPullJobController } from '#kruise/image-pull-job/image-list-pull-job.ts';
import { createImagePullJobController } from '#kruise/image-pull-job/image-pull-job.ts';
import type { ImageListPullJob, ImagePullJob } from '#kruise/kinds/image-pull.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import { createNodeImageController } from '#kruise/node-image/node-image.ts';
import { createKruiseHarness } from '#kruise/testing/kruise-harness.ts';
import type { KruiseHarness } from '#kruise/testing/kruise-harness.ts';
import { timestamp } from '#runtime/status.ts';

const at = { namespace: 'edge', name: 'warm-up' };
let cluster: KruiseHarness;

beforeEach(async () => {
  cluster = createKruiseHarness();
  for (const name of ['n1', 'n2', 'n3']) cluster.addNode(name, { labels: { region: name } });
  const { kruise } = cluster;
  await cluster.start(
    createNodeImageController(kruise)!,
    createImagePullJobController(kruise)!,
    createImageListPullJobController(kruise)!,
  );
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

async function create(spec: Partial<NonNullable<ImagePullJob['spec']>> = {}): Promise<void> {
  await cluster.client.resource<ImagePullJob>(kruiseResources.imagePullJobs).create({
    metadata: { ...at },
    spec: {
      image: 'team/model:1',
      completionPolicy: { type: 'Always' },
      pullPolicy: { timeoutSeconds: 600, backoffLimit: 3 },
      ...spec,
    },
  });
  await cluster.clock.advance(200);
}

const status = async () =>
  (await cluster.client.resource<ImagePullJob>(kruiseResources.imagePullJobs).get(at.name, at)).status;
const nodeImages = () => cluster.client.all<NodeImage>(kruiseResources.nodeImages);
const ordersOf = ({ spec }: NodeImage) =>
  Object.entries(spec?.images ?? {}).flatMap(([name, { tags }]) => tags.map((tag) => ({ name, tag })));
const told = () =>
  nodeImages()
    .filter((image) => ordersOf(image).length > 0)
    .map(({ metadata }) => metadata.name);

/** Plays a node that does what it is told. */
async function answer(node: string, phase: 'Succeeded' | 'Failed' | 'Pulling' = 'Succeeded'): Promise<void> {
  cluster.client.edit<NodeImage>(kruiseResources.nodeImages, { name: node }, (image) => {
    const statusOf = ({ tag, version }: NodeImageTag) => ({
      tag,
      version,
      phase,
      ...(phase === 'Pulling' ? {} : { completionTime: timestamp(cluster.clock.now()) }),
    });
    image.status = {
      imageStatuses: Object.fromEntries(
        Object.entries(image.spec?.images ?? {}).map(([name, { tags }]) => [
          name,
          { tags: tags.map(statusOf) },
        ]),
      ),
    };
  });
  await cluster.clock.advance(200);
}

describe('NodeImages', () => {
  test('follow the nodes, their labels and their end', async () => {
    expect(nodeImages().map(({ metadata }) => [metadata.name, metadata.labels])).toEqual([
      ['n1', { region: 'n1' }],
      ['n2', { region: 'n2' }],
      ['n3', { region: 'n3' }],
    ]);
    const uid = nodeImages()[0]?.metadata.uid;
    const [node] = cluster.client.all<Node>(resources.nodes);
    expect(node?.metadata.annotations).toEqual({ 'node.skerry.io/node-image': uid });
    cluster.addNode('n4', { ready: false });
    cluster.client.edit<Node>(resources.nodes, { name: 'n1' }, (edited) => {
      edited.metadata.labels = { region: 'x' };
    });
    cluster.client.remove(resources.nodes, { name: 'n3' });
    await cluster.clock.advance(100);
    expect(nodeImages().map(({ metadata }) => [metadata.name, metadata.labels?.['region']])).toEqual([
      ['n1', 'x'],
      ['n2', 'n2'],
    ]);
    cluster.setNodeReady('n4', true);
    await cluster.clock.advance(100);
    expect(nodeImages()).toHaveLength(3);
  });
});

test('nodes are told one by one, and the job completes', async () => {
  await create();
  expect(told()).toEqual(['n1']);
  expect(ordersOf(nodeImages()[0]!)).toMatchObject([
    {
      name: 'docker.io/team/model',
      tag: {
        tag: '1',
        version: 0,
        pullPolicy: { timeoutSeconds: 600, backoffLimit: 3 },
        ownerReferences: [{ kind: 'ImagePullJob', namespace: 'edge', name: 'warm-up' }],
      },
    },
  ]);
  expect(await status()).toMatchObject({ desired: 3, active: 1, message: 'job is running, progress 0.0%' });
  await answer('n1');
  expect(told()).toEqual(['n1', 'n2']);
  expect(await status()).toMatchObject({
    succeeded: 1,
    active: 1,
    message: 'job is running, progress 33.3%',
  });
  await answer('n2', 'Failed');
  await answer('n3');
  expect(await status()).toMatchObject({
    desired: 3,
    active: 0,
    succeeded: 2,
    failed: 1,
    failedNodes: ['n2'],
    message: 'job has completed',
  });
  expect(await status()).toHaveProperty('completionTime');
});

test.each([
  ['so many at a time', { parallelism: 2 }, ['n1', 'n2']],
  ['no one while it is paused', { parallelism: 0 }, []],
  ['by name', { selector: { names: ['n2', 'gone'] } }, ['n2']],
  ['by label', { selector: { matchLabels: { region: 'n3' } } }, ['n3']],
])('tells nodes %s', async (_how, spec, expected) => {
  await create(spec);
  expect(told()).toEqual(expected);
});

test('tells the nodes of pods, also of those that come later', async () => {
  const pod = (name: string, nodeName: string): Pod => ({
    metadata: { name, namespace: 'edge', labels: { app: 'x' } },
    spec: { nodeName, containers: [] },
    status: { phase: 'Running' },
  });
  cluster.client.seed<Pod>(resources.pods, pod('a', 'n3'));
  await create({
    podSelector: { matchLabels: { app: 'x' } },
    parallelism: 10,
    completionPolicy: { type: 'Never' },
  });
  expect(told()).toEqual(['n3']);
  cluster.client.seed<Pod>(resources.pods, pod('b', 'n1'));
  await cluster.clock.advance(200);
  expect(told()).toEqual(['n1', 'n3']);
  expect(await status()).toMatchObject({ desired: 2 });
});

test('a node that does not answer fails in the end', async () => {
  await create({ parallelism: 10 });
  await answer('n1');
  await answer('n2');
  await cluster.clock.advance(10 * 60_000);
  expect(await status()).toMatchObject({ succeeded: 2, failed: 1, failedNodes: ['n3'] });
  expect(nodeImages()[2]?.status).toMatchObject({
    failed: 1,
    imageStatuses: {
      'docker.io/team/model': {
        tags: [{ tag: '1', phase: 'Failed', message: 'node has not responded for a long time' }],
      },
    },
  });
});

test('a deadline fails the nodes that are not done', async () => {
  await create({ completionPolicy: { type: 'Always', activeDeadlineSeconds: 700 }, parallelism: 2 });
  await answer('n1');
  await answer('n2', 'Pulling');
  await cluster.clock.advance(700_000);
  expect(await status()).toMatchObject({
    succeeded: 1,
    failed: 2,
    active: 0,
    failedNodes: ['n2', 'n3'],
    message: 'job exceeds activeDeadlineSeconds',
  });
});

test('another job for the same image pulls again, and an order goes with its last job', async () => {
  await create({ selector: { names: ['n1'] } });
  await answer('n1');
  await cluster.client.resource<ImagePullJob>(kruiseResources.imagePullJobs).create({
    metadata: { ...at, name: 'again' },
    spec: { image: 'team/model:1', completionPolicy: { type: 'Always' }, selector: { names: ['n1'] } },
  });
  await cluster.clock.advance(200);
  expect(ordersOf(nodeImages()[0]!)).toMatchObject([
    { tag: { version: 1, ownerReferences: [{ name: 'warm-up' }, { name: 'again' }] } },
  ]);
  for (const name of ['warm-up', 'again']) {
    cluster.client.remove(kruiseResources.imagePullJobs, { ...at, name });
    await cluster.clock.advance(200);
  }
  expect(told()).toEqual([]);
});

test('a job goes when its time after the end is over, and its orders, too', async () => {
  await create({
    completionPolicy: { type: 'Always', ttlSecondsAfterFinished: 30 },
    selector: { names: ['n1'] },
  });
  await answer('n1');
  await cluster.clock.advance(31_000);
  expect(cluster.client.all(kruiseResources.imagePullJobs)).toEqual([]);
  await cluster.clock.advance(200);
  expect(told()).toEqual([]);
});

test('credentials are where nodes may read them for as long as a job needs them', async () => {
  const copies = () => cluster.client.all<Secret>(resources.secrets, 'kruise-daemon-config');
  cluster.client.seed<Secret>(resources.secrets, {
    metadata: { name: 'registry', namespace: 'edge' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': 'e30=' },
  });
  await create({ pullSecrets: ['registry', 'not-there'], selector: { names: ['n1'] } });
  expect(copies()).toMatchObject([
    {
      metadata: {
        annotations: {
          'imagepulljobs.kruise.io/source-key': 'edge/registry',
          'imagepulljobs.kruise.io/references': 'edge/warm-up',
        },
      },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': 'e30=' },
    },
  ]);
  expect(nodeImages()[0]?.spec?.images?.['docker.io/team/model']?.pullSecrets).toEqual([
    { namespace: 'kruise-daemon-config', name: copies()[0]?.metadata.name, mode: 'batch' },
  ]);
  await answer('n1');
  await cluster.clock.advance(200);
  expect(copies()).toEqual([]);
});

describe('an ImageListPullJob', () => {
  const list = { namespace: 'edge', name: 'all' };
  const jobs = () => cluster.client.all<ImagePullJob>(kruiseResources.imagePullJobs);
  const listStatus = async () =>
    (await cluster.client.resource<ImageListPullJob>(kruiseResources.imageListPullJobs).get('all', list))
      .status;

  beforeEach(async () => {
    await cluster.client.resource<ImageListPullJob>(kruiseResources.imageListPullJobs).create({
      metadata: { ...list },
      spec: { images: ['a:1', 'b:1'], completionPolicy: { type: 'Always' }, parallelism: 10 },
    });
    await cluster.clock.advance(500);
  });

  test('has a job for each image, and ends with them', async () => {
    const images = jobs().map(({ spec }) => spec?.image ?? '');
    expect(images.sort()).toEqual(['a:1', 'b:1']);
    expect(await listStatus()).toMatchObject({ desired: 2, active: 2, completed: 0 });
    for (const node of ['n1', 'n2']) await answer(node);
    await answer('n3', 'Failed');
    expect(await listStatus()).toMatchObject({
      desired: 2,
      active: 0,
      completed: 2,
      succeeded: 0,
      failedImageStatuses: [{ name: 'a:1' }, { name: 'b:1' }],
    });
    expect(await listStatus()).toHaveProperty('completionTime');
  });

  test('takes jobs away with their images, and makes them anew for another template', async () => {
    const edit = (change: (spec: NonNullable<ImageListPullJob['spec']>) => void) =>
      cluster.client.edit<ImageListPullJob>(
        kruiseResources.imageListPullJobs,
        list,
        ({ spec }) => spec && change(spec),
      );
    const before = jobs().find(({ spec }) => spec?.image === 'b:1')?.metadata.uid;
    edit((spec) => void (spec.images = ['b:1']));
    await cluster.clock.advance(500);
    expect(jobs().map(({ metadata }) => metadata.uid)).toEqual([before]);
    edit((spec) => void (spec.parallelism = 1));
    await cluster.clock.advance(500);
    expect(jobs().map(({ spec }) => spec?.image)).toEqual(['b:1']);
    expect(jobs()[0]?.metadata.uid).not.toBe(before);
  });
});
