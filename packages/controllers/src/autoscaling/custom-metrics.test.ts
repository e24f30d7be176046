/** The autoscaler over metrics that an aggregated API server brings, asked through the real aggregation, and over one container's. */
import { createServer, type Server } from 'node:http';
import { duplexPair } from 'node:stream';
import type { Deployment, HorizontalPodAutoscaler, KubeObject, MetricSpec, Node, Pod } from '@skerry/api';
import { dialerTo, serviceObjects, startExtensionServer, startTestServer } from '@skerry/apiserver/testing';
import type { ExtensionServer, TestServer } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { createClient, createHttpTransport, resources } from '@skerry/client';
import type { ApiClient, ResourceRef } from '@skerry/client';
import { createCertificateAuthority } from '@skerry/pki';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { runControllers } from '#manager.ts';

const patient = { timeoutMs: 25_000, everyMs: 50 };
const apiServices: ResourceRef = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  resource: 'apiservices',
  kind: 'APIService',
  namespaced: false,
};
const at = { namespace: 'default', name: 'web' };
let adapter: ExtensionServer;
let kubelet: Server;
let server: TestServer;
let client: ApiClient;
let stop: AbortController;
let running: Promise<void>;
/** By path, what the adapter answers: values by name of the object, or without one. */
let values: Record<string, Record<string, string>> = {};
/** Thousandths of a CPU that containers use, by name. */
let usedMilli: Record<string, number> = {};

beforeAll(async () => {
  const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  adapter = await startExtensionServer({
    dnsNames: ['adapter.monitoring.svc'],
    clientAuthorityPem: authority.certificatePem,
    reply: ({ url }, response) => {
      const path = url.split('?')[0]!;
      const group = /^\/apis\/([^/]+)\/[^/]+$/.exec(path);
      if (group) {
        const groupVersion = path.slice('/apis/'.length);
        return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: [] };
      }
      const found = values[path];
      if (!found) return void response.writeHead(404).end();
      const timestamp = new Date().toISOString();
      return {
        kind: 'MetricValueList',
        apiVersion: 'custom.metrics.k8s.io/v1beta2',
        items: Object.entries(found).map(([name, value]) => ({
          describedObject: { name },
          metric: { name: path.split('/').at(-1) },
          timestamp,
          value,
        })),
      };
    },
  });
  kubelet = createServer((_, response) => {
    void client
      .resource<Pod>(resources.pods)
      .list({ namespace: 'default' })
      .then(({ items }) => response.end(JSON.stringify(summaryOf(items))));
  });
  server = await startTestServer({
    dialer: {
      ...dialerTo(new Map([['10.0.0.9:443', adapter.port]])),
      dial() {
        const [ours, theirs] = duplexPair();
        kubelet.emit('connection', theirs);
        return Promise.resolve(ours);
      },
    },
    frontProxy: {
      authorityPem: authority.certificatePem,
      clientCertificate: await authority.issueClientCertificate({ user: 'front-proxy-client' }),
    },
    clientAuthorityPem: authority.certificatePem,
  });
  client = createClient({
    transport: createHttpTransport({ server: server.url }),
    userAgent: 'test',
    clock: systemClock,
  });
  for (const name of ['default', 'kube-system', 'monitoring']) {
    await create(resources.namespaces, { metadata: { name } }).catch(() => undefined);
  }
  await create<Node>(resources.nodes, { metadata: { name: 'n1' } });
  const { service, slice } = serviceObjects(
    { namespace: 'monitoring', name: 'adapter' },
    { address: '10.0.0.9', port: 443 },
  );
  await create(resources.services, service);
  await create(resources.endpointSlices, slice);
  for (const [group, version] of [
    ['custom.metrics.k8s.io', 'v1beta2'],
    ['external.metrics.k8s.io', 'v1beta1'],
  ]) {
    await create(apiServices, {
      metadata: { name: `${version}.${group}` },
      spec: {
        group,
        version,
        groupPriorityMinimum: 100,
        versionPriority: 100,
        service: { namespace: 'monitoring', name: 'adapter' },
        caBundle: adapter.caBundle,
      },
    } as KubeObject);
  }
  stop = new AbortController();
  running = runControllers({
    client,
    clock: systemClock,
    log: silentLogger,
    random: Math.random,
    signal: stop.signal,
    clusterCidr: '10.244.0.0/16',
    authority,
    names: ['deployment-controller', 'replicaset-controller', 'horizontal-pod-autoscaler'],
    autoscalerSyncPeriodMs: 50,
    autoscalerDownscaleStabilizationMs: 0,
  });
});

afterEach(async () => {
  await client.resource(resources.horizontalPodAutoscalers).delete('web', at);
  await client.resource(resources.deployments).delete('web', at);
  const pods = client.resource(resources.pods);
  await eventually(async () => {
    for (const ref of [resources.replicaSets, resources.pods])
      for (const { metadata } of (await client.resource(ref).list({ namespace: 'default' })).items)
        await client.resource(ref).delete(metadata?.name ?? '', { ...at, gracePeriodSeconds: 0 });
    expect((await pods.list({ namespace: 'default' })).items).toEqual([]);
  }, patient);
  values = {};
});

afterAll(async () => {
  stop.abort();
  await running;
  client.close();
  await server.close();
  await adapter.close();
});

const create = <T extends KubeObject>(ref: ResourceRef, object: T) => client.resource<T>(ref).create(object);

