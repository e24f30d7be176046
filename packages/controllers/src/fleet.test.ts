/**
 * Many nodes: what a fleet's workloads ask of the API, and that controllers which begin anew in the middle of it go on where
 * the others were. Times, and thousands of nodes, are the benchmarks' business; here it is requests, which a slower machine
 * changes nothing of.
 */
import type { DaemonSet, Deployment, Node, Pod } from '@skerry/api';
import { startTestServer } from '@skerry/apiserver/testing';
import type { TestServer } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { createClient, createHttpTransport, resources } from '@skerry/client';
import type { ApiClient, Transport } from '@skerry/client';
import { createCertificateAuthority } from '@skerry/pki';
import type { CertificateAuthority } from '@skerry/pki';
import { runScheduler } from '@skerry/scheduler';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runControllers } from '#manager.ts';
import { ApiNodes } from '#testing/api-nodes.ts';

const nodes = 250;
const patient = { timeoutMs: 180_000, everyMs: 200 };
const namespace = 'fleet';
let server: TestServer;
let client: ApiClient;
let authority: CertificateAuthority;
let machines: AbortController;
let machinesRun: Promise<void>;
let manager: { stop(): Promise<void> };
/** What controllers and scheduler have asked, but for events, which are kept as they come, and watches. */
let asked = 0;

function counted(): Transport {
  const inner = createHttpTransport({ server: server.url });
  return {
    request(request) {
      const isFree = /[?&]watch=|\/events(\/|$|\?)|\/leases(\/|$|\?)/.test(request.path);
      if (!isFree) asked++;
      return inner.request(request);
    },
    close: () => inner.close(),
  };
}

function startManager(): { stop(): Promise<void> } {
  const life = new AbortController();
  const own = createClient({ transport: counted(), userAgent: 'manager', clock: systemClock });
  const common = {
    client: own,
    clock: systemClock,
    log: silentLogger,
    random: Math.random,
    signal: life.signal,
  };
  const running = Promise.all([
    runControllers({ ...common, clusterCidr: '10.0.0.0/8', authority }),
    runScheduler(common),
  ]);
  return {
    async stop() {
      life.abort();
      await running;
      own.close();
    },
  };
}

beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  server = await startTestServer({ guardsNamespaces: true });
  client = createClient({
    transport: createHttpTransport({ server: server.url }),
    userAgent: 'test',
    clock: systemClock,
  });
  for (const name of ['default', 'kube-system', namespace]) {
    await client
      .resource(resources.namespaces)
      .create({ metadata: { name } })
      .catch(() => undefined);
  }
  const store = client.resource<Node>(resources.nodes);
  const allocatable = { cpu: '32', memory: '64Gi', pods: '110' };
  const conditions = [{ type: 'Ready', status: 'True' }];
  const status = { allocatable, capacity: allocatable, conditions };
  await Promise.all(
    Array.from({ length: nodes }, async (_, index) => {
      const node = await store.create({ metadata: { name: `n${index}` } });
      await store.update({ ...node, status }, { subresource: 'status' });
    }),
  );
  manager = startManager();
  machines = new AbortController();
  machinesRun = new ApiNodes({ client, clock: systemClock, roundMs: 1_000 }).run(machines.signal);
  // Each gets its range and its annotations first.
  await eventually(async () => {
    const { items } = await store.list();
    expect(items.filter(({ spec }) => spec?.podCIDR)).toHaveLength(nodes);
  }, patient);
}, 240_000);

afterAll(async () => {
  machines.abort();
  await machinesRun;
  await manager.stop();
  client.close();
  await server.close();
});

const labels = { app: 'agent' };
const template = (image: string) => ({
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image }] },
});
const statusOf = async () =>
  (await client.resource<DaemonSet>(resources.daemonSets).get('agent', { namespace })).status;
const pods = async () => (await client.resource<Pod>(resources.pods).list({ namespace })).items;

test('a DaemonSet comes to all of them for five requests a pod, and is changed while controllers begin anew', async () => {
  const before = asked;
  await client.resource<DaemonSet>(resources.daemonSets).create({
    metadata: { name: 'agent', namespace },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '20%' } },
      template: template('a'),
    },
  });
  await eventually(async () => expect((await statusOf())?.numberAvailable).toBe(nodes), patient);
  expect((asked - before) / nodes).toBeLessThan(5);
  expect(new Set((await pods()).map(({ spec }) => spec?.nodeName)).size).toBe(nodes);

  const patch = { spec: { template: template('b') } };
  await client.resource(resources.daemonSets).patch('agent', patch, { type: 'merge', namespace });
  await eventually(async () => {
    const updated = (await statusOf())?.updatedNumberScheduled ?? 0;
    expect(updated).toBeGreaterThan(nodes / 10);
    expect(updated).toBeLessThanOrEqual(nodes);
  }, patient);
  await manager.stop();
  manager = startManager();
  await eventually(
    async () =>
      expect(await statusOf()).toMatchObject({
        updatedNumberScheduled: nodes,
        numberAvailable: nodes,
        currentNumberScheduled: nodes,
      }),
    patient,
  );
  const running = await pods();
  expect(running).toHaveLength(nodes);
  expect(new Set(running.map(({ spec }) => spec?.nodeName)).size).toBe(nodes);
}, 400_000);

test('a Deployment over all of them costs five requests a pod, and its namespace goes with what is in it', async () => {
  const before = asked;
  const replicas = 250;
  await client.resource<Deployment>(resources.deployments).create({
    metadata: { name: 'web', namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { ...template('a'), metadata: { labels: { app: 'web' } } },
    },
  });
  await eventually(async () => {
    const { status } = await client.resource<Deployment>(resources.deployments).get('web', { namespace });
    expect(status?.availableReplicas).toBe(replicas);
  }, patient);
  expect((asked - before) / replicas).toBeLessThan(5);
  const objects = nodes + replicas;
  const beforeEnd = asked;
  await client.resource(resources.namespaces).delete(namespace);
  await eventually(
    () => expect(client.resource(resources.namespaces).get(namespace)).rejects.toMatchObject({ code: 404 }),
    patient,
  );
  expect(asked - beforeEnd).toBeLessThan(3 * objects);
}, 400_000);
