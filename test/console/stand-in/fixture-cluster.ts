/**
 * A cluster for the console's tests: a real API server in memory, with pools in four regions, machines that are well and others
 * that are not, and workloads in every state. Nothing runs there; the states are written.
 */
import type { KubeObject } from '@skerry/api';
import { nodePoolCustomResourceDefinition, openKruiseManifests } from '@skerry/controllers';
import {
  startTestServer,
  type TestServer,
} from '../../../packages/apiserver/src/testing/start-test-server.ts';

export interface FixtureCluster {
  readonly url: string;
  close(): Promise<void>;
}

const regions = ['beijing', 'shanghai', 'zhangjiakou', 'guangzhou'] as const;
const images = 'registry.example.com';

export async function startFixtureCluster({ nowMs }: { nowMs: number }): Promise<FixtureCluster> {
  const server = await startTestServer();
  const make = maker(server);
  const before = (minutes: number): string =>
    new Date(nowMs - minutes * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
  await make('apis/apiextensions.k8s.io/v1/customresourcedefinitions', nodePoolCustomResourceDefinition);
  const kruise = openKruiseManifests().filter(({ kind }) => kind === 'CustomResourceDefinition');
  for (const definition of kruise)
    await make('apis/apiextensions.k8s.io/v1/customresourcedefinitions', withoutConversion(definition));
  await served(server, 'apis/apps.openyurt.io/v1beta2/nodepools');
  await served(server, 'apis/apps.kruise.io/v1alpha1/daemonsets');
  for (const namespace of ['default', 'kube-system', 'shop', 'inference']) {
    await make('api/v1/namespaces', { metadata: { name: namespace } }, { status: { phase: 'Active' } });
  }
  for (const region of regions) await makePool(make, region, { now: before(0) });
  const nodes = regions.flatMap((region) =>
    [1, 2, 3].map((index) => ({ region, name: `${region}-${index}` })),
  );
  for (const [index, node] of nodes.entries()) {
    await make('api/v1/nodes', nodeOf(node), {
      status: nodeStatus({ index, at: before(600), now: before(0) }),
    });
  }
  await makeWorkloads(make, { nodes, before });
  return { url: server.url, close: () => server.close() };
}

type Make = (collection: string, object: object, status?: { status: object }) => Promise<KubeObject>;

function maker({ url }: TestServer): Make {
  const send = async (method: string, path: string, body: object): Promise<KubeObject> => {
    const response = await fetch(`${url}/${path}`, {
      method,
      headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok && response.status !== 409)
      throw new Error(`${method} ${path}: ${await response.text()}`);
    return (await response.json()) as KubeObject;
  };
  return async (collection, object, status) => {
    const made = await send('POST', collection, object);
    if (!status) return made;
    const { metadata } = object as { metadata?: { name?: string } };
    return send('PATCH', `${collection}/${metadata?.name}/status`, status);
  };
}

/** No webhook runs here. */
function withoutConversion(definition: KubeObject & { spec?: object }): KubeObject {
  return { ...definition, spec: { ...definition.spec, conversion: { strategy: 'None' } } } as KubeObject;
}

async function served({ url }: TestServer, path: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if ((await fetch(`${url}/${path}`)).ok) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${path} is not served`);
}

async function makePool(make: Make, region: string, { now }: { now: string }): Promise<void> {
  await make(
    'apis/apps.openyurt.io/v1beta2/nodepools',
    {
      apiVersion: 'apps.openyurt.io/v1beta2',
      kind: 'NodePool',
      metadata: { name: region },
      spec: {
        type: region === 'beijing' ? 'Cloud' : 'Edge',
        labels: { 'topology.kubernetes.io/region': region },
        taints: region === 'guangzhou' ? [{ key: 'gpu', value: 'only', effect: 'PreferNoSchedule' }] : [],
        interConnectivity: true,
      },
    },
    {
      status: {
        readyNodeNum: region === 'shanghai' ? 2 : 3,
        unreadyNodeNum: region === 'shanghai' ? 1 : 0,
        nodes: [1, 2, 3].map((index) => `${region}-${index}`),
        leaderEndpoints: [{ nodeName: `${region}-1`, address: '10.0.0.1' }],
        leaderNum: 1,
        leaderLastElectedTime: now,
      },
    },
  );
}

function nodeOf({ region, name }: { region: string; name: string }): object {
  const hasGpu = region === 'guangzhou';
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'apps.openyurt.io/nodepool': region,
        'topology.kubernetes.io/region': region,
        'kubernetes.io/arch': name.endsWith('3') ? 'arm64' : 'amd64',
        'kubernetes.io/os': 'linux',
        'kubernetes.io/hostname': name,
        ...(hasGpu ? { 'nvidia.com/gpu.product': 'Tesla-T4' } : {}),
      },
      annotations: name === 'shanghai-2' ? { 'node.beta.openyurt.io/autonomy': 'true' } : {},
    },
    spec: { podCIDR: '10.244.0.0/24', ...(name === 'zhangjiakou-3' ? { unschedulable: true } : {}) },
  };
}

function nodeStatus({ index, at, now }: { index: number; at: string; now: string }): object {
  const isAway = index === 4;
  const hasGpu = index >= 9;
  const resources = {
    cpu: '8',
    memory: '32Gi',
    pods: '110',
    'ephemeral-storage': '100Gi',
    ...(hasGpu ? { 'nvidia.com/gpu': '2' } : {}),
  };
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    reason,
    message: reason,
    lastHeartbeatTime: now,
    lastTransitionTime: at,
  });
  return {
    capacity: resources,
    allocatable: resources,
    addresses: [{ type: 'InternalIP', address: `10.0.${Math.floor(index / 3)}.${(index % 3) + 1}` }],
    conditions: [
      isAway
        ? condition('Ready', 'Unknown', 'NodeStatusUnknown')
        : condition('Ready', 'True', 'KubeletReady'),
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
      condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
      ...(isAway ? [condition('Autonomy', 'True', 'NodeAutonomyEnabled')] : []),
    ],
    nodeInfo: {
      kubeletVersion: 'v1.36.3+skerry.1',
      osImage: 'Debian GNU/Linux 13 (trixie)',
      kernelVersion: '6.12.48',
      containerRuntimeVersion: 'containerd://2.1.4',
      operatingSystem: 'linux',
      architecture: index % 3 === 2 ? 'arm64' : 'amd64',
      machineID: '',
      systemUUID: '',
      bootID: '',
      kubeProxyVersion: '',
    },
  };
}

interface Places {
  readonly nodes: readonly { region: string; name: string }[];
  readonly before: (minutes: number) => string;
}

async function makeWorkloads(make: Make, { nodes, before }: Places): Promise<void> {
  const template = (app: string, image: string, extra: object = {}) => ({
    metadata: { labels: { app } },
    spec: {
      containers: [
        {
          name: 'main',
          image: `${images}/${image}`,
          resources: { requests: { cpu: '100m', memory: '128Mi' } },
          ...extra,
        },
      ],
    },
  });
  const agent = await make(
    'apis/apps/v1/namespaces/shop/daemonsets',
    {
      metadata: { name: 'fleet-agent', labels: { app: 'fleet-agent' } },
      spec: {
        selector: { matchLabels: { app: 'fleet-agent' } },
        template: template('fleet-agent', 'fleet-agent:1.0'),
      },
    },
    {
      status: {
        desiredNumberScheduled: 12,
        currentNumberScheduled: 12,
        numberReady: 11,
        updatedNumberScheduled: 12,
        numberAvailable: 11,
        numberUnavailable: 1,
        numberMisscheduled: 0,
        observedGeneration: 1,
      },
    },
  );
  for (const [index, revision] of ['1.0-rc1', '1.0'].entries()) {
    await make('apis/apps/v1/namespaces/shop/controllerrevisions', {
      metadata: {
        name: `fleet-agent-${index + 1}`,
        labels: { app: 'fleet-agent' },
        ownerReferences: [ownerOf(agent, 'apps/v1', 'DaemonSet')],
      },
      revision: index + 1,
      data: {
        spec: { template: { ...template('fleet-agent', `fleet-agent:${revision}`), $patch: 'replace' } },
      },
    });
  }
  for (const [index, node] of nodes.entries()) {
    await makePod(make, {
      namespace: 'shop',
      name: `fleet-agent-${'bcdfghjklmnp'[index]}x7k2`,
      app: 'fleet-agent',
      image: 'fleet-agent:1.0',
      node: node.name,
      state: 'Running',
      at: before(300 + index),
      owner: ownerOf(agent, 'apps/v1', 'DaemonSet'),
      restarts: index === 3 ? 4 : 0,
    });
  }
  const web = await make(
    'apis/apps/v1/namespaces/shop/deployments',
    {
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template('web', 'web:2.4') },
    },
    {
      status: {
        replicas: 3,
        updatedReplicas: 3,
        readyReplicas: 3,
        availableReplicas: 3,
        observedGeneration: 1,
        conditions: [
          {
            type: 'Available',
            status: 'True',
            reason: 'MinimumReplicasAvailable',
            message: 'Deployment has minimum availability.',
            lastUpdateTime: before(100),
            lastTransitionTime: before(100),
          },
        ],
      },
    },
  );
  for (const [index, tag] of ['2.3', '2.4'].entries()) {
    await make('apis/apps/v1/namespaces/shop/replicasets', {
      metadata: {
        name: `web-${index + 1}`,
        labels: { app: 'web', 'pod-template-hash': String(index + 1) },
        annotations: { 'deployment.kubernetes.io/revision': String(index + 1) },
        ownerReferences: [ownerOf(web, 'apps/v1', 'Deployment')],
      },
      spec: {
        replicas: index === 1 ? 3 : 0,
        selector: { matchLabels: { app: 'web', 'pod-template-hash': String(index + 1) } },
        template: {
          ...template('web', `web:${tag}`),
          metadata: { labels: { app: 'web', 'pod-template-hash': String(index + 1) } },
        },
      },
    });
  }
  for (const [index, state] of (['Running', 'Running', 'CrashLoopBackOff'] as const).entries()) {
    await makePod(make, {
      namespace: 'shop',
      name: `web-2-${'abc'[index]}9fd4`,
      app: 'web',
      image: 'web:2.4',
      node: nodes[index * 4]?.name,
      state,
      at: before(90),
      restarts: state === 'Running' ? 0 : 17,
    });
  }
  await make(
    'apis/apps/v1/namespaces/shop/statefulsets',
    {
      metadata: { name: 'orders-db', labels: { app: 'orders-db' } },
      spec: {
        replicas: 2,
        serviceName: 'orders-db',
        selector: { matchLabels: { app: 'orders-db' } },
        template: template('orders-db', 'postgres:17'),
      },
    },
    {
      status: {
        replicas: 2,
        readyReplicas: 1,
        currentReplicas: 2,
        updatedReplicas: 2,
        observedGeneration: 1,
      },
    },
  );
  await makePod(make, {
    namespace: 'shop',
    name: 'orders-db-0',
    app: 'orders-db',
    image: 'postgres:17',
    node: 'beijing-1',
    state: 'Running',
    at: before(2000),
  });
  await makePod(make, {
    namespace: 'shop',
    name: 'orders-db-1',
    app: 'orders-db',
    image: 'postgres:17',
    node: 'beijing-2',
    state: 'ImagePullBackOff',
    at: before(20),
  });
  await make(
    'apis/apps/v1/namespaces/inference/deployments',
    {
      metadata: { name: 'tensorflow-mnist', labels: { app: 'tensorflow-mnist' } },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'tensorflow-mnist' } },
        template: template('tensorflow-mnist', 'tensorflow-mnist:1.5', {
          resources: { limits: { 'nvidia.com/gpu': '1' }, requests: { 'nvidia.com/gpu': '1' } },
        }),
      },
    },
    { status: { replicas: 1, updatedReplicas: 1, unavailableReplicas: 1, observedGeneration: 1 } },
  );
  await makePod(make, {
    namespace: 'inference',
    name: 'tensorflow-mnist-664cf976d8-whrbc',
    app: 'tensorflow-mnist',
    image: 'tensorflow-mnist:1.5',
    state: 'Pending',
    at: before(12),
    gpu: true,
  });
  await make(
    'apis/batch/v1/namespaces/shop/jobs',
    {
      metadata: { name: 'report-28' },
      spec: {
        template: {
          spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: `${images}/report:1` }] },
        },
      },
    },
    { status: { active: 1, startTime: before(3) } },
  );
  await make('apis/batch/v1/namespaces/shop/cronjobs', {
    metadata: { name: 'report' },
    spec: {
      schedule: '0 3 * * *',
      jobTemplate: {
        spec: {
          template: {
            spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: `${images}/report:1` }] },
          },
        },
      },
    },
  });
  await make('api/v1/namespaces/shop/services', {
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  });
  await make('api/v1/namespaces/shop/services', {
    metadata: { name: 'orders-db' },
    spec: { clusterIP: 'None', selector: { app: 'orders-db' }, ports: [{ port: 5432 }] },
  });
  await make('api/v1/namespaces/shop/configmaps', {
    metadata: { name: 'web-settings' },
    data: { 'settings.yaml': 'cache: 5m\nregion: auto\n', level: 'info' },
  });
  await make('api/v1/namespaces/shop/secrets', {
    metadata: { name: 'orders-db' },
    type: 'Opaque',
    stringData: { password: 'not-shown' },
  });
  await make('apis/storage.k8s.io/v1/storageclasses', {
    metadata: { name: 'local' },
    provisioner: 'local.skerry.io',
    reclaimPolicy: 'Delete',
  });
  await make('api/v1/namespaces/shop/persistentvolumeclaims', {
    metadata: { name: 'data-orders-db-0' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      resources: { requests: { storage: '10Gi' } },
    },
  });
  await make('apis/apps.kruise.io/v1alpha1/namespaces/shop/daemonsets', {
    apiVersion: 'apps.kruise.io/v1alpha1',
    kind: 'DaemonSet',
    metadata: { name: 'edge-cache' },
    spec: {
      selector: { matchLabels: { app: 'edge-cache' } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { rollingUpdateType: 'InPlaceIfPossible' } },
      template: template('edge-cache', 'edge-cache:3.1'),
    },
  });
  await make('api/v1/namespaces/inference/events', {
    metadata: { name: 'tensorflow-mnist.1' },
    type: 'Warning',
    reason: 'FailedScheduling',
    message: '0/12 nodes are available: 6 Insufficient nvidia.com/gpu, 6 node(s) did not match.',
    count: 14,
    firstTimestamp: before(12),
    lastTimestamp: before(1),
    source: { component: 'default-scheduler' },
    involvedObject: {
      kind: 'Pod',
      namespace: 'inference',
      name: 'tensorflow-mnist-664cf976d8-whrbc',
      apiVersion: 'v1',
    },
  });
  await make('api/v1/namespaces/shop/events', {
    metadata: { name: 'web.1' },
    type: 'Warning',
    reason: 'BackOff',
    message: 'Back-off restarting failed container main in pod web-2-c9fd4',
    count: 212,
    firstTimestamp: before(90),
    lastTimestamp: before(2),
    source: { component: 'kubelet', host: 'zhangjiakou-3' },
    involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-2-c9fd4', apiVersion: 'v1' },
  });
}

function ownerOf(object: KubeObject, apiVersion: string, kind: string): object {
  return { apiVersion, kind, name: object.metadata?.name, uid: object.metadata?.uid, controller: true };
}

interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly app: string;
  readonly image: string;
  readonly node?: string | undefined;
  readonly state: 'Running' | 'Pending' | 'CrashLoopBackOff' | 'ImagePullBackOff';
  readonly at: string;
  readonly owner?: object;
  readonly restarts?: number;
  readonly gpu?: boolean;
}

async function makePod(make: Make, facts: PodFacts): Promise<void> {
  const { namespace, name, app, image, node, state, at, owner, restarts = 0, gpu = false } = facts;
  const isRunning = state === 'Running';
  const waiting =
    state === 'Running' ? undefined : { waiting: { reason: state, message: `${state} of ${image}` } };
  await make(
    `api/v1/namespaces/${namespace}/pods`,
    {
      metadata: {
        name,
        labels: { app },
        ...(owner ? { ownerReferences: [owner] } : {}),
      },
      spec: {
        ...(node ? { nodeName: node } : {}),
        containers: [
          {
            name: 'main',
            image: `${images}/${image}`,
            resources: gpu
              ? { limits: { 'nvidia.com/gpu': '1' } }
              : { requests: { cpu: '100m', memory: '128Mi' } },
          },
        ],
      },
    },
    {
      status:
        state === 'Pending'
          ? {
              phase: 'Pending',
              conditions: [
                {
                  type: 'PodScheduled',
                  status: 'False',
                  reason: 'Unschedulable',
                  message: '0/12 nodes are available: 6 Insufficient nvidia.com/gpu.',
                  lastTransitionTime: at,
                },
              ],
            }
          : {
              phase: state === 'ImagePullBackOff' ? 'Pending' : 'Running',
              startTime: at,
              podIP: '10.244.1.7',
              hostIP: '10.0.0.1',
              conditions: [
                { type: 'PodScheduled', status: 'True', lastTransitionTime: at },
                { type: 'Ready', status: isRunning ? 'True' : 'False', lastTransitionTime: at },
              ],
              containerStatuses: [
                {
                  name: 'main',
                  image: `${images}/${image}`,
                  imageID: '',
                  ready: isRunning,
                  restartCount: restarts,
                  started: isRunning,
                  state: waiting ?? { running: { startedAt: at } },
                },
              ],
            },
    },
  );
}
