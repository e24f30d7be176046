/** What users, and others beside them, do to controllers: over the real API server with its admission, a scheduler and nodes. */
import type { CronJob, Deployment, Event as CoreEvent, Job, KubeObject, Node, Pod } from '@skerry/api';
import type { PodTemplateSpec, ReplicaSet, StatefulSet } from '@skerry/api';
import { createSecurity } from '@skerry/apiserver';
import { startExtensionServer, startTestServer, dialLoopback } from '@skerry/apiserver/testing';
import type { ExtensionServer, TestServer } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { createClient, createHttpTransport, resources } from '@skerry/client';
import type { ApiClient, ResourceRef } from '@skerry/client';
import { createCertificateAuthority, createServiceAccountKey } from '@skerry/pki';
import { runScheduler } from '@skerry/scheduler';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runControllers } from '#manager.ts';
import { ApiNodes } from '#testing/api-nodes.ts';

/** As on a machine that thirty others share. */
const patient = { timeoutMs: 240_000, everyMs: 50 };
vi.setConfig({ testTimeout: 600_000 });

let server: TestServer;
let hook: ExtensionServer;
let client: ApiClient;
let stop: AbortController;
let running: Promise<unknown>;

beforeAll(async () => {
  hook = await startExtensionServer();
  server = await startTestServer({
    dial: dialLoopback,
    security: createSecurity({
      clock: systemClock,
      log: silentLogger,
      random: Math.random,
      serviceAccountKey: await createServiceAccountKey(),
      staticTokens: [{ token: 'admin', user: { name: 'admin', groups: ['system:masters'] } }],
    }),
  });
  client = createClient({
    transport: createHttpTransport({ server: server.url, token: 'admin' }),
    userAgent: 'test',
    clock: systemClock,
  });
  stop = new AbortController();
  const common = { client, clock: systemClock, log: silentLogger, random: Math.random, signal: stop.signal };
  const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  running = Promise.all([
    runControllers({ ...common, clusterCidr: '10.244.0.0/16', authority }),
    runScheduler(common),
    new ApiNodes({ client, clock: systemClock }).run(stop.signal),
  ]);
  for (const name of ['n1', 'n2']) {
    const node = await client.resource<Node>(resources.nodes).create({ metadata: { name } });
    const allocatable = { cpu: '100', memory: '100Gi', pods: '500' };
    const conditions = [{ type: 'Ready', status: 'True' }];
    const status = { allocatable, capacity: allocatable, conditions };
    await client.resource<Node>(resources.nodes).update({ ...node, status }, { subresource: 'status' });
  }
});

afterAll(async () => {
  stop.abort();
  await running;
  client.close();
  await server.close();
  await hook.close();
});

/** Of its own for each test. */
async function namespaced(name: string): Promise<string> {
  await client.resource(resources.namespaces).create({ metadata: { name } });
  // Nothing can run before it is there.
  await eventually(
    () => client.resource(resources.serviceAccounts).get('default', { namespace: name }),
    patient,
  );
  return name;
}

function template(app: string, image = 'a'): PodTemplateSpec {
  return { metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image }] } };
}

function deployment(namespace: string, name: string, spec: Partial<Deployment['spec']> = {}): Deployment {
  const selector = { matchLabels: { app: 'web' } };
  return {
    metadata: { namespace, name },
    spec: { replicas: 4, selector, template: template('web'), ...spec },
  };
}

const create = <T extends KubeObject>(ref: ResourceRef, object: T) => client.resource<T>(ref).create(object);
const list = async <T extends KubeObject>(ref: ResourceRef, namespace: string) =>
  (await client.resource<T>(ref).list({ namespace })).items;
const staying = async (namespace: string) =>
  (await list<Pod>(resources.pods, namespace)).filter(({ metadata }) => !metadata.deletionTimestamp);
const images = async (namespace: string) =>
  (await staying(namespace)).map(({ spec }) => spec?.containers[0]?.image ?? '').sort();
