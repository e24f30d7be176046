/** The autoscaler against the real API server: its scales, its metrics API, its discovery; only the nodes' numbers are made up. */
import { createServer, type Server } from 'node:http';
import { duplexPair } from 'node:stream';
import type {
  CustomResourceDefinition,
  Deployment,
  HorizontalPodAutoscaler,
  KubeObject,
  Node,
  Pod,
} from '@skerry/api';
import { startTestServer } from '@skerry/apiserver/testing';
import type { TestServer } from '@skerry/apiserver/testing';
import { systemClock } from '@skerry/base';
import { eventually, recordingLogger } from '@skerry/base/testing';
import { createClient, createHttpTransport, resources } from '@skerry/client';
import type { ApiClient } from '@skerry/client';
import { createCertificateAuthority } from '@skerry/pki';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runControllers } from '#manager.ts';

let server: TestServer;
let kubelet: Server;
let client: ApiClient;
let stop: AbortController;
let running: Promise<void>;
/** Thousandths of a CPU that each pod uses. */
let usedMilli: number;
const log = recordingLogger();

beforeEach(async () => {
  usedMilli = 100;
  kubelet = createServer((_, response) => {
    void client
      .resource<Pod>(resources.pods)
      .list({ namespace: 'default' })
      .then(({ items }) => response.end(JSON.stringify(summaryOf(items))));
  });
  server = await startTestServer({
    dialer: {
      dial() {
        const [ours, theirs] = duplexPair();
        kubelet.emit('connection', theirs);
        return Promise.resolve(ours);
      },
      dialPod: () => Promise.reject(new Error('no pods')),
    },
  });
  client = createClient({
    transport: createHttpTransport({ server: server.url }),
    userAgent: 'test',
    clock: systemClock,
  });
  for (const name of ['default', 'kube-system']) {
    await client
      .resource(resources.namespaces)
      .create({ metadata: { name } } as KubeObject)
      .catch(() => undefined);
  }
  await client.resource<Node>(resources.nodes).create({ metadata: { name: 'n1' } });
  stop = new AbortController();
  running = runControllers({
    client,
    clock: systemClock,
    log,
    random: Math.random,
    signal: stop.signal,
    clusterCidr: '10.244.0.0/16',
    authority: await createCertificateAuthority({ commonName: 'test', clock: systemClock }),
    names: ['deployment-controller', 'replicaset-controller', 'horizontal-pod-autoscaler'],
    autoscalerSyncPeriodMs: 50,
    autoscalerDownscaleStabilizationMs: 0,
  });
});

afterEach(async () => {
  stop.abort();
  await running;
  client.close();
  await server.close();
  expect(log.lines.splice(0).filter(({ level }) => level === 'error')).toEqual([]);
});

function summaryOf(pods: readonly Pod[]) {
  const time = new Date().toISOString();
  return {
    node: { cpu: { time, usageNanoCores: 1 }, memory: { workingSetBytes: 1 } },
    pods: pods.map(({ metadata }) => ({
      podRef: { name: metadata.name, namespace: metadata.namespace },
      containers: [
        { name: 'c', cpu: { time, usageNanoCores: usedMilli * 1e6 }, memory: { workingSetBytes: 1024 } },
      ],
    })),
  };
}

const at = { namespace: 'default', name: 'web' };

async function deploy(replicas: number): Promise<void> {
  await client.resource<Deployment>(resources.deployments).create({
    metadata: { ...at },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '200m' } } }] },
      },
    },
  });
}

/** Plays scheduler and node until so many pods run, since an hour. */
function runPods(count: number): Promise<void> {
  return eventually(async () => {
    await runAll();
    const { items } = await client.resource<Pod>(resources.pods).list({ namespace: 'default' });
    expect(items.filter(({ status }) => status?.phase === 'Running')).toHaveLength(count);
  });
}

async function runAll(): Promise<void> {
  const pods = client.resource<Pod>(resources.pods);
  for (const pod of (await pods.list({ namespace: 'default' })).items) {
    if (pod.spec?.nodeName) continue;
    const { name = '', namespace } = pod.metadata;
    const target = { metadata: { name, namespace }, target: { kind: 'Node', name: 'n1' } };
    await pods.createSubresource(name, 'binding', target, { namespace });
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: hourAgo }];
    const patch = { status: { phase: 'Running', startTime: hourAgo, conditions } };
    await pods.patch(name, patch, { type: 'merge', namespace, subresource: 'status' });
  }
}

const autoscalers = () => client.resource<HorizontalPodAutoscaler>(resources.horizontalPodAutoscalers);
const create = (spec: Partial<NonNullable<HorizontalPodAutoscaler['spec']>> = {}) =>
  autoscalers().create({
    metadata: { ...at },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 5,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
        },
      ],
      ...spec,
    },
  });
const replicas = async () =>
  (await client.resource<Deployment>(resources.deployments).get('web', at)).spec?.replicas;
