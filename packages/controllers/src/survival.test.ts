/**
 * Controllers and scheduler are killed over and over, each time after some writes, while workloads are rolled, scaled, run to
 * their end and deleted. Whatever they were doing: in the end all is as it should be, no pod is doubled, none is lost, and
 * every success has been counted once.
 */
import type {
  ControllerRevision,
  DaemonSet,
  Deployment,
  Job,
  KubeObject,
  Node,
  Pod,
  PodTemplateSpec,
  ReplicaSet,
  StatefulSet,
} from '@skerry/api';
import { startTestServer } from '@skerry/apiserver/testing';
import type { TestServer } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { createClient, createHttpTransport, resources } from '@skerry/client';
import type { ApiClient, ResourceRef } from '@skerry/client';
import { createCertificateAuthority, type CertificateAuthority } from '@skerry/pki';
import { runScheduler } from '@skerry/scheduler';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ControllerName } from '#catalogue.ts';
import { runControllers } from '#manager.ts';
import { ApiNodes } from '#testing/api-nodes.ts';
import { runMortal } from '#testing/mortal.ts';

/** As on a machine that thirty others share. */
const patient = { timeoutMs: 240_000, everyMs: 50 };
const names: readonly ControllerName[] = [
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'daemonset-controller',
  'job-controller',
  'garbage-collector-controller',
  'namespace-controller',
];

let authority: CertificateAuthority;
let server: TestServer;
let client: ApiClient;
let nodes: ApiNodes;
let stop: AbortController;
let running: Promise<unknown>;
let lives: number;
/** What was too much at some moment, whatever became of it later. */
let doubled: Set<string>;

beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
});

beforeEach(async () => {
  server = await startTestServer({ guardsNamespaces: true });
  client = createClient({
    transport: createHttpTransport({ server: server.url }),
    userAgent: 'test',
    clock: systemClock,
  });
  for (const name of ['default', 'kube-system', 'shop']) {
    await client
      .resource(resources.namespaces)
      .create({ metadata: { name } } as KubeObject)
      .catch(() => undefined);
  }
  for (const name of ['n1', 'n2', 'n3']) {
    const node = await client.resource<Node>(resources.nodes).create({ metadata: { name } });
    const allocatable = { cpu: '100', memory: '100Gi', pods: '500' };
    const conditions = [{ type: 'Ready', status: 'True' }];
    const status = { allocatable, capacity: allocatable, conditions };
    await client.resource<Node>(resources.nodes).update({ ...node, status }, { subresource: 'status' });
  }
  nodes = new ApiNodes({ client, clock: systemClock });
  stop = new AbortController();
  lives = 0;
  doubled = new Set();
});

afterEach(async () => {
  stop.abort();
  await running;
  client.close();
  await server.close();
});

/** A number below `most`, the same for the same seed: so that what has failed once fails again. */
function dice(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * most);
  };
}

/** Lives of a few writes each until told otherwise; what comes last lives on. */
function startMortals(seed: number, calm: AbortSignal): void {
  const roll = dice(seed);
  const common = { clock: systemClock, log: silentLogger, random: Math.random };
  const parts = [
    (api: ApiClient, signal: AbortSignal) =>
      runControllers({ ...common, client: api, signal, clusterCidr: '10.244.0.0/16', authority, names }),
    (api: ApiClient, signal: AbortSignal) => runScheduler({ ...common, client: api, signal }),
  ];
  const live = async (run: (typeof parts)[number]) => {
    while (!stop.signal.aborted) {
      lives++;
      const writesMax = calm.aborted ? Infinity : 1 + roll(12);
      const end = new AbortController();
      const onStop = () => end.abort();
      stop.signal.addEventListener('abort', onStop, { once: true });
      // Whoever has long to live only because nothing is to be done must not hold up the calm.
      await runMortal({ server: server.url, clock: systemClock, writesMax, run }, end.signal);
      stop.signal.removeEventListener('abort', onStop);
    }
  };
  running = Promise.all([nodes.run(stop.signal), watchForDoubles(stop.signal), ...parts.map(live)]);
}