const statusOf = async (namespace: string, name: string) =>
  (await client.resource<Deployment>(resources.deployments).get(name, { namespace })).status;
const patch = (namespace: string, name: string, body: object) =>
  client.resource(resources.deployments).patch(name, body, { type: 'merge', namespace });
const available = (namespace: string, name: string, count: number) =>
  eventually(async () => {
    const status = await statusOf(namespace, name);
    expect([status?.replicas, status?.updatedReplicas, status?.availableReplicas]).toEqual([
      count,
      count,
      count,
    ]);
  }, patient);
const events = async (namespace: string) =>
  (await list<CoreEvent>(resources.events, namespace)).map(({ reason, message }) => `${reason}: ${message}`);

test('a webhook that refuses in the middle of a rollout holds it, is told of, and lets it go on', async () => {
  const namespace = await namespaced('hooked');
  let refuses = true;
  hook.reply = ({ body }) => {
    const { request } = body as { request: { uid: string; object: Pod } };
    const allowed = !refuses || request.object.spec?.containers[0]?.image !== 'b';
    const status = { message: 'image b is not signed' };
    const response = { uid: request.uid, allowed, ...(allowed ? {} : { status }) };
    return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
  };
  await create(resources.validatingWebhookConfigurations, {
    metadata: { name: 'signed' },
    webhooks: [
      {
        name: 'signed.example.com',
        clientConfig: { url: `https://127.0.0.1:${hook.port}/`, caBundle: hook.caBundle },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  } as KubeObject);
  await create(resources.deployments, deployment(namespace, 'web'));
  await available(namespace, 'web', 4);
  await patch(namespace, 'web', { spec: { template: template('web', 'b') } });
  await eventually(async () => {
    const failure = (await statusOf(namespace, 'web'))?.conditions?.find(
      ({ type }) => type === 'ReplicaFailure',
    );
    expect(failure).toMatchObject({ status: 'True', reason: 'FailedCreate' });
    expect(failure?.message).toMatch(/denied the request: image b is not signed$/);
    expect((await events(namespace)).join('\n')).toMatch(
      /^FailedCreate: Error creating: .*denied the request: image b is not signed$/m,
    );
    // One may be missing; of the others none has gone.
    expect(await images(namespace)).toEqual(['a', 'a', 'a']);
  }, patient);
  refuses = false;
  await available(namespace, 'web', 4);
  await eventually(async () => expect(await images(namespace)).toEqual(['b', 'b', 'b', 'b']), patient);
  await eventually(async () => {
    const types = (await statusOf(namespace, 'web'))?.conditions?.map(({ type }) => type);
    expect(types).not.toContain('ReplicaFailure');
  }, patient);
});

test('two writers who change one Deployment all along end with what was written last', async () => {
  const namespace = await namespaced('contested');
  await create(resources.deployments, deployment(namespace, 'web'));
  const store = client.resource<Deployment>(resources.deployments);
  const write = async (change: (object: Deployment, round: number) => void) => {
    for (let round = 1; round <= 8; round++) {
      for (;;) {
        const fresh = await store.get('web', { namespace });
        change(fresh, round);
        const isTaken = await store.update(fresh).then(
          () => true,
          (error: { code?: number }) => {
            if (error.code !== 409) throw error;
            return false;
          },
        );
        if (isTaken) break;
      }
    }
  };
  await Promise.all([
    write(({ spec }, round) => void (spec!.replicas = 2 + (round % 3))),
    write(({ spec }, round) => void (spec!.template = template('web', `v${round}`))),
  ]);
  await available(namespace, 'web', 4);
  await eventually(async () => expect(await images(namespace)).toEqual(['v8', 'v8', 'v8', 'v8']), patient);
  const sets = await list<ReplicaSet>(resources.replicaSets, namespace);
  expect(sets.filter(({ spec }) => (spec?.replicas ?? 0) > 0)).toHaveLength(1);
});

test('an owner that is deleted while its pods are being made leaves none behind', async () => {
  const namespace = await namespaced('hasty');
  await create(resources.deployments, deployment(namespace, 'web', { replicas: 60 }));
  await eventually(async () => expect(await staying(namespace)).not.toEqual([]), patient);
  await client.resource(resources.deployments).delete('web', { namespace });
  await create(resources.deployments, deployment(namespace, 'web', { replicas: 2 }));
  await available(namespace, 'web', 2);
  await eventually(async () => {
    expect(await list(resources.pods, namespace)).toHaveLength(2);
    expect(await list(resources.replicaSets, namespace)).toHaveLength(1);
  }, patient);
});

test('a selector that matches the pods of others takes none of them, and orphans only', async () => {
  const namespace = await namespaced('crowded');
  await create(resources.deployments, deployment(namespace, 'first', { replicas: 2 }));
  await available(namespace, 'first', 2);
  const before = new Set((await staying(namespace)).map(({ metadata }) => metadata.uid));
  await create<Pod>(resources.pods, {
    metadata: { namespace, name: 'orphan', labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'by hand' }] },
  });
  await create<ReplicaSet>(resources.replicaSets, {
    metadata: { namespace, name: 'second' },
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template('web', 'second') },
  });
  await eventually(async () => {
    const set = await client.resource<ReplicaSet>(resources.replicaSets).get('second', { namespace });
    expect(set.status).toMatchObject({ replicas: 3, availableReplicas: 3 });
  }, patient);
  expect(await images(namespace)).toEqual(['a', 'a', 'by hand', 'second', 'second']);
  const pods = await staying(namespace);
  expect(pods.filter(({ metadata }) => before.has(metadata.uid))).toHaveLength(2);
  const orphan = pods.find(({ metadata }) => metadata.name === 'orphan');
  expect(orphan?.metadata.ownerReferences?.[0]?.name).toBe('second');
});

