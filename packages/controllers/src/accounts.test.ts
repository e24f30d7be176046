/** Controllers under the accounts and roles that a new cluster has: each does its work, and none asks for what it may not. */
import type {
  Crossing,
  DaemonSet,
  Endpoints,
  KubeObject,
  Node,
  Pod,
  PoolNetwork,
  Secret,
  Service,
  ServiceAccount,
} from '@skerry/api';
import { createSecurity } from '@skerry/apiserver';
import {
  AccountRights,
  accountsWithOwnRights,
  dialLoopback,
  doubledRights,
  startTestServer,
} from '@skerry/apiserver/testing';
import type { TestServer } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { createClient, createHttpTransport, resources } from '@skerry/client';
import type { ApiClient, ResourceRef, Transport } from '@skerry/client';
import { createCertificateAuthority, createServiceAccountKey } from '@skerry/pki';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NodePool } from '#edge/node-pool/definition.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import { openKruiseManifests } from '#kruise/manifests/manifests.ts';
import { applyManifests } from '#kruise/testing/apply-manifests.ts';
import { runControllers } from '#manager.ts';

const patient = { timeoutMs: 60_000, everyMs: 50 };
let server: TestServer;
let admin: ApiClient;
let stop: AbortController;
let running: Promise<void>;
/** Answers of 403, with who asked for what. */
const refused: string[] = [];
const rights = new AccountRights();

beforeEach(async () => {
  const shared = { clock: systemClock, log: silentLogger, random: Math.random };
  server = await startTestServer({
    dial: dialLoopback,
    security: rights.watch(
      createSecurity({
        ...shared,
        serviceAccountKey: await createServiceAccountKey(),
        staticTokens: [
          { token: 'admin', user: { name: 'admin', groups: ['system:masters'] } },
          { token: 'manager', user: { name: 'system:kube-controller-manager', groups: [] } },
        ],
      }),
    ),
  });
  const clientWith = (token: string, account?: string) =>
    createClient({ transport: watched(token, account), userAgent: 'test', clock: systemClock });
  admin = clientWith('admin');
  stop = new AbortController();
  running = runControllers({
    ...shared,
    client: clientWith('manager'),
    clientOf: (account) => clientWith('admin', account),
    signal: stop.signal,
    clusterCidr: '10.244.0.0/16',
    authority: await createCertificateAuthority({ commonName: 'test', clock: systemClock }),
  });
});

afterEach(async () => {
  stop.abort();
  await running;
  admin.close();
  await server.close();
});

/** Speaks as an account of kube-system where one is named. */
function watched(token: string, account?: string): Transport {
  const inner = createHttpTransport({ server: server.url, token });
  const name = `system:serviceaccount:kube-system:${account}`;
  const headers = account && { 'impersonate-user': name, 'impersonate-group': 'system:authenticated' };
  return {
    async request(request) {
      const response = await inner.request({ ...request, headers: { ...request.headers, ...headers } });
      const { method, path } = request;
      if (response.status === 403) refused.push(`${account ?? token}: ${method} ${path}`);
      return response;
    },
    close: () => inner.close(),
  };
}

const create = <T extends KubeObject>(ref: ResourceRef, object: T) =>
  admin.resource<T>(ref).create(object, { namespace: object.metadata?.namespace });

async function addNode(name: string, pool: string): Promise<void> {
  const annotations = { 'network.skerry.io/gateway-key': `${'A'.repeat(43)}=` };
  const labels = { 'apps.openyurt.io/nodepool': pool };
  const node = await create<Node>(resources.nodes, { metadata: { name, labels, annotations } });
  const allocatable = { cpu: '4', memory: '8Gi', pods: '100' };
  const status = { allocatable, capacity: allocatable, conditions: [{ type: 'Ready', status: 'True' }] };
  await admin.resource<Node>(resources.nodes).update({ ...node, status }, { subresource: 'status' });
}

