import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import type { AnyObject, Node } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { createServiceAccountKey } from '@skerry/pki';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSecurity } from '#security-parts.ts';
import { type TestServer, startTestServer } from '#testing/start-test-server.ts';

let api: TestServer;

beforeAll(async () => {
  api = await startTestServer({
    security: createSecurity({
      clock: systemClock,
      log: silentLogger,
      random: Math.random,
      serviceAccountKey: await createServiceAccountKey(),
      staticTokens: [
        { token: 'admin', user: { name: 'admin', groups: ['system:masters'] } },
        { token: 'alice', user: { name: 'alice', groups: ['dev'] } },
        { token: 'boss', user: { name: 'boss', groups: [] } },
        { token: 'node', user: { name: 'system:node:n', groups: ['system:nodes'] } },
      ],
      clusterInfo: { authorityPem: 'PEM', server: 'https://10.0.0.1:6443' },
    }),
  });
  await post('/api/v1/namespaces', { metadata: { name: 'ns' } });
  await post('/api/v1/namespaces/ns/serviceaccounts', { metadata: { name: 'default' } });
  await post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'boss' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'boss' }],
  });
});
afterAll(() => api.close());

interface Answer {
  readonly status: number;
  readonly body: AnyObject & { message?: string; status?: AnyObject; items?: AnyObject[] };
}