test('names at their limits make pods, and those beyond are refused or told of', async () => {
  const namespace = await namespaced('lengthy');
  const long = (length: number) => 'n'.repeat(length);
  await create(resources.deployments, deployment(namespace, long(253), { replicas: 1 }));
  await available(namespace, long(253), 1);
  const jobSpec = { template: { spec: { restartPolicy: 'Never', ...template('job').spec! } } };
  await create<Job>(resources.jobs, {
    metadata: { namespace, name: long(63) },
    spec: { ...jobSpec, completions: 1, completionMode: 'NonIndexed' },
  });
  await create<CronJob>(resources.cronJobs, {
    metadata: { namespace, name: long(52) },
    spec: { schedule: '* * * * *', jobTemplate: { spec: jobSpec }, suspend: true },
  });
  for (const [ref, object] of [
    [resources.deployments, deployment(namespace, long(254))],
    [resources.jobs, { metadata: { namespace, name: long(64) }, spec: jobSpec }],
    [
      resources.cronJobs,
      {
        metadata: { namespace, name: long(53) },
        spec: { schedule: '* * * * *', jobTemplate: { spec: jobSpec } },
      },
    ],
  ] as [ResourceRef, KubeObject][])
    await expect(create(ref, object), ref.kind).rejects.toMatchObject({ code: 422 });
  await eventually(async () => {
    const job = await client.resource<Job>(resources.jobs).get(long(63), { namespace });
    expect(job.status?.succeeded).toBe(1);
  }, patient);
  for (const { metadata } of await list<Pod>(resources.pods, namespace)) {
    expect(metadata.name).toMatch(/^n{58}[a-z0-9]{5}$/);
  }
  // The label with a set's revision has no room for such a name: that is found out when the pod is made.
  await create<StatefulSet>(resources.statefulSets, {
    metadata: { namespace, name: long(60) },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'db' } },
      template: template('db'),
      serviceName: 'db',
    },
  });
  await eventually(async () => {
    expect((await events(namespace)).join('\n')).toMatch(
      /FailedCreate: Create Pod n+-0 in StatefulSet n+ failed error: Pod "n+-0" is invalid: .*must be no more than 63 (bytes|characters)/,
    );
  }, patient);
});