function summaryOf(pods: readonly Pod[]) {
  const time = new Date().toISOString();
  return {
    node: { cpu: { time, usageNanoCores: 1 }, memory: { workingSetBytes: 1 } },
    pods: pods.map(({ metadata, spec }) => ({
      podRef: { name: metadata.name, namespace: metadata.namespace },
      containers: (spec?.containers ?? []).map(({ name }) => ({
        name,
        cpu: { time, usageNanoCores: (usedMilli[name] ?? 0) * 1e6 },
        memory: { workingSetBytes: 1024 },
      })),
    })),
  };
}

/** Two pods that run since an hour, and an autoscaler over them. */
async function scale(metric: MetricSpec): Promise<string[]> {
  const resourcesOf = (cpu: string) => ({ requests: { cpu } });
  await create<Deployment>(resources.deployments, {
    metadata: { ...at },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          containers: [
            { name: 'app', image: 'x', resources: resourcesOf('100m') },
            { name: 'sidecar', image: 'y', resources: resourcesOf('100m') },
          ],
        },
      },
    },
  });
  const pods = client.resource<Pod>(resources.pods);
  const names = await eventually(async () => {
    const { items } = await pods.list({ namespace: 'default' });
    expect(items).toHaveLength(2);
    return items.map(({ metadata }) => metadata.name ?? '');
  }, patient);
  for (const name of names) {
    const target = { metadata: { ...at, name }, target: { kind: 'Node', name: 'n1' } };
    await pods.createSubresource(name, 'binding', target, at);
    const startTime = new Date(Date.now() - 3_600_000).toISOString();
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: startTime }];
    const status = { phase: 'Running', startTime, conditions };
    await pods.patch(name, { status }, { type: 'merge', namespace: 'default', subresource: 'status' });
  }
  await create<HorizontalPodAutoscaler>(resources.horizontalPodAutoscalers, {
    metadata: { ...at },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 9,
      metrics: [metric],
    },
  });
  return names;
}

async function expectRescale(size: number, reason: string): Promise<void> {
  await eventually(async () => {
    const { items } = await client.resource(resources.events).list({ namespace: 'default' });
    const told = (items as { reason?: string; message?: string }[]).map(
      (one) => `${one.reason}: ${one.message}`,
    );
    expect(told).toContain(`SuccessfulRescale: New size: ${size}; reason: ${reason}`);
  }, patient);
}

const statusOf = async () =>
  (await client.resource<HorizontalPodAutoscaler>(resources.horizontalPodAutoscalers).get('web', at)).status;

const custom = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default';

test('a metric of each pod is averaged over them', async () => {
  const target = { type: 'AverageValue', averageValue: '10' };
  const names = await scale({ type: 'Pods', pods: { metric: { name: 'requests' }, target } });
  values[`${custom}/pods/*/requests`] = Object.fromEntries(names.map((name) => [name, '15500m']));
  await expectRescale(4, 'pods metric requests above target');
  expect(adapter.requests.find(({ url }) => url.includes('/pods/'))).toMatchObject({
    clientName: 'front-proxy-client',
    url: `${custom}/pods/*/requests?labelSelector=app%3Dweb`,
  });
  await eventually(async () => {
    const pods = { metric: { name: 'requests' }, current: { averageValue: '15500m' } };
    expect(await statusOf()).toMatchObject({ currentMetrics: [{ type: 'Pods', pods }] });
  }, patient);
});

test('a metric of one object is taken as it is', async () => {
  await scale({
    type: 'Object',
    object: {
      describedObject: { apiVersion: 'v1', kind: 'Service', name: 'front' },
      metric: { name: 'queue' },
      target: { type: 'Value', value: '100' },
    },
  });
  values[`${custom}/services/front/queue`] = { front: '250' };
  await expectRescale(5, 'Service metric queue above target');
});

test('a metric of no object is shared out over the pods', async () => {
  const metric = { name: 'messages', selector: { matchLabels: { queue: 'orders' } } };
  const target = { type: 'AverageValue', averageValue: '30' };
  values['/apis/external.metrics.k8s.io/v1beta1/namespaces/default/messages'] = { '': '190' };
  await scale({ type: 'External', external: { metric, target } });
  await expectRescale(
    7,
    'external metric messages(&LabelSelector{MatchLabels:map[string]string{queue: orders,},MatchExpressions:[]LabelSelectorRequirement{},}) above target',
  );
  expect(adapter.requests.at(-1)?.url).toContain('messages?labelSelector=queue%3Dorders');
});

test('of the containers of a pod only the named one counts', async () => {
  usedMilli = { app: 80, sidecar: 900 };
  const target = { type: 'Utilization', averageUtilization: 50 };
  const containerResource = { name: 'cpu', container: 'app', target };
  await scale({ type: 'ContainerResource', containerResource });
  await expectRescale(4, 'cpu container resource utilization (percentage of request) above target');
  const current = { averageUtilization: 80, averageValue: '80m' };
  await eventually(async () => {
    const shown = { name: 'cpu', container: 'app', current };
    expect(await statusOf()).toMatchObject({ currentMetrics: [{ containerResource: shown }] });
  }, patient);
});

test('an adapter that answers nothing changes nothing and is told of', async () => {
  const target = { type: 'AverageValue', averageValue: '1' };
  await scale({ type: 'Pods', pods: { metric: { name: 'unknown' }, target } });
  await eventually(async () => {
    const active = (await statusOf())?.conditions?.find(({ type }) => type === 'ScalingActive');
    expect(active).toMatchObject({ status: 'False', reason: 'FailedGetPodsMetric' });
    expect(active?.message).toMatch(
      /^the HPA was unable to compute the replica count: unable to get metric unknown: unable to fetch metrics from custom metrics API: /,
    );
  }, patient);
  const { spec } = await client.resource<Deployment>(resources.deployments).get('web', at);
  expect(spec?.replicas).toBe(2);
});