/** Of pods that are neither done nor leaving: what each of these may have. Web: five, and a quarter more while it is rolled. */
const most: readonly { readonly of: string; readonly group: (pod: Pod) => string; readonly count: number }[] =
  [
    { of: 'web', group: () => 'in all', count: 7 },
    { of: 'agent', group: (pod) => targetOf(pod), count: 1 },
    { of: 'bag', group: () => 'at once', count: 3 },
    { of: 'parts', group: () => 'at once', count: 3 },
    {
      of: 'parts',
      group: ({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-completion-index'] ?? '',
      count: 1,
    },
  ];

/** The node that a pod of a DaemonSet is for. */
function targetOf({ spec }: Pod): string {
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required?.nodeSelectorTerms?.[0]?.matchFields?.[0]?.values?.[0] ?? '';
}

async function watchForDoubles(signal: AbortSignal): Promise<void> {
  const active = new Map<string, Pod>();
  const events = client.resource<Pod>(resources.pods).watch({ signal, resourceVersion: '0' });
  try {
    for await (const { type, object } of events) {
      if (type === 'BOOKMARK') continue;
      const { metadata, status } = object as Pod;
      const isDone = status?.phase === 'Succeeded' || status?.phase === 'Failed';
      if (type === 'DELETED' || metadata.deletionTimestamp || isDone) active.delete(metadata.uid ?? '');
      else active.set(metadata.uid ?? '', object as Pod);
      for (const { of, group, count } of most) {
        const counts = new Map<string, number>();
        for (const pod of active.values())
          if ((pod.metadata.labels?.['app'] ?? pod.metadata.labels?.['job-name']) === of)
            counts.set(group(pod), (counts.get(group(pod)) ?? 0) + 1);
        for (const [name, found] of counts) if (found > count) doubled.add(`${found} of ${of} ${name}`);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

const at = (name: string) => ({ name, namespace: 'shop' });
const list = async <T extends KubeObject>(ref: ResourceRef) =>
  (await client.resource<T>(ref).list({ namespace: 'shop' })).items;

function template(app: string, image: string): PodTemplateSpec {
  // What deletes a namespace waits for as long as its pods may take.
  const spec = { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image }] };
  return { metadata: { labels: { app } }, spec };
}

const podSpec = (app: string, image: string) => ({
  selector: { matchLabels: { app } },
  template: template(app, image),
});

async function createAll(): Promise<void> {
  await client.resource<Deployment>(resources.deployments).create({
    metadata: at('web'),
    spec: { replicas: 5, ...podSpec('web', 'a') },
  });
  await client.resource<StatefulSet>(resources.statefulSets).create({
    metadata: at('db'),
    spec: { replicas: 3, serviceName: 'db', ...podSpec('db', 'a') },
  });
  await client.resource<DaemonSet>(resources.daemonSets).create({
    metadata: at('agent'),
    spec: { ...podSpec('agent', 'a') },
  });
  for (const [name, completionMode] of [
    ['bag', 'NonIndexed'],
    ['parts', 'Indexed'],
  ] as const) {
    const { spec } = template(name, 'a');
    await client.resource<Job>(resources.jobs).create({
      metadata: at(name),
      spec: {
        completions: 8,
        parallelism: 3,
        completionMode,
        template: { spec: { ...spec!, restartPolicy: 'Never' } },
      },
    });
  }
}

async function changeAll(): Promise<void> {
  const patch = { spec: { replicas: 4, template: template('web', 'b') } };
  const merge = { type: 'merge', namespace: 'shop' } as const;
  await client.resource(resources.deployments).patch('web', patch, merge);
  const setPatch = { spec: { replicas: 2, template: template('db', 'b') } };
  await client.resource(resources.statefulSets).patch('db', setPatch, merge);
  await client
    .resource(resources.daemonSets)
    .patch('agent', { spec: { template: template('agent', 'b') } }, merge);
}

const podsOf = async (app: string) =>
  (await list<Pod>(resources.pods)).filter(({ metadata }) => metadata.labels?.app === app);
const imagesOf = async (app: string) =>
  (await podsOf(app)).map(({ spec, metadata, status }) =>
    metadata.deletionTimestamp ? 'leaving' : `${status?.phase} ${spec?.containers[0]?.image}`,
  );

async function expectAllRight(): Promise<void> {
  expect(await imagesOf('web')).toEqual(['Running b', 'Running b', 'Running b', 'Running b']);
  const sets = await list<ReplicaSet>(resources.replicaSets);
  expect(new Set(sets.map(({ spec }) => spec?.replicas))).toEqual(new Set([0, 4]));
  expect(sets).toHaveLength(2);
  const { status: web, metadata } = await client
    .resource<Deployment>(resources.deployments)
    .get('web', at('web'));
  expect(web).toMatchObject({ replicas: 4, updatedReplicas: 4, availableReplicas: 4 });
  expect(web?.observedGeneration).toBe(metadata.generation);

  expect(await imagesOf('db')).toEqual(['Running b', 'Running b']);
  expect((await podsOf('db')).map((pod) => pod.metadata.name)).toEqual(['db-0', 'db-1']);
  const { status: db } = await client.resource<StatefulSet>(resources.statefulSets).get('db', at('db'));
  expect(db).toMatchObject({ replicas: 2, updatedReplicas: 2, currentRevision: db?.updateRevision });

  expect(await imagesOf('agent')).toEqual(['Running b', 'Running b', 'Running b']);
  const targets = (await podsOf('agent')).map(({ spec }) => spec?.nodeName);
  expect(new Set(targets)).toEqual(new Set(['n1', 'n2', 'n3']));
  const revisions = await list<ControllerRevision>(resources.controllerRevisions);
  expect(revisions).toHaveLength(4);

  for (const { metadata: of, status } of await list<Job>(resources.jobs)) {
    expect(status?.conditions?.map(({ type }) => type)).toEqual(['SuccessCriteriaMet', 'Complete']);
    expect(status).toMatchObject({ succeeded: 8 });
    expect(status?.active ?? 0).toBe(0);
    expect(status?.failed ?? 0).toBe(0);
    expect(status?.uncountedTerminatedPods ?? {}).toEqual({});
    if (of.name === 'parts') expect(status?.completedIndexes).toBe('0-7');
  }
  const held = (await list<Pod>(resources.pods)).filter((pod) => pod.metadata.finalizers?.length);
  expect(held).toEqual([]);
}

test.each([1, 2])(
  'killed at random points, all ends right (seed %i)',
  async (seed) => {
    const calm = new AbortController();
    startMortals(seed, calm.signal);
    await createAll();
    await eventually(async () => expect((await imagesOf('web')).length).toBeGreaterThan(2), patient);
    // A template that is changed before anyone came to carry it out leaves no revision: both sets must have been looked at.
    await eventually(async () => expect(await list(resources.controllerRevisions)).toHaveLength(2), patient);
    await changeAll();
    await eventually(() => expect(lives).toBeGreaterThan(12), patient);
    calm.abort();
    await eventually(expectAllRight, patient);
    // Each success of a pod is one in the status, however many of those that counted it have died.
    const indexes = [...nodes.succeeded.values()];
    expect(indexes.filter((index) => index === undefined)).toHaveLength(8);
    expect(new Set(indexes.filter((index) => index !== undefined)).size).toBe(8);
    await client.resource(resources.namespaces).delete('shop');
    await eventually(
      () => expect(client.resource(resources.namespaces).get('shop')).rejects.toMatchObject({ code: 404 }),
      patient,
    );
    expect([...doubled]).toEqual([]);
  },
  900_000,
);

test.each([3])(
  'killed at random points, a namespace still goes with all in it (seed %i)',
  async (seed) => {
    const calm = new AbortController();
    startMortals(seed, calm.signal);
    await createAll();
    await eventually(async () => expect((await imagesOf('web')).length).toBeGreaterThan(2), patient);
    await client.resource(resources.namespaces).delete('shop');
    await eventually(() => expect(lives).toBeGreaterThan(8), patient);
    calm.abort();
    await eventually(
      () => expect(client.resource(resources.namespaces).get('shop')).rejects.toMatchObject({ code: 404 }),
      patient,
    );
    expect(await list(resources.pods)).toEqual([]);
    expect([...doubled]).toEqual([]);
  },
  900_000,
);

test.each([4])(
  'killed at random points, what is deleted goes with all that is its, and orphans stay (seed %i)',
  async (seed) => {
    const calm = new AbortController();
    startMortals(seed, calm.signal);
    await createAll();
    await eventually(async () => {
      expect((await imagesOf('web')).length).toBeGreaterThan(2);
      expect(await imagesOf('db')).toHaveLength(3);
    }, patient);
    const remove = (
      ref: ResourceRef,
      name: string,
      propagationPolicy: 'Foreground' | 'Background' | 'Orphan',
    ) => client.resource(ref).delete(name, { namespace: 'shop', propagationPolicy });
    await remove(resources.deployments, 'web', 'Foreground');
    await remove(resources.jobs, 'bag', 'Background');
    await remove(resources.statefulSets, 'db', 'Orphan');
    await eventually(() => expect(lives).toBeGreaterThan(10), patient);
    calm.abort();
    await eventually(async () => {
      for (const ref of [resources.deployments, resources.replicaSets, resources.statefulSets])
        expect(await list(ref)).toEqual([]);
      expect(await imagesOf('agent')).toEqual(['Running a', 'Running a', 'Running a']);
      const [parts, ...others] = await list<Job>(resources.jobs);
      expect(others).toEqual([]);
      expect(parts?.status).toMatchObject({ succeeded: 8, completedIndexes: '0-7' });
      expect(parts?.status?.conditions?.map(({ type }) => type)).toContain('Complete');
      // Of the pods those of the Job that is done are left, those of the DaemonSet, and the orphans, which nobody owns.
      const pods = await list<Pod>(resources.pods);
      const owners = pods.map(({ metadata }) => metadata.ownerReferences?.[0]?.kind ?? metadata.name);
      expect(new Set(owners)).toEqual(new Set(['DaemonSet', 'Job', 'db-0', 'db-1', 'db-2']));
      expect(pods).toHaveLength(3 + 8 + 3);
      expect(pods.filter(({ metadata }) => metadata.finalizers?.length)).toEqual([]);
    }, patient);
    expect([...doubled]).toEqual([]);
  },
  900_000,
);
