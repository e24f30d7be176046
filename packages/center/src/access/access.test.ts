import { X509Certificate } from 'node:crypto';
import type { ClusterRole, ClusterRoleBinding, KubeObject, RoleBinding } from '@skerry/api';
import { systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { type ResourceRef, resources } from '@skerry/client';
import { createCertificateAuthority, parseCertificateRequest } from '@skerry/pki';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { queryOf } from '#access/proxy-rules.ts';
import { managedLabel } from '#access/wanted-access.ts';
import { type Grant, peopleResources } from '#people/kinds.ts';
import { type Browser, signedIn, startTestCenter, type TestCenter } from '#testing/start-test-center.ts';

let center: TestCenter;
let admin: Browser;
const people: Record<string, Browser> = {};
const roles = ['admin', 'admin-view', 'ops', 'dev', 'restricted'] as const;

const rbac = (kind: string, resource: string, namespaced: boolean): ResourceRef => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind,
  resource,
  namespaced,
});
const clusterRoles = rbac('ClusterRole', 'clusterroles', false);
const clusterBindings = rbac('ClusterRoleBinding', 'clusterrolebindings', false);
const roleBindings = rbac('RoleBinding', 'rolebindings', true);

async function nodeOf(name: string, labels: Record<string, string>): Promise<void> {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
  await center.cluster.resource(resources.nodes).create(node);
}

beforeAll(async () => {
  center = await startTestCenter();
  for (const name of ['shop', 'bank']) {
    await center.cluster.resource(resources.namespaces).create({ metadata: { name } });
    const metadata = { name: 'settings', namespace: name };
    await center.cluster.resource(resources.configMaps).create({ metadata });
    const secret: KubeObject & { stringData: object } = {
      metadata: { name: 'key', namespace: name, annotations: { note: 'v4lue' } },
      stringData: { key: 'v4lue' },
    };
    await center.cluster.resource(resources.secrets).create(secret);
  }
  await nodeOf('osaka-1', { 'apps.openyurt.io/nodepool': 'osaka' });
  await nodeOf('tokyo-1', { 'apps.openyurt.io/nodepool': 'tokyo' });
  await nodeOf('kyoto-1', { 'skerry.io/owner': 'retail' });
  admin = await signedIn(center, 'root', [{ role: 'admin', cluster: '*' }]);
  for (const role of roles) people[role] = await signedIn(center, `a-${role}`, [{ role }]);
  people['shop-dev'] = await signedIn(center, 'shopkeeper', [
    { role: 'dev', namespaces: ['shop', 'nowhere'] },
  ]);
  people['osaka-ops'] = await signedIn(center, 'osaka', [
    { role: 'ops', pools: ['osaka'], owners: ['retail'] },
  ]);
  people['nobody'] = await signedIn(center, 'nobody', []);
});

afterAll(() => center.close());

const at = '/api/clusters/edge/kubernetes';
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } };
const merge = { 'content-type': 'application/merge-patch+json' };
const label = { metadata: { labels: { touched: 'yes' } } };

