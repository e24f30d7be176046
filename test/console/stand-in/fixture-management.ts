/** The management API of the fixture: its kinds, without their rules, and a few objects. */
import { startTestServer } from '../../../packages/apiserver/src/testing/start-test-server.ts';
import type { FixtureCluster } from './fixture-cluster.ts';

const kinds = {
  Cluster: 'clusters',
  User: 'users',
  Grant: 'grants',
  Owner: 'owners',
  IdentityProvider: 'identityproviders',
  Component: 'components',
} as const;

export async function startFixtureManagement(): Promise<FixtureCluster> {
  const server = await startTestServer();
  const post = async (path: string, body: object): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      const response = await fetch(`${server.url}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (response.ok) return;
      if (response.status !== 404 || attempt > 200) throw new Error(`${path}: ${await response.text()}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  for (const [kind, plural] of Object.entries(kinds)) {
    await post('apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition(kind, plural));
  }
  const make = (plural: string, name: string, spec: object, more: object = {}): Promise<void> =>
    post(`apis/center.skerry.io/v1/${plural}`, {
      apiVersion: 'center.skerry.io/v1',
      kind: Object.entries(kinds).find(([, value]) => value === plural)?.[0],
      metadata: { name },
      spec,
      ...more,
    });
  await make(
    'clusters',
    'edge',
    { type: 'hosted', region: 'beijing', deletionProtection: true },
    {
      status: { phase: 'Running', version: 'v1.36.3+skerry.1', endpoint: 'https://center.example.com:6443' },
    },
  );
  await make(
    'users',
    'admin',
    { displayName: 'Ada Admin', groups: ['operators'] },
    { status: { lastSignIn: new Date(Date.now() - 12 * 60_000).toISOString() } },
  );
  await make('users', 'dev', { displayName: 'Devi Developer', groups: ['shop'] });
  const applied = { status: { clusters: [{ name: 'edge', applied: true }] } };
  await make(
    'grants',
    'admin-all',
    { subject: { kind: 'User', name: 'admin' }, role: 'admin', cluster: '*' },
    applied,
  );
  await make(
    'grants',
    'shop-dev',
    { subject: { kind: 'Group', name: 'shop' }, role: 'dev', cluster: 'edge', namespaces: ['shop'] },
    applied,
  );
  await make('owners', 'retail', {
    displayName: 'Retail',
    contact: 'retail@example.com',
    members: [{ kind: 'Group', name: 'shop' }],
  });
  await make('identityproviders', 'corp', {
    title: 'Company account',
    issuer: 'https://login.example.com',
    clientId: 'skerry',
    allowedGroups: ['staff'],
  });
  return { url: server.url, close: () => server.close() };
}

function definition(kind: string, plural: string): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.center.skerry.io` },
    spec: {
      group: 'center.skerry.io',
      scope: 'Cluster',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
}