async function send(
  method: string,
  path: string,
  token: string | undefined,
  body?: AnyObject,
): Promise<Answer> {
  const response = await fetch(api.url + path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return {
    status: response.status,
    // The API answers JSON everywhere but at the health paths.
    body: (text.startsWith('{') ? JSON.parse(text) : { message: text }) as Answer['body'],
  };
}
const get = (path: string, token?: string) => send('GET', path, token);
const post = (path: string, body: AnyObject, token = 'admin') => send('POST', path, token, body);
const container = { name: 'c', image: 'i' };

describe('a server with its own security', () => {
  test('tells strangers its health and version, and nothing else', async () => {
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/version')).status).toBe(200);
    expect((await get('/api/v1/namespaces/kube-public/configmaps/cluster-info')).body).toMatchObject({
      data: { kubeconfig: expect.stringContaining('https://10.0.0.1:6443') },
    });
    expect(await get('/api/v1/pods')).toMatchObject({
      status: 403,
      body: {
        message:
          'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
      },
    });
    expect((await get('/api/v1/pods', 'wrong')).status).toBe(401);
  });

  test('gives what a role binding says, from the moment it is there', async () => {
    expect(await get('/api/v1/namespaces/ns/pods/x', 'alice')).toMatchObject({
      status: 403,
      body: {
        message:
          'pods "x" is forbidden: User "alice" cannot get resource "pods" in API group "" in the namespace "ns"',
      },
    });
    const group = '/apis/rbac.authorization.k8s.io/v1';
    await post(`${group}/namespaces/ns/rolebindings`, {
      metadata: { name: 'alice' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' }],
    });
    await eventually(async () => expect((await get('/api/v1/namespaces/ns/pods', 'alice')).status).toBe(200));
    const grant = {
      metadata: { name: 'more' },
      rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    };
    expect((await post(`${group}/namespaces/ns/roles`, grant, 'alice')).status).toBe(403);
    expect((await post(`${group}/namespaces/ns/roles`, grant, 'boss')).status).toBe(201);
  });

  test('aggregates, and has its priority classes', async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/admin';
    await eventually(async () => {
      const { body } = await get(path, 'admin');
      expect((body['rules'] as unknown[]).length).toBeGreaterThan(10);
    });
    expect(
      (await get('/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical', 'admin')).body,
    ).toMatchObject({ value: 2_000_001_000 });
  });

  test('completes a pod on its way in', async () => {
    const { body, status } = await post('/api/v1/namespaces/ns/pods', {
      metadata: { name: 'p' },
      spec: { containers: [container] },
    });
    expect(status).toBe(201);
    expect(body['spec']).toMatchObject({
      serviceAccountName: 'default',
      priority: 0,
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', tolerationSeconds: 300 },
        { key: 'node.kubernetes.io/unreachable', tolerationSeconds: 300 },
      ],
      volumes: [{ name: expect.stringMatching(/^kube-api-access-/) }],
      containers: [{ volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] }],
    });
  });

  test('issues tokens that it accepts until their account is gone', async () => {
    await post('/api/v1/namespaces/ns/serviceaccounts', { metadata: { name: 'robot' } });
    const path = '/api/v1/namespaces/ns/serviceaccounts/robot';
    const { body, status } = await post(`${path}/token`, { spec: { expirationSeconds: 600 } });
    expect(status).toBe(201);
    const token = String(body.status?.['token']);
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const reviews = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    expect((await post(reviews, review, token)).body).toMatchObject({
      status: { userInfo: { username: 'system:serviceaccount:ns:robot' } },
    });
    await send('DELETE', path, 'admin');
    await eventually(async () => expect((await post(reviews, review, token)).status).toBe(401));
  });

  test('publishes the keys by which others verify its tokens', async () => {
    await post('/api/v1/namespaces/ns/serviceaccounts', { metadata: { name: 'caller' } });
    const { body } = await post('/api/v1/namespaces/ns/serviceaccounts/caller/token', { spec: {} });
    const [head = '', claims = '', signature = ''] = String(body.status?.['token']).split('.');
    const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as AnyObject;
    const discovery = (await get('/.well-known/openid-configuration', 'admin')).body;
    expect(discovery['issuer']).toBe(decoded(claims)['iss']);
    expect(discovery['jwks_uri']).toMatch(/\/openid\/v1\/jwks$/);
    const { keys } = (await get('/openid/v1/jwks', 'admin')).body as AnyObject & { keys: AnyObject[] };
    const key = keys.find(({ kid }) => kid === decoded(head)['kid']);
    const told = createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    const isVerified = verify(
      'sha256',
      Buffer.from(`${head}.${claims}`),
      told.asymmetricKeyType === 'ec' ? { key: told, dsaEncoding: 'ieee-p1363' } : told,
      Buffer.from(signature, 'base64url'),
    );
    expect(isVerified).toBe(true);
  });

  test('lets a node register and report itself, and no other', async () => {
    const node = (name: string) => ({ metadata: { name }, spec: {} });
    expect(await post('/api/v1/nodes', node('n'), 'node')).toMatchObject({
      status: 201,
      body: { spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] } },
    });
    expect((await post('/api/v1/nodes', node('m'), 'node')).status).toBe(403);
    const patch = (path: string, body: AnyObject) => send('PATCH', path, 'node', body);
    const ready = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    expect((await patch('/api/v1/nodes/n/status', ready)).status).toBe(200);
    const role = { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } };
    expect((await patch('/api/v1/nodes/n', role)).status).toBe(403);
    expect((await get('/api/v1/pods?fieldSelector=spec.nodeName%3Dn', 'node')).status).toBe(200);
    expect((await get('/api/v1/pods', 'node')).status).toBe(403);
    const lease = { metadata: { name: 'n' }, spec: { holderIdentity: 'n', leaseDurationSeconds: 40 } };
    const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
    expect((await post(leases, lease, 'node')).status).toBe(201);
  });

  test('frees a node of the taints of a cut with the report that it is back, and of no others', async () => {
    const taint = (key: string, effect: string) => ({ key, effect });
    const own = taint('mine', 'NoSchedule');
    const unreachable = 'node.kubernetes.io/unreachable';
    const cut = ['NoSchedule', 'NoExecute'].map((effect) => taint(unreachable, effect));
    const report = (ready: string, disconnected: string) => ({
      status: {
        conditions: [
          { type: 'Ready', status: ready },
          { type: 'Disconnected', status: disconnected },
        ],
      },
    });
    const path = '/api/v1/nodes/n';
    const taintsAfter = async (body: AnyObject, user = 'node') => {
      const answer = await send('PATCH', `${path}/status`, user, body);
      expect(answer.status).toBe(200);
      return (answer.body['spec'] as Node['spec'])?.taints;
    };
    await post('/api/v1/nodes', { metadata: { name: 'n' }, spec: {} }, 'node');
    await send('PATCH', path, 'admin', { spec: { taints: [own, ...cut] } });
    expect(await taintsAfter(report('Unknown', 'True'), 'admin')).toEqual([own, ...cut]);
    expect(await taintsAfter(report('False', 'True'))).toEqual([own, ...cut]);
    expect(await taintsAfter(report('True', 'False'))).toEqual([own]);
    // Of what was no cut, the center judges.
    await send('PATCH', path, 'admin', { spec: { taints: [own, ...cut] } });
    expect(await taintsAfter(report('Unknown', 'False'), 'admin')).toEqual([own, ...cut]);
    expect(await taintsAfter(report('True', 'False'))).toEqual([own, ...cut]);
  });

  test('keeps a namespace within its quota, also when a pod goes', async () => {
    await post('/api/v1/namespaces', { metadata: { name: 'small' } });
    await post('/api/v1/namespaces/small/serviceaccounts', { metadata: { name: 'default' } });
    const path = '/api/v1/namespaces/small';
    await post(`${path}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard: { pods: '1' } } });
    const create = (name: string) =>
      post(`${path}/pods`, { metadata: { name }, spec: { containers: [container] } });
    await eventually(async () => {
      const { body } = await get(`${path}/resourcequotas/q`, 'admin');
      expect(body.status).toEqual({ hard: { pods: '1' }, used: { pods: '0' } });
    });
    expect((await create('a')).status).toBe(201);
    expect(await create('b')).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining('exceeded quota: q, requested: pods=1, used: pods=1') },
    });
    await send('DELETE', `${path}/pods/a?gracePeriodSeconds=0`, 'admin');
    await eventually(async () => expect((await create('b')).status).toBe(201));
  });

  test('keeps the namespaces it stands on', async () => {
    expect(await send('DELETE', '/api/v1/namespaces/kube-system', 'admin')).toMatchObject({
      status: 403,
      body: { message: 'namespaces "kube-system" is forbidden: this namespace may not be deleted' },
    });
  });
});

describe('an object that lacks what its kind must have', () => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const paths = [
    '/api/v1/namespaces/ns/pods',
    '/api/v1/nodes',
    '/api/v1/namespaces/ns/services',
    '/api/v1/namespaces/ns/persistentvolumeclaims',
    '/api/v1/namespaces/ns/resourcequotas',
    '/api/v1/namespaces/ns/limitranges',
    '/apis/apps/v1/namespaces/ns/deployments',
    '/apis/batch/v1/namespaces/ns/cronjobs',
    '/apis/networking.k8s.io/v1/namespaces/ns/ingresses',
    '/apis/scheduling.k8s.io/v1/priorityclasses',
    '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    `${rbac}/clusterroles`,
    `${rbac}/clusterrolebindings`,
    `${rbac}/namespaces/ns/rolebindings`,
  ];
  const specs: AnyObject[] = [
    {},
    { spec: null },
    { spec: {} },
    { spec: { containers: null } },
    { spec: { containers: [] } },
    { spec: { containers: [{}], volumes: [{}], initContainers: [{}] } },
    { spec: { template: {} } },
    { spec: { template: { spec: {} } } },
    { spec: { limits: [{}] } },
    { spec: { hard: { pods: 'many' } } },
    { spec: { request: '!', signerName: 'kubernetes.io/kube-apiserver-client' } },
    { roleRef: {}, subjects: [{}] },
    { rules: [{}], aggregationRule: {} },
  ];

  test.each(paths)('is refused, never a fault of the server: %s', async (path) => {
    for (const [index, spec] of specs.entries()) {
      for (const token of ['admin', 'boss', 'alice', 'node']) {
        const { status, body } = await post(path, { metadata: { name: `odd-${index}` }, ...spec }, token);
        expect(status, `${token} ${JSON.stringify(spec)}: ${body.message}`).toBeLessThan(500);
        if (status < 300) await send('DELETE', `${path}/odd-${index}`, 'admin');
      }
    }
  });
});