const events = 'Resources:["events"]';
/** What is not played here, by account, with the tests that play it. A right that is in none of them can go. */
const playedElsewhere: Readonly<Record<string, readonly string[]>> = {
  // certificates/node-certificates.test.ts; test/e2e/join.e2e.ts with these rights.
  'certificate-controller': [
    '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "update"]}',
    '{APIGroups:[""], Resources:["services"], ResourceNames:["kubernetes"], Verbs:["get"]}',
    '{APIGroups:["apps.openyurt.io"], Resources:["nodepools"], Verbs:["get"]}',
    '{APIGroups:["certificates.k8s.io"], Resources:["certificatesigningrequests"], Verbs:["patch"]}',
    '{APIGroups:["certificates.k8s.io"], Resources:["signers"], ResourceNames:["skerry.io/hub-serving"], Verbs:["approve" "sign"]}',
  ],
  // Both: test/conformance/controllers, with these rights.
  'job-controller': ['{APIGroups:["batch"], Resources:["jobs"], Verbs:["delete"]}'],
  'statefulset-controller': ['{APIGroups:[""], Resources:["persistentvolumeclaims"], Verbs:["patch"]}'],
  // storage/storage.test.ts; test/e2e/storage.e2e.ts with these rights.
  'local-path-provisioner': [
    `{APIGroups:[""], ${events}, Verbs:["create" "patch"]}`,
    '{APIGroups:[""], Resources:["nodes/proxy"], Verbs:["delete" "update"]}',
    '{APIGroups:[""], Resources:["persistentvolumeclaims"], Verbs:["update"]}',
    '{APIGroups:[""], Resources:["persistentvolumeclaims/status"], Verbs:["update"]}',
    '{APIGroups:[""], Resources:["persistentvolumes"], Verbs:["create" "delete" "get" "patch" "update"]}',
  ],
  // policy/network-policy/network-policy.test.ts; test/e2e/names-and-policies.e2e.ts with these rights.
  'network-policy-controller': [
    '{APIGroups:["network.skerry.io"], Resources:["poolpolicies"], Verbs:["create" "delete" "update"]}',
  ],
  // core/node-lifecycle/node-lifecycle.test.ts: the last look at a node before it counts as silent.
  'node-controller': ['{APIGroups:["coordination.k8s.io"], Resources:["leases"], Verbs:["get"]}'],
  // kruise/*.test.ts; test/e2e/kruise.e2e.ts with these rights.
  'openkruise-controller': [
    '{APIGroups:[""], Resources:["pods"], Verbs:["get" "patch" "update"]}',
    '{APIGroups:[""], Resources:["pods/status"], Verbs:["patch"]}',
    '{APIGroups:[""], Resources:["secrets"], Verbs:["create" "delete" "get" "update"]}',
    '{APIGroups:["apps"], Resources:["controllerrevisions"], Verbs:["delete" "get" "patch" "update"]}',
  ],
  // core/pod-gc/pod-gc.test.ts: pods of nodes that have gone, after forty seconds.
  'pod-garbage-collector': ['{APIGroups:[""], Resources:["pods/status"], Verbs:["update"]}'],
};

/** Bound, and with an address. */
async function runDaemons(): Promise<void> {
  const at = { namespace: 'default' };
  const pods = admin.resource<Pod>(resources.pods);
  const { items } = await pods.list({ ...at, labelSelector: 'app=daemon' });
  for (const [index, { metadata }] of items.entries()) {
    const { name = '' } = metadata;
    const target = { apiVersion: 'v1', kind: 'Node', name: 'a1' };
    await pods.createSubresource(name, 'binding', { metadata: { name }, target }, at);
    const podIP = `10.244.0.${index + 2}`;
    const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }] };
    await pods.patch(name, { status }, { type: 'merge', subresource: 'status', ...at });
  }
  await eventually(async () => {
    const { subsets } = await admin.resource<Endpoints>(resources.endpoints).get('daemons', at);
    expect(subsets).toHaveLength(1);
  }, patient);
}

