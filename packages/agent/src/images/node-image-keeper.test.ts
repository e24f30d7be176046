import type { Node, NodeImage, NodeImageTag, Secret } from '@skerry/api';
import { ApiError } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient, recordingEvents } from '@skerry/client/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeImageKeeper } from '#images/node-image-keeper.ts';
import type { Image } from '#runtime.ts';

interface Pull {
  readonly reference: string;
  readonly secrets: readonly Secret[];
  end(outcome?: Error): void;
}

const name = 'docker.io/team/model';
let clock: FakeClock;
let client: FakeApiClient;
let events: ReturnType<typeof recordingEvents>;
let pulls: Pull[];
let here: Set<string>;
let node: Node;
let nodeChanged: () => void;
let keeper: NodeImageKeeper;
let stop: AbortController;
let running: Promise<void>;

const imageOf = (id: string): Image => ({ id, tags: [], digests: [], sizeBytes: 1, pinned: false });

beforeEach(() => {
  clock = new FakeClock();
  client = new FakeApiClient({ clock });
  events = recordingEvents();
  pulls = [];
  here = new Set();
  node = { metadata: { name: 'n1', annotations: { 'node.skerry.io/node-image': 'u1' } } };
  start();
});

function start(): void {
  stop = new AbortController();
  keeper = new NodeImageKeeper({
    client,
    runtime: { imageStatus: async (reference) => (here.has(reference) ? imageOf('id') : undefined) },
    puller: {
      pull: (reference, { secrets, signal }) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
          const end = (outcome?: Error) => (outcome ? reject(outcome) : resolve(imageOf('id')));
          pulls.push({ reference, secrets, end });
        }),
    },
    recorder: events,
    nodeName: 'n1',
    node: () => node,
    onNodeChange: (changed) => void (nodeChanged = changed),
    clock,
    log: silentLogger,
    random: () => 0.5,
  });
  running = keeper.run(stop.signal);
}

afterEach(async () => {
  stop.abort();
  await running;
});

const tag = (version: string, more: Partial<NodeImageTag> = {}): NodeImageTag => ({
  tag: version,
  version: 0,
  createdAt: '2026-01-01T00:00:00Z',
  pullPolicy: { timeoutSeconds: 60, backoffLimit: 1 },
  ...more,
});

async function order(tags: NodeImageTag[], more: object = {}): Promise<void> {
  client.seed<NodeImage>(resources.nodeImages, {
    metadata: { name: 'n1', uid: 'u1' },
    spec: { images: { [name]: { tags, ...more } } },
  });
  await settle();
}

const settle = () => clock.advance(2_500);
const status = () => client.all<NodeImage>(resources.nodeImages)[0]?.status;
const tags = () => status()?.imageStatuses?.[name]?.tags;
const edit = (change: (image: NodeImage) => void) =>
  client.edit<NodeImage>(resources.nodeImages, { name: 'n1' }, change);

test('what is ordered is pulled and reported', async () => {
  await order([tag('1')]);
  expect(pulls.map(({ reference }) => reference)).toEqual([`${name}:1`]);
  expect(status()).toMatchObject({ desired: 1, pulling: 1, succeeded: 0 });
  pulls[0]?.end();
  await settle();
  expect(tags()).toMatchObject([
    { tag: '1', version: 0, phase: 'Succeeded', imageID: `${name}@id`, progress: 100 },
  ]);
  expect(tags()?.[0]).toHaveProperty('completionTime');
  expect(status()).toMatchObject({ succeeded: 1, pulling: 0, firstSyncStatus: { status: 'Succeeded' } });
  expect(events.lines.join()).toContain('PullImageSucceed');
});

test('an image that is here is not pulled, unless the order says Always', async () => {
  here.add(`${name}:1`);
  await order([tag('1')]);
  expect(tags()).toMatchObject([{ phase: 'Succeeded' }]);
  expect(pulls).toEqual([]);
  edit(({ spec }) => spec?.images?.[name]?.tags.push(tag('2', { imagePullPolicy: 'Always' })));
  here.add(`${name}:2`);
  await settle();
  expect(pulls).toHaveLength(1);
});

test('a digest is pulled as one', async () => {
  await order([tag(`sha256:${'a'.repeat(64)}`)]);
  expect(pulls[0]?.reference).toBe(`${name}@sha256:${'a'.repeat(64)}`);
});

test('only so many are pulled at a time; the others wait', async () => {
  await order(['1', '2', '3', '4', '5'].map((version) => tag(version)));
  expect(pulls).toHaveLength(3);
  expect(status()).toMatchObject({ desired: 5, pulling: 3, waiting: 2 });
  pulls[0]?.end();
  await settle();
  expect(pulls).toHaveLength(4);
});