/** What each may: A all right, F forbidden, N not found. */
const crawl: [string, [string, string, unknown?, Record<string, string>?], Record<string, string>][] = [
  [
    'see pods',
    ['GET', '/api/v1/pods'],
    {
      admin: 'A',
      'admin-view': 'A',
      ops: 'A',
      dev: 'A',
      restricted: 'A',
      'shop-dev': 'F',
      'osaka-ops': 'F',
      nobody: 'N',
    },
  ],
  [
    'see pods of shop',
    ['GET', '/api/v1/namespaces/shop/pods'],
    {
      admin: 'A',
      'admin-view': 'A',
      ops: 'A',
      dev: 'A',
      restricted: 'A',
      'shop-dev': 'A',
      'osaka-ops': 'F',
      nobody: 'N',
    },
  ],
  [
    'see pods of bank',
    ['GET', '/api/v1/namespaces/bank/pods'],
    { 'shop-dev': 'F', dev: 'A', 'osaka-ops': 'F' },
  ],
  [
    'read a Secret',
    ['GET', '/api/v1/namespaces/shop/secrets/key'],
    {
      admin: 'A',
      'admin-view': 'F',
      ops: 'A',
      dev: 'A',
      restricted: 'F',
      'shop-dev': 'A',
      'osaka-ops': 'F',
      nobody: 'N',
    },
  ],
  [
    'make a ConfigMap',
    ['POST', '/api/v1/namespaces/shop/configmaps', configMap],
    {
      admin: 'A',
      'admin-view': 'F',
      ops: 'A',
      dev: 'A',
      restricted: 'F',
      'shop-dev': 'A',
      'osaka-ops': 'F',
      nobody: 'N',
    },
  ],
  [
    'make a ConfigMap in bank',
    ['POST', '/api/v1/namespaces/bank/configmaps', configMap],
    { 'shop-dev': 'F', dev: 'A' },
  ],
  [
    'see nodes',
    ['GET', '/api/v1/nodes'],
    {
      admin: 'A',
      'admin-view': 'A',
      ops: 'A',
      dev: 'F',
      restricted: 'F',
      'shop-dev': 'F',
      'osaka-ops': 'F',
      nobody: 'N',
    },
  ],
  [
    'change a node of osaka',
    ['PATCH', '/api/v1/nodes/osaka-1', label, merge],
    {
      admin: 'A',
      'admin-view': 'F',
      ops: 'A',
      dev: 'F',
      restricted: 'F',
      'shop-dev': 'F',
      'osaka-ops': 'A',
      nobody: 'N',
    },
  ],
  ['change a node of its owner', ['PATCH', '/api/v1/nodes/kyoto-1', label, merge], { 'osaka-ops': 'A' }],
  [
    'change a node of tokyo',
    ['PATCH', '/api/v1/nodes/tokyo-1', label, merge],
    { ops: 'A', 'osaka-ops': 'F' },
  ],
  [
    'see roles',
    ['GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles'],
    { admin: 'A', 'admin-view': 'A', ops: 'F', dev: 'F', restricted: 'F', 'shop-dev': 'F', nobody: 'N' },
  ],
  [
    'give themselves a role',
    [
      'POST',
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      {
        metadata: { generateName: 'x-' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [],
      },
    ],
    {
      admin: 'A',
      'admin-view': 'F',
      ops: 'F',
      dev: 'F',
      restricted: 'F',
      'shop-dev': 'F',
      'osaka-ops': 'F',
      nobody: 'N',
    },
  ],
  [
    'become somebody else',
    ['GET', '/api/v1/pods', undefined, { 'impersonate-user': 'root', 'impersonate-group': 'system:masters' }],
    { dev: 'A', 'shop-dev': 'F', nobody: 'N' },
  ],
];

describe('each role', () => {
  for (const [what, [method, path, body, headers], expected] of crawl) {
    test.each(Object.entries(expected))(`may, or may not, ${what}: %s %s`, async (who, letter) => {
      const answer = await people[who]?.ask(method, at + path, body, headers);
      const codes = letter === 'A' ? [200, 201] : letter === 'F' ? [403] : [404];
      expect(codes, answer?.text).toContain(answer?.status);
    });
  }

  test.each(Object.keys(crawl[0]?.[2] ?? {}).filter((who) => who !== 'admin'))(
    'reaches nothing of the management API without a grant for it: %s',
    async (who) => {
      for (const resource of ['users', 'grants', 'apitokens', 'identityproviders']) {
        const path = `/api/management/apis/center.skerry.io/v1/${resource}`;
        const answer = await people[who]?.ask('GET', path);
        expect(answer?.status, resource).toBe(403);
      }
      expect((await people[who]?.ask('GET', '/api/management/api/v1/secrets'))?.status).toBe(403);
    },
  );

  test('of every cluster is the management API too', async () => {
    const answer = await admin.ask('GET', '/api/management/apis/center.skerry.io/v1/users');
    expect(JSON.stringify(answer.body['items'])).toContain('a-restricted');
  });

  test('of every cluster decides nothing over passwords and rights, but that of administrators', async () => {
    const wide = [
      await signedIn(center, 'wide-ops', [{ role: 'ops', cluster: '*' }]),
      await signedIn(center, 'wide-dev', [{ role: 'dev', cluster: '*' }]),
      await signedIn(center, 'wide-view', [{ role: 'admin-view', cluster: '*' }]),
      await signedIn(center, 'wide-own', [{ role: 'cluster-admin', cluster: '*' }]),
      await signedIn(center, 'wide-space', [{ role: 'admin', cluster: '*', namespaces: ['kube-system'] }]),
      await signedIn(center, 'wide-pool', [{ role: 'admin', cluster: '*', pools: ['osaka'] }]),
    ];
    const secrets = '/api/management/api/v1/namespaces/kube-system/secrets';
    for (const browser of wide) {
      expect((await browser.ask('GET', secrets)).status).toBe(403);
      const password = `${secrets}/user-password-root`;
      expect((await browser.ask('PATCH', password, { stringData: { hash: 'x' } }, merge)).status).toBe(403);
      const grantsPath = '/api/management/apis/center.skerry.io/v1/grants';
      expect((await browser.ask('POST', grantsPath, { metadata: { name: 'mine' } })).status).toBe(403);
    }
    expect((await admin.ask('GET', secrets)).status).toBe(200);
  });

  test('knows only clusters that something was granted in', async () => {
    const answer = await people['nobody']?.ask('GET', `${at}/version`);
    expect([answer?.status, answer?.body.message]).toEqual([
      404,
      'clusters.center.skerry.io "edge" not found',
    ]);
    const missing = await admin.ask('GET', '/api/clusters/none/kubernetes/version');
    expect([missing.status, missing.body.message]).toEqual([
      404,
      'clusters.center.skerry.io "none" not found',
    ]);
  });
});

describe('a grant', () => {
  const grants = () => center.management.resource<Grant>(peopleResources.grants);

  test('says where it could not be applied', async () => {
    const { status } = await grants().get('shopkeeper-0');
    expect(status?.clusters).toEqual([
      { name: 'edge', applied: false, message: 'there is no namespace nowhere' },
    ]);
  });

  test('leaves nothing when it goes', async () => {
    await signedIn(center, 'passing', [{ role: 'ops', pools: ['osaka'], namespaces: ['shop'] }]);
    const traces = async () => {
      const lists = await Promise.all(
        [clusterRoles, clusterBindings, roleBindings].map((each) =>
          center.cluster.resource(each).list({ labelSelector: 'center.skerry.io/grant=passing-0' }),
        ),
      );
      return lists
        .flatMap(({ items }) => items.map(({ metadata }) => metadata?.name ?? ''))
        .toSorted((left, right) => (left < right ? -1 : 1));
    };
    await eventually(async () =>
      expect(await traces()).toEqual([
        'skerry:grant:passing-0',
        'skerry:grant:passing-0:nodes',
        'skerry:grant:passing-0:nodes',
      ]),
    );
    await grants().delete('passing-0');
    await eventually(async () => expect(await traces()).toEqual([]));
  });

  test('is mended when somebody changes what it made', async () => {
    const bindings = center.cluster.resource<ClusterRoleBinding>(clusterBindings);
    const name = 'skerry:grant:a-dev-0';
    await bindings.patch(
      name,
      { subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mallory' }] },
      { type: 'merge' },
    );
    const extra: RoleBinding = {
      metadata: { name: 'extra', namespace: 'bank', labels: { [managedLabel]: 'true' } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [],
    };
    await center.cluster.resource<RoleBinding>(roleBindings).create(extra);
    const impersonator = center.cluster.resource<ClusterRole>(clusterRoles);
    await impersonator.patch(
      'skerry:people',
      { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
      { type: 'merge' },
    );
    await center.people.reconcileAccess();
    expect((await bindings.get(name)).subjects?.[0]?.name).toBe('skerry:a-dev');
    await expect(center.cluster.resource(roleBindings).get('extra', { namespace: 'bank' })).rejects.toThrow(
      'not found',
    );
    expect((await impersonator.get('skerry:people')).rules?.[0]?.verbs).toEqual(['impersonate']);
  });

  test('follows nodes as they come to its pools', async () => {
    await nodeOf('osaka-2', { 'apps.openyurt.io/nodepool': 'osaka' });
    await center.people.reconcileAccess();
    expect((await people['osaka-ops']?.ask('GET', `${at}/api/v1/nodes/osaka-2`))?.status).toBe(200);
  });

  test('that can not be made says why, and holds up no other', async () => {
    const spec = { subject: { kind: 'Group' as const, name: '開発 100%' }, role: 'dev', cluster: 'edge' };
    await expect(grants().create({ metadata: { name: 'x'.repeat(64) }, spec })).rejects.toThrow('at most 63');
    await grants().create({ metadata: { name: 'bad-role' }, spec: { ...spec, role: 'a/b' } });
    await grants().create({ metadata: { name: 'developers' }, spec });
    await eventually(async () => {
      expect((await grants().get('bad-role')).status?.clusters?.[0]).toMatchObject({ applied: false });
      expect((await grants().get('developers')).status?.clusters).toEqual([{ name: 'edge', applied: true }]);
    });
    await grants().delete('bad-role');
    const bound = await center.cluster
      .resource<ClusterRoleBinding>(clusterBindings)
      .get('skerry:grant:developers');
    expect(bound.subjects?.[0]?.name).toBe('skerry:%E9%96%8B%E7%99%BA 100%25');
    const password = await center.people.users.create('yuki', { groups: ['開発 100%'] });
    await eventually(async () => {
      const browser = center.browser();
      await browser.signIn('yuki', password).catch(() => browser.signIn('yuki', 'a new one of ikuy today'));
      expect((await browser.ask('GET', `${at}/api/v1/pods`)).status).toBe(200);
    });
  });

  test('of a role that is not there says so', async () => {
    const spec = { subject: { kind: 'Group' as const, name: 'painters' }, role: 'painting', cluster: 'edge' };
    await grants().create({ metadata: { name: 'painters' }, spec });
    const applied = async () => (await grants().get('painters')).status?.clusters?.[0];
    await eventually(async () => {
      expect(await applied()).toEqual({
        name: 'edge',
        applied: false,
        message: 'there is no ClusterRole painting in this cluster, so the grant gives nothing',
      });
    });
    await grants().delete('painters');
  });

  test("lets the center speak for the center's people alone", async () => {
    const role = await center.cluster.resource<ClusterRole>(clusterRoles).get('skerry:people');
    const names = role.rules?.flatMap(({ resourceNames }) => resourceNames ?? []) ?? [];
    expect(names).toContain('skerry:a-dev');
    expect(names.every((name) => name.startsWith('skerry:'))).toBe(true);
    expect(role.rules?.every(({ resourceNames }) => (resourceNames?.length ?? 0) > 0)).toBe(true);
  });
});

describe('can-i', () => {
  const ask = (browser: Browser | undefined, body: object) =>
    browser?.ask('POST', '/api/clusters/edge/can-i', body);
  const question = { verb: 'delete', group: 'apps', resource: 'deployments', namespace: 'shop' };

  test('says by which binding and role', async () => {
    const answer = await ask(people['shop-dev'], {
      questions: [question, { ...question, namespace: 'bank' }],
    });
    expect(answer?.body['answers']).toEqual([
      {
        allowed: true,
        why: expect.stringContaining(
          'RoleBinding "skerry:grant:shopkeeper-0/shop" of ClusterRole "skerry:dev"',
        ) as string,
      },
      { allowed: false, why: 'no role of theirs allows it' },
    ]);
  });

  test('about others is for who may impersonate them', async () => {
    expect((await ask(people['ops'], { user: 'a-dev', questions: [question] }))?.status).toBe(403);
    const answer = await ask(admin, { user: 'a-restricted', questions: [question] });
    expect(answer?.body['answers']).toMatchObject([{ allowed: false }]);
  });
});

describe('the way to a cluster', () => {
  test.each<[string, [string, string, unknown?, Record<string, string | undefined>?], number]>([
    ['a watch', ['GET', '/api/v1/pods?watch=true'], 400],
    ['a watch by a flag without value', ['GET', '/api/v1/pods?watch'], 400],
    ['a watch by an old path', ['GET', '/api/v1/watch/pods'], 404],
    ['a followed log', ['GET', '/api/v1/namespaces/shop/pods/x/log?follow=1'], 400],
    ['exec', ['POST', '/api/v1/namespaces/shop/pods/x/exec?command=sh'], 403],
    ['the proxy of a service', ['GET', '/api/v1/namespaces/shop/services/x/proxy/index.html'], 403],
    ['the proxy of a node', ['GET', '/api/v1/nodes/osaka-1/proxy/configz'], 403],
    ['a path of no API', ['GET', '/metrics'], 404],
    ['a path that climbs', ['GET', '/api/v1/../../metrics'], 400],
    ['a path that climbs in disguise', ['GET', '/api/v1/%2e%2e/secrets'], 400],
    ['a slash in disguise', ['GET', '/api/v1/namespaces/shop%2fsecrets'], 400],
    [
      'a form',
      [
        'POST',
        '/api/v1/namespaces/shop/configmaps',
        'a=b',
        { 'content-type': 'application/x-www-form-urlencoded' },
      ],
      415,
    ],
    [
      'a body of more than 3 MiB',
      ['POST', '/api/v1/namespaces/shop/configmaps', `"${'x'.repeat(3 << 20)}"`],
      413,
    ],
  ])('%s is not passed on', async (_what, [method, path, body, headers], status) => {
    expect((await admin.ask(method, at + path, body, headers)).status).toBe(status);
  });

  test.each([
    ['', '?limit=500'],
    ['limit=0', '?limit=500'],
    ['limit=100000', '?limit=500'],
    ['limit=x', '?limit=500'],
    ['limit=20&continue=abc', '?limit=20&continue=abc'],
  ])('gives lists of at most 500: %s', (asked, passed) => {
    const about = {
      method: 'GET',
      path: { group: '', resource: 'pods' },
      accept: 'application/json',
    } as const;
    expect(queryOf(new URLSearchParams(asked), about)).toBe(passed);
  });

  test('gives Tables, YAML and errors as the cluster does', async () => {
    const table = await admin.ask('GET', `${at}/api/v1/nodes`, undefined, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    expect(table.body['kind']).toBe('Table');
    const yaml = await admin.ask('GET', `${at}/api/v1/nodes/osaka-1`, undefined, {
      accept: 'application/yaml',
    });
    expect(yaml.text).toContain('name: osaka-1');
    const missing = await admin.ask('GET', `${at}/api/v1/nodes/none`);
    expect(missing.body).toMatchObject({ kind: 'Status', code: 404, message: 'nodes "none" not found' });
  });

  test('shows values of Secrets, and lets rights be changed, only after a fresh proof', async () => {
    const browser = await signedIn(center, 'tired', [{ role: 'admin' }]);
    const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    const dear: Parameters<Browser['ask']>[] = [
      ['GET', `${at}/api/v1/secrets`],
      ['GET', `${at}/api/v1/namespaces/shop/secrets/key`],
      ['GET', `${at}/api/v1/namespaces/shop/secrets/`],
      ['GET', `${at}/api/v1/secrets`, undefined, { accept: `${table.accept},application/json` }],
      ['PATCH', `${at}/api/v1/namespaces/shop/secrets/key`, {}, merge],
      ['POST', `${at}/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings`, {}],
      ['POST', `${at}/api/v1/namespaces/shop/serviceaccounts/default/token`, {}],
      ['DELETE', `${at}/api/v1/namespaces/bank`],
      ['DELETE', `${at}/api/v1/nodes/tokyo-1`],
      ['DELETE', `${at}/api/v1/namespaces/shop/pods`],
      ['POST', '/api/management/apis/center.skerry.io/v1/grants', {}],
      ['POST', '/api/clusters/edge/kubeconfig', {}],
    ];
    center.clock.shiftMs += 6 * 60_000;
    for (const asked of dear) {
      expect((await browser.ask(...asked)).body.reason, asked.slice(0, 2).join(' ')).toBe('StepUpRequired');
    }
    const listed = await browser.ask('GET', `${at}/api/v1/secrets?includeObject=Object`, undefined, table);
    expect(listed.status).toBe(200);
    expect(listed.text).toContain('"key"');
    expect(listed.text).not.toContain('v4lue');
    expect(listed.text).not.toContain(Buffer.from('v4lue').toString('base64'));
    expect((await browser.ask('DELETE', `${at}/api/v1/namespaces/shop/configmaps/settings`)).status).toBe(
      200,
    );
  });
});

test("a kubeconfig holds a certificate in the person's own name, for eight hours", async () => {
  const authority = await createCertificateAuthority({ commonName: 'ca', clock: systemClock });
  const requests = center.cluster.resource<
    KubeObject & {
      spec: { request: string; expirationSeconds: number };
      status?: { conditions?: { type: string }[]; certificate?: string };
    }
  >(resources.certificateSigningRequests);
  const browser = await signedIn(center, 'carrier', [{ role: 'dev' }]);
  const answering = browser.ask('POST', '/api/clusters/edge/kubeconfig', {});
  await eventually(async () => {
    const [request] = (await requests.list()).items;
    if (!request?.status?.conditions?.some(({ type }) => type === 'Approved'))
      throw new Error('not asked yet');
    const pem = Buffer.from(request.spec.request, 'base64').toString();
    expect(await parseCertificateRequest(pem)).toMatchObject({
      commonName: 'skerry:carrier',
      organizations: [],
    });
    expect(request.spec.expirationSeconds).toBe(8 * 3600);
    const certificate = await authority.signRequest(pem, { usages: ['client'] });
    await requests.update(
      { ...request, status: { ...request.status, certificate: Buffer.from(certificate).toString('base64') } },
      { subresource: 'status' },
    );
  });
  const answer = await answering;
  expect(answer.headers['content-disposition']).toBe('attachment; filename="edge.kubeconfig"');
  const data = /client-certificate-data: (\S+)/.exec(answer.text)?.[1] ?? '';
  expect(new X509Certificate(Buffer.from(data, 'base64')).subject).toBe('CN=skerry:carrier');
  expect((await requests.list()).items).toEqual([]);
});

describe('the audit log', () => {
  test('says who did what, from where and with what result, to who may see it', async () => {
    await people['restricted']?.ask('POST', `${at}/api/v1/namespaces/shop/configmaps`, configMap);
    const answer = await people['restricted']?.ask('GET', '/api/audit?limit=1');
    expect(answer?.body['entries']).toMatchObject([
      {
        user: 'a-restricted',
        sourceAddress: '127.0.0.1',
        action: 'POST configmaps',
        cluster: 'edge',
        object: 'configmaps/shop',
        result: 'refused',
        code: 403,
      },
    ]);
    expect(answer?.body['next']).toBeDefined();
    const all = await admin.ask('GET', '/api/audit?limit=200');
    const users = new Set((all.body['entries'] as { user: string }[]).map(({ user }) => user));
    expect(users.size).toBeGreaterThan(3);
    const own = await people['restricted']?.ask('GET', '/api/audit?user=root');
    expect(own?.body['entries']).not.toContainEqual(expect.objectContaining({ user: 'root' }));
  });

  test('goes on where the page before ended, and holds no secret', async () => {
    const seen: string[] = [];
    let before: unknown = '';
    do {
      const { body } = await admin.ask(
        'GET',
        `/api/audit?limit=50${typeof before === 'string' && before ? `&before=${before}` : ''}`,
      );
      const entries = body['entries'] as { id: string }[];
      seen.push(...entries.map(({ id }) => id));
      before = body['next'];
      expect(JSON.stringify(entries)).not.toMatch(/v4lue|a new one of|skerry_/);
    } while (before);
    expect(seen).toEqual([...new Set(seen)].sort().toReversed());
  });
});