test('pools, crossings, load balancers, tokens and OpenKruise work, each with the rights of its account', async () => {
  const poolNames = ['a', 'b'];
  await eventually(async () => {
    for (const name of poolNames) {
      const annotations = { 'network.skerry.io/load-balancer-addresses': '192.0.2.0/28' };
      await create<NodePool>(resources.nodePools, { metadata: { name, annotations } }).catch(
        (error: unknown) => {
          if (!String(error).includes('already exists')) throw error;
        },
      );
    }
  }, patient);
  for (const pool of poolNames) await addNode(`${pool}1`, pool);
  await create<Crossing>(resources.crossings, {
    apiVersion: 'network.skerry.io/v1alpha1',
    kind: 'Crossing',
    metadata: { name: 'a-b' },
    spec: { pools: ['a', 'b'] },
  } as Crossing);
  await create<Service>(resources.services, {
    metadata: {
      name: 'web',
      namespace: 'default',
      annotations: { 'network.skerry.io/load-balancer-pools': 'a' },
    },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  });
  await create<Service>(resources.services, {
    metadata: { name: 'daemons', namespace: 'default' },
    spec: { selector: { app: 'daemon' }, ports: [{ port: 80 }] },
  });
  await create<DaemonSet>(resources.daemonSets, {
    metadata: {
      name: 'daemon',
      namespace: 'default',
      annotations: { 'apps.openyurt.io/update-strategy': 'OTA' },
    },
    spec: {
      selector: { matchLabels: { app: 'daemon' } },
      updateStrategy: { type: 'OnDelete' },
      template: {
        metadata: { labels: { app: 'daemon' } },
        spec: { containers: [{ name: 'c', image: 'daemon:1' }] },
      },
    },
  });
  await create<ServiceAccount>(resources.serviceAccounts, {
    metadata: { name: 'robot', namespace: 'default' },
  });
  await create<Secret>(resources.secrets, {
    metadata: {
      name: 'robot-token',
      namespace: 'default',
      annotations: { 'kubernetes.io/service-account.name': 'robot' },
    },
    type: 'kubernetes.io/service-account-token',
  });
  await applyManifests(admin, openKruiseManifests());

  await eventually(async () => {
    const { status } = await admin.resource<PoolNetwork>(resources.poolNetworks).get('a');
    expect(status?.members.map(({ node }) => node)).toEqual(['a1']);
    expect(status?.crossings?.map(({ peerGateways }) => peerGateways[0]?.node)).toEqual(['b1']);
    const at = { namespace: 'default' };
    const service = await admin.resource<Service>(resources.services).get('web', at);
    expect(service.status?.loadBalancer?.ingress?.[0]?.ip).toMatch(/^192\.0\.2\./);
    const secret = await admin.resource<Secret>(resources.secrets).get('robot-token', at);
    expect(secret.data?.['token']).toBeDefined();
  }, patient);

  const containers = [{ name: 'c', image: 'agent:1' }];
  await eventually(
    () =>
      create(kruiseResources.daemonSets, {
        metadata: { name: 'fleet', namespace: 'default' },
        spec: {
          selector: { matchLabels: { app: 'fleet' } },
          template: { metadata: { labels: { app: 'fleet' } }, spec: { containers } },
        },
      } as KubeObject),
    patient,
  );
  await create(kruiseResources.imagePullJobs, {
    metadata: { name: 'early', namespace: 'default' },
    spec: { image: 'agent:2', completionPolicy: { type: 'Never' } },
  } as KubeObject);
  await eventually(async () => {
    const { items: pods } = await admin.resource<Pod>(resources.pods).list({ namespace: 'default' });
    const of = (app: string) => pods.filter(({ metadata }) => metadata.labels?.['app'] === app);
    expect(of('fleet')).toHaveLength(2);
    expect(of('daemon')).toHaveLength(2);
    for (const { status } of of('daemon'))
      expect(status?.conditions?.map(({ type }) => type)).toContain('PodNeedUpgrade');
    const { items: images } = await admin.resource(kruiseResources.nodeImages).list();
    expect(new Set(images.map(({ metadata }) => metadata?.name))).toEqual(new Set(['a1', 'b1']));
    expect(JSON.stringify(images)).toContain('early');
  }, patient);
  const wrong = { metadata: { annotations: { 'network.skerry.io/gateway-endpoint': 'nowhere' } } };
  await admin.resource<Node>(resources.nodes).patch('a1', wrong, { type: 'merge' });
  await runDaemons();
  await admin.resource(resources.services).delete('daemons', { namespace: 'default' });
  await admin.resource(resources.serviceAccounts).delete('robot', { namespace: 'default' });
  await admin.resource(resources.nodes).delete('b1');
  await eventually(() => admin.resource(resources.nodePools).delete('b'), patient);
  await eventually(
    () => expect(admin.resource(resources.poolNetworks).get('b')).rejects.toMatchObject({ code: 404 }),
    patient,
  );
  await eventually(
    () =>
      expect(
        admin.resource(resources.secrets).get('robot-token', { namespace: 'default' }),
      ).rejects.toMatchObject({ code: 404 }),
    patient,
  );
  await eventually(
    () => {
      const unused = accountsWithOwnRights.map((account) => [account, rights.unused(account)] as const);
      const left = unused.filter(([, unusedRights]) => unusedRights.length > 0);
      expect(Object.fromEntries(left)).toEqual(playedElsewhere);
    },
    { timeoutMs: 10_000, everyMs: 100 },
  );
  expect(refused).toEqual([]);
}, 120_000);

test('no account has a right of its own that the stock role of its name has too', () => {
  expect(accountsWithOwnRights.flatMap(doubledRights)).toEqual([]);
});

test('the manager itself writes nothing of what its controllers write', async () => {
  const manager = createClient({ transport: watched('manager'), userAgent: 'test', clock: systemClock });
  const containers = [{ name: 'c', image: 'c:1' }];
  const pod = { metadata: { name: 'p', namespace: 'default' }, spec: { containers } };
  await expect(manager.resource<Pod>(resources.pods).create(pod)).rejects.toMatchObject({ code: 403 });
  await expect(manager.resource(resources.pods).delete('p', { namespace: 'default' })).rejects.toMatchObject({
    code: 403,
  });
  await expect(
    manager.resource(resources.deployments).patch('d', {}, { type: 'merge', namespace: 'default' }),
  ).rejects.toMatchObject({ code: 403 });
  manager.close();
});