test('a pull that fails is tried as often as the order says', async () => {
  const owner = {
    apiVersion: 'apps.kruise.io/v1beta1',
    kind: 'ImagePullJob',
    namespace: 'edge',
    name: 'warm-up',
    uid: 'u',
  };
  await order([tag('1', { ownerReferences: [owner] })]);
  pulls[0]?.end(new Error('no such host'));
  await settle();
  expect(pulls).toHaveLength(2);
  pulls[1]?.end(new Error('no such host'));
  await settle();
  expect(pulls).toHaveLength(2);
  expect(tags()).toMatchObject([{ phase: 'Failed', message: 'no such host' }]);
  expect(status()).toMatchObject({ failed: 1, firstSyncStatus: { status: 'Failed' } });
  expect(events.lines.filter((line) => line.includes('PullImageFailed'))).toHaveLength(2);
});

test('a pull that takes too long is given up', async () => {
  await order([tag('1', { pullPolicy: { timeoutSeconds: 5, backoffLimit: 0 } })]);
  await clock.advance(10_000);
  expect(tags()).toMatchObject([
    { phase: 'Failed', message: `pulling image ${name}:1 took longer than 5 s` },
  ]);
});

test('a new version of an order is pulled anew, an order that is gone is given up', async () => {
  await order([tag('1')]);
  pulls[0]?.end();
  await settle();
  edit(
    ({ spec }) => void (spec!.images![name]!.tags = [tag('1', { version: 1, imagePullPolicy: 'Always' })]),
  );
  await settle();
  expect(pulls).toHaveLength(2);
  expect(tags()).toMatchObject([{ version: 1, phase: 'Pulling' }]);
  edit(({ spec }) => void (spec!.images = {}));
  await settle();
  expect(status()).toMatchObject({ desired: 0, pulling: 0, imageStatuses: {} });
});

test('after a restart only what had not ended is pulled again', async () => {
  await order([tag('1'), tag('2')]);
  pulls.find(({ reference }) => reference.endsWith(':1'))?.end();
  await settle();
  stop.abort();
  await running;
  pulls.length = 0;
  start();
  await settle();
  expect(pulls.map(({ reference }) => reference)).toEqual([`${name}:2`]);
});

test('credentials are read for each try, and those that are not there are done without', async () => {
  client.seed<Secret>(resources.secrets, {
    metadata: { name: 's', namespace: 'kruise-daemon-config' },
    data: {},
  });
  await order([tag('1')], {
    pullSecrets: [
      { namespace: 'kruise-daemon-config', name: 's' },
      { namespace: 'kruise-daemon-config', name: 'gone' },
    ],
  });
  expect(pulls[0]?.secrets.map(({ metadata }) => metadata.name)).toEqual(['s']);
});

test('a report that others came before is made anew', async () => {
  await order([tag('1')]);
  edit(({ status: now }) => void (now!.failed = 7));
  const removes = client.react((request) => {
    if (request.subresource === 'status') throw new ApiError('Conflict', 'changed');
  });
  pulls[0]?.end();
  await settle();
  removes();
  await clock.advance(10_000);
  expect(status()).toMatchObject({ succeeded: 1, failed: 0 });
});

test('nothing is asked of the API where the Node names no NodeImage', async () => {
  stop.abort();
  await running;
  node.metadata.annotations = {};
  start();
  await order([tag('1')]);
  expect(pulls).toEqual([]);
  node.metadata.annotations = { 'node.skerry.io/node-image': 'u1' };
  nodeChanged();
  await settle();
  expect(pulls).toHaveLength(1);
  // One that was not asked for any more is given up, and nothing is reported.
  node.metadata.annotations = {};
  nodeChanged();
  await settle();
  pulls[0]?.end();
  await settle();
  expect(tags()).toMatchObject([{ phase: 'Pulling' }]);
});

test('a kind that the API does not know is not asked for until the Node names it again', async () => {
  stop.abort();
  await running;
  let asked = 0;
  const known = client.resource.bind(client);
  client.resource = (ref) => {
    const real = known(ref);
    const unknown = async () => {
      asked++;
      throw new ApiError('NotFound', 'the server could not find the requested resource');
    };
    if (ref.resource !== 'nodeimages') return real as never;
    const watch = () => ({ [Symbol.asyncIterator]: () => ({ next: unknown }) });
    return { ...real, list: unknown, watch } as never;
  };
  start();
  await clock.advance(600_000);
  expect(asked).toBe(1);
  node.metadata.annotations = { 'node.skerry.io/node-image': 'u2' };
  nodeChanged();
  await clock.advance(600_000);
  expect(asked).toBe(2);
});