const conditions = async () =>
  Object.fromEntries(
    ((await autoscalers().get('web', at)).status?.conditions ?? []).map(({ type, status, reason }) => [
      type,
      `${status} ${reason}`,
    ]),
  );
const eventsOf = async () =>
  (await client.resource(resources.events).list({ namespace: 'default' })).items.map(
    (event) => `${(event as { reason?: string }).reason}: ${(event as { message?: string }).message}`,
  );

test('more load brings more pods up to the maximum, less brings fewer, and the conditions say so', async () => {
  await deploy(1);
  await runPods(1);
  usedMilli = 400;
  await create();
  // Numbers are remembered for ten seconds, so new pods have none at first and count as idle.
  await eventually(async () => expect(await replicas()).toBeGreaterThan(1));
  await eventually(async () =>
    expect(await eventsOf()).toContainEqual(
      expect.stringMatching(
        /^SuccessfulRescale: New size: 4; reason: cpu resource utilization \(percentage of request\) above target$/,
      ),
    ),
  );
  await eventually(async () => {
    const { status } = await autoscalers().get('web', at);
    expect(status).toMatchObject({
      currentMetrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', current: { averageUtilization: 200, averageValue: '400m' } },
        },
      ],
    });
    expect(status?.lastScaleTime).toBeDefined();
  });
  expect(await conditions()).toMatchObject({ ScalingActive: 'True ValidMetricFound' });
}, 60_000);

test('sizes outside the bounds are brought inside, whatever the metrics say', async () => {
  await deploy(9);
  await create({ maxReplicas: 3 });
  await eventually(async () => expect(await replicas()).toBe(3));
  await eventually(async () =>
    expect(await eventsOf()).toContain(
      'SuccessfulRescale: New size: 3; reason: Current number of replicas above Spec.MaxReplicas',
    ),
  );
});

test('without numbers nothing changes and the reason is told', async () => {
  await deploy(2);
  await create();
  await eventually(async () =>
    expect(await conditions()).toMatchObject({
      AbleToScale: 'True SucceededGetScale',
      ScalingActive: 'False FailedGetResourceMetric',
    }),
  );
  const { status } = await autoscalers().get('web', at);
  expect(status?.conditions?.find(({ type }) => type === 'ScalingActive')?.message).toBe(
    'the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API',
  );
  expect(await replicas()).toBe(2);
  await eventually(async () =>
    expect(await eventsOf()).toContain(
      'FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API',
    ),
  );
});

test('a target that is not there, or has no scale, is told of', async () => {
  await create();
  await eventually(async () => expect(await conditions()).toEqual({ AbleToScale: 'False FailedGetScale' }));
  await eventually(async () =>
    expect(await eventsOf()).toContain('FailedGetScale: deployments.apps "web" not found'),
  );
});

test('a target of zero replicas is off', async () => {
  await deploy(0);
  await create();
  await eventually(async () =>
    expect(await conditions()).toMatchObject({ ScalingActive: 'False ScalingDisabled' }),
  );
  expect(await replicas()).toBe(0);
});

test('metrics that no API serves are told of by name', async () => {
  await deploy(1);
  await create({
    metrics: [
      {
        type: 'Pods',
        pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '10' } },
      },
    ],
  });
  await eventually(async () =>
    expect((await eventsOf()).join('\n')).toContain(
      'FailedGetPodsMetric: unable to get metric requests: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
    ),
  );
});

test('a custom resource with a scale is scaled too', async () => {
  const definition: CustomResourceDefinition = {
    metadata: { name: 'fleets.example.com' },
    spec: {
      group: 'example.com',
      names: { plural: 'fleets', kind: 'Fleet' },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as never,
          },
          subresources: {
            scale: {
              specReplicasPath: '.spec.size',
              statusReplicasPath: '.status.size',
              labelSelectorPath: '.status.selector',
            },
          },
        },
      ],
    },
  };
  await client.resource<CustomResourceDefinition>(resources.customResourceDefinitions).create(definition);
  const fleets = client.resource({
    group: 'example.com',
    version: 'v1',
    resource: 'fleets',
    kind: 'Fleet',
    namespaced: true,
  });
  await eventually(() => fleets.create({ metadata: { ...at }, spec: { size: 1 } } as KubeObject as never));
  await create({
    scaleTargetRef: { apiVersion: 'example.com/v1', kind: 'Fleet', name: 'web' },
    minReplicas: 2,
  });
  await eventually(async () => expect(await fleets.get('web', at)).toMatchObject({ spec: { size: 2 } }));
});

test('two autoscalers of the same pods do nothing', async () => {
  await deploy(2);
  await create();
  await runPods(2);
  await autoscalers().create({
    metadata: { namespace: 'default', name: 'other' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 5,
    },
  });
  await eventually(async () =>
    expect(await conditions()).toMatchObject({ ScalingActive: 'False AmbiguousSelector' }),
  );
  await eventually(async () =>
    expect(await eventsOf()).toContain(
      'AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: [{other default} {web default}]',
    ),
  );
});
