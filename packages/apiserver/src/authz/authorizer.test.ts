import type { AnyObject } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAuthorizer } from '#authz/authorizer.ts';
import { aggregateRoles } from '#authz/role-aggregation.ts';
import { bootstrapPolicy, mergedPolicy } from '#authz/bootstrap-policy.ts';
import { EscalationCheck } from '#authz/escalation.ts';
import { NodeAccess } from '#authz/node-access.ts';
import { PodGraph } from '#authz/pod-graph.ts';
import { RoleBasedAccess, rbacGroup } from '#authz/rbac.ts';
import type { AuthorizationAttributes, Authorizer } from '#security.ts';
import { ObjectTable, admissionContext } from '#testing/object-table.ts';

let table: ObjectTable;
let authorizer: Authorizer;
let escalation: EscalationCheck;
const rbacRef = (resource: string) => ({ group: rbacGroup, resource });
const core = (resource: string) => ({ group: '', resource });

beforeEach(() => {
  table = new ObjectTable();
  const rbac = new RoleBasedAccess(table.read);
  const nodes = new NodeAccess({ read: table.read, graph: new PodGraph(table.read) });
  authorizer = createAuthorizer({ rbac, nodes });
  escalation = new EscalationCheck({ rbac, authorizer });
});

/** `get pods/log.apps ns/name` by a user, or `get /path`. */
function question(user: string, text: string, more: Partial<AuthorizationAttributes> = {}) {
  const [name = '', ...groups] = user.split('+');
  const info = { name, groups: [...groups, 'system:authenticated'] };
  const [verb = '', target = '', where = ''] = text.split(' ');
  if (target.startsWith('/')) return { user: info, verb, path: target, ...more };
  const [full = '', ...group] = target.split('.');
  const [resource = '', subresource = ''] = full.split('/');
  const [namespace = '', object = ''] = where.split('/');
  const attributes = {
    user: info,
    verb,
    group: group.join('.'),
    resource,
    subresource,
    namespace,
    name: object,
  };
  return { ...attributes, ...more };
}

const allowed = async (user: string, text: string, more?: Partial<AuthorizationAttributes>) =>
  (await authorizer.authorize(question(user, text, more))).allowed;

function role(namespace: string, name: string, ...rules: object[]): void {
  const resource = namespace ? 'roles' : 'clusterroles';
  table.put(rbacRef(resource), { metadata: { name, ...(namespace ? { namespace } : {}) }, rules });
}

function bind(namespace: string, kind: 'Role' | 'ClusterRole', name: string, ...subjects: object[]): void {
  const resource = namespace ? 'rolebindings' : 'clusterrolebindings';
  const metadata = { name: `b-${name}`, ...(namespace ? { namespace } : {}) };
  table.put(rbacRef(resource), { metadata, roleRef: { kind, name, apiGroup: rbacGroup }, subjects });
}

const alice = { kind: 'User', name: 'alice' };

describe('the network of a pool', () => {
  const node = 'system:node:n1+system:nodes+skerry.io:pool:tokyo';
  const watches = (user: string, pool: string) =>
    allowed(user, 'watch poolnetworks.network.skerry.io', { fieldSelector: `metadata.name=${pool}` });

  test('is read by its nodes, from their first start on, and by no others', async () => {
    expect(await watches(node, 'tokyo')).toBe(true);
    expect(await watches(node, 'osaka')).toBe(false);
    expect(await watches('system:node:n2+system:nodes', 'tokyo')).toBe(false);
    expect(await allowed(node, 'watch poolnetworks.network.skerry.io')).toBe(false);
    expect(await allowed(node, 'update poolnetworks.network.skerry.io /tokyo')).toBe(false);
  });

  test('is that of the pool that the Node is in', async () => {
    table.put(core('nodes'), { metadata: { name: 'n1', labels: { 'apps.openyurt.io/nodepool': 'osaka' } } });
    expect(await watches(node, 'tokyo')).toBe(false);
    expect(await watches(node, 'osaka')).toBe(true);
  });
});

describe('roles', () => {
  test.each([
    ['get pods ns/p', true],
    ['get pods other/p', false],
    ['get pods', false],
    ['delete pods ns/p', false],
    ['get pods/log ns/p', false],
    ['get pods.metrics.k8s.io ns/p', false],
    ['get configmaps ns/one', true],
    ['get configmaps ns/two', false],
    ['list configmaps ns', false],
    ['update deployments/scale.apps ns/d', true],
    ['update deployments.apps ns/d', false],
    ['create widgets.example.com ns', true],
    ['create widgets/status.example.com ns', true],
  ])('of a namespace: %s is %s', async (text, expected) => {
    role(
      'ns',
      'r',
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['*'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['one'] },
      { verbs: ['update'], apiGroups: ['apps'], resources: ['*/scale'] },
      { verbs: ['*'], apiGroups: ['example.com'], resources: ['*'] },
    );
    bind('ns', 'Role', 'r', alice);
    expect(await allowed('alice', text)).toBe(expected);
    expect(await allowed('bob', text)).toBe(false);
  });

  test.each([
    ['get /healthz', true],
    ['get /metrics/cadvisor', true],
    ['get /metric', false],
    ['post /healthz', false],
    ['get nodes', true],
    ['get nodes ns', true],
  ])('of the cluster: %s is %s', async (text, expected) => {
    role(
      '',
      'r',
      { verbs: ['get'], nonResourceURLs: ['/healthz', '/metrics/*'] },
      { verbs: ['get'], apiGroups: [''], resources: ['nodes'] },
    );
    bind('', 'ClusterRole', 'r', { kind: 'Group', name: 'ops' });
    expect(await allowed('x+ops', text)).toBe(expected);
    expect(await allowed('x', text)).toBe(false);
  });

  test('reach a service account by its own kind of subject and by its groups', async () => {
    role('', 'r', { verbs: ['get'], apiGroups: [''], resources: ['pods'] });
    bind('ns', 'ClusterRole', 'r', { kind: 'ServiceAccount', name: 'sa' });
    expect(await allowed('system:serviceaccount:ns:sa', 'get pods ns/p')).toBe(true);
    expect(await allowed('system:serviceaccount:other:sa', 'get pods ns/p')).toBe(false);
  });

  test('are forgotten the moment a binding or a role goes or changes', async () => {
    role('ns', 'r', { verbs: ['get'], apiGroups: [''], resources: ['pods'] });
    bind('ns', 'Role', 'r', alice);
    expect(await allowed('alice', 'get pods ns/p')).toBe(true);
    role('ns', 'r', { verbs: ['get'], apiGroups: [''], resources: ['services'] });
    expect(await allowed('alice', 'get pods ns/p')).toBe(false);
    expect(await allowed('alice', 'get services ns/p')).toBe(true);
    table.remove(rbacRef('rolebindings'), 'b-r', 'ns');
    expect(await allowed('alice', 'get services ns/p')).toBe(false);
  });
});

describe('the default policy', () => {
  beforeEach(() => bootstrapPolicy(table, silentLogger));

  test.each([
    ['root+system:masters', 'delete nodes /n', true],
    ['u', 'get /api', true],
    ['u', 'get /apis/apps/v1', true],
    ['u', 'get /openapi/v3', true],
    ['u', 'create selfsubjectaccessreviews.authorization.k8s.io', true],
    ['u', 'list pods', false],
    ['system:anonymous+system:unauthenticated', 'get /livez', true],
    [
      'system:bootstrap:abcdef+system:bootstrappers',
      'create certificatesigningrequests.certificates.k8s.io',
      true,
    ],
    ['system:bootstrap:abcdef+system:bootstrappers', 'list nodes', false],
    ['system:bootstrap:abcdef+system:bootstrappers', 'get nodepools.apps.openyurt.io /p', true],
    ['system:kube-scheduler', 'create pods/binding ns/p', true],
    ['system:kube-scheduler', 'get secrets ns/s', false],
    ['system:kube-controller-manager', 'delete widgets.example.com ns/w', false],
    ['system:kube-controller-manager', 'create pods ns', false],
    ['system:kube-controller-manager', 'create clusterrolebindings.rbac.authorization.k8s.io', false],
  ])('%s may %s: %s', async (user, text, expected) => {
    expect(await allowed(user, text)).toBe(expected);
  });

  test('lets a stranger read cluster-info alone', async () => {
    const user = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
    const ask = async (text: string) => (await authorizer.authorize({ ...question('', text), user })).allowed;
    expect(await ask('get configmaps kube-public/cluster-info')).toBe(true);
    expect(await ask('get configmaps kube-public/other')).toBe(false);
    expect(await ask('list configmaps kube-public')).toBe(false);
    expect(await ask('get /version')).toBe(true);
    expect(await ask('get /api')).toBe(false);
  });

  test('gives view no secrets, edit no roles, admin both', async () => {
    await aggregateRoles(table);
    for (const name of ['view', 'edit', 'admin']) bind('ns', 'ClusterRole', name, { kind: 'User', name });
    const may = async (text: string) =>
      Promise.all(['view', 'edit', 'admin'].map(async (user) => allowed(user, text)));
    expect(await may('get pods/log ns/p')).toEqual([true, true, true]);
    expect(await may('get secrets ns/s')).toEqual([false, true, true]);
    expect(await may('create pods/exec ns/p')).toEqual([false, true, true]);
    expect(await may('create roles.rbac.authorization.k8s.io ns')).toEqual([false, false, true]);
    expect(await may('get pods other/p')).toEqual([false, false, false]);
  });

  test('gathers a role of somebody else into view, edit and admin', async () => {
    const rule = { verbs: ['get'], apiGroups: ['example.com'], resources: ['widgets'] };
    const labels = { [`${rbacGroup}/aggregate-to-view`]: 'true' };
    table.put(rbacRef('clusterroles'), { metadata: { name: 'widgets', labels }, rules: [rule] });
    for (let pass = 0; pass < 3; pass++) await aggregateRoles(table);
    for (const name of ['view', 'edit', 'admin']) {
      expect(table.read.get(rbacRef('clusterroles'), name)?.['rules']).toContainEqual(rule);
    }
  });

  test('comes back at the next start, unless its object says no', async () => {
    const ref = rbacRef('clusterroles');
    const strip = (name: string, autoupdate: string) => {
      const old = table.read.get(ref, name) as AnyObject;
      const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': autoupdate };
      table.put(ref, { ...old, metadata: { ...old.metadata, annotations }, rules: [] });
    };
    strip('system:discovery', 'true');
    strip('system:basic-user', 'false');
    await bootstrapPolicy(table, silentLogger);
    expect(table.read.get(ref, 'system:discovery')?.['rules']).not.toEqual([]);
    expect(table.read.get(ref, 'system:basic-user')?.['rules']).toEqual([]);
    const same = table.read.get(ref, 'system:discovery') as AnyObject;
    expect(mergedPolicy(same, same)).toBeUndefined();
  });
});

describe('a node', () => {
  const user = 'system:node:a+system:nodes';
  beforeEach(() => {
    table.put(core('pods'), {
      metadata: { name: 'p', namespace: 'ns' },
      spec: {
        nodeName: 'a',
        serviceAccountName: 'sa',
        imagePullSecrets: [{ name: 'pull' }],
        containers: [
          {
            name: 'c',
            env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } }],
            envFrom: [{ configMapRef: { name: 'all' } }],
          },
        ],
        volumes: [
          { name: 'v', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }] } },
          { name: 'claim', persistentVolumeClaim: { claimName: 'pvc' } },
          { name: 'scratch', ephemeral: {} },
        ],
      },
    });
    table.put(core('pods'), {
      metadata: { name: 'q', namespace: 'ns' },
      spec: { nodeName: 'b', containers: [], volumes: [{ name: 's', secret: { secretName: 'other' } }] },
    });
    table.put(core('persistentvolumes'), {
      metadata: { name: 'pv' },
      spec: { claimRef: { namespace: 'ns', name: 'pvc' } },
    });
    table.put(core('persistentvolumeclaims'), {
      metadata: { name: 'pvc', namespace: 'ns' },
      spec: { volumeName: 'pv' },
    });
    for (const node of ['a', 'b']) {
      const pullSecrets = [{ namespace: 'pulls', name: `of-${node}` }];
      table.put(
        { group: 'apps.kruise.io', resource: 'nodeimages' },
        { metadata: { name: node }, spec: { images: { 'r.io/x': { pullSecrets, tags: [] } } } },
      );
    }
  });

  test.each([
    ['get secrets ns/env', true],
    ['get secrets ns/pull', true],
    ['watch secrets ns/env', true],
    ['get secrets ns/other', false],
    ['get secrets elsewhere/env', false],
    ['list secrets ns', false],
    ['update secrets ns/env', false],
    ['get secrets pulls/of-a', true],
    ['get secrets pulls/of-b', false],
    ['get nodeimages.apps.kruise.io /a', true],
    ['get nodeimages.apps.kruise.io /b', false],
    ['list nodeimages.apps.kruise.io', false],
    ['update nodeimages.apps.kruise.io /a', false],
    ['update nodeimages/status.apps.kruise.io /a', true],
    ['update nodeimages/status.apps.kruise.io /b', false],
    ['get configmaps ns/all', true],
    ['get configmaps ns/kube-root-ca.crt', true],
    ['get configmaps ns/any', false],
    ['get configmaps kube-system/kube-dns', true],
    ['get configmaps kube-system/other', false],
    ['get persistentvolumeclaims ns/pvc', true],
    ['get persistentvolumeclaims ns/p-scratch', true],
    ['get persistentvolumes /pv', true],
    ['get persistentvolumes /pw', false],
    ['create serviceaccounts/token ns/sa', true],
    ['create serviceaccounts/token ns/default', false],
    ['get nodes /a', true],
    ['get nodes /b', false],
    ['list nodes', false],
    ['create nodes', true],
    ['patch nodes/status /a', true],
    ['delete nodes /a', false],
    ['get pods ns/p', true],
    ['get pods ns/q', false],
    ['list pods', false],
    ['patch pods/status ns/p', true],
    ['create pods/eviction ns/p', true],
    ['update leases.coordination.k8s.io kube-node-lease/a', true],
    ['update leases.coordination.k8s.io kube-node-lease/b', false],
    ['update leases.coordination.k8s.io kube-system/a', false],
    ['list watch', false],
    ['watch services', true],
    ['create events ns', true],
    ['create certificatesigningrequests.certificates.k8s.io', true],
    ['get /metrics', false],
  ])('%s: %s', async (text, expected) => {
    expect(await allowed(user, text)).toBe(expected);
  });

  test('lists and watches its own pods and itself by field selector', async () => {
    const cases: [string, string, boolean][] = [
      ['list pods', 'spec.nodeName=a', true],
      ['watch pods', 'spec.nodeName==a,status.phase!=Failed', true],
      ['list pods', 'spec.nodeName=b', false],
      ['list pods', 'spec.nodeName!=a', false],
      ['list pods', ',,=', false],
      ['watch nodes', 'metadata.name=a', true],
      ['watch nodes', 'metadata.name=b', false],
      ['watch nodeimages.apps.kruise.io', 'metadata.name=a', true],
      ['watch nodeimages.apps.kruise.io', 'metadata.name=b', false],
      ['watch secrets ns', 'metadata.name=env', true],
    ];
    for (const [text, fieldSelector, expected] of cases) {
      expect(await allowed(user, text, { fieldSelector }), fieldSelector).toBe(expected);
    }
  });

  test('loses what a pod referred to when the pod goes or moves', async () => {
    expect(await allowed(user, 'get secrets ns/env')).toBe(true);
    table.remove(core('pods'), 'p', 'ns');
    expect(await allowed(user, 'get secrets ns/env')).toBe(false);
    table.put(core('pods'), {
      metadata: { name: 'late', namespace: 'ns' },
      spec: { nodeName: 'a', containers: [], volumes: [{ name: 's', secret: { secretName: 'late' } }] },
    });
    expect(await allowed(user, 'get secrets ns/late')).toBe(true);
  });

  test('without the group of nodes is an ordinary user', async () => {
    expect(await allowed('system:node:a', 'get secrets ns/env')).toBe(false);
  });

  test('is told why', async () => {
    const decision = await authorizer.authorize(question(user, 'get secrets ns/other'));
    expect(decision.reason).toBe(`no relationship found between node 'a' and this object`);
  });
});

describe('granting', () => {
  const write = (kind: string, object: AnyObject, oldObject?: AnyObject, user = 'alice') =>
    escalation.check(
      admissionContext({
        ...(oldObject && { operation: 'UPDATE', oldObject }),
        kind: {
          group: rbacGroup,
          kind,
          resource: `${kind.toLowerCase()}s`,
          namespaced: !kind.startsWith('Cluster'),
        },
        object,
        user: { name: user, groups: ['system:authenticated'] },
      }),
    );
  const get = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  const remove = { verbs: ['delete', 'get'], apiGroups: [''], resources: ['pods'] };
  const newRole = (rule: object, name = 'new') => ({ metadata: { name, namespace: 'ns' }, rules: [rule] });

  beforeEach(() => {
    role('ns', 'holder', get);
    bind('ns', 'Role', 'holder', alice);
  });

  test('what one holds is allowed, more is refused with the missing rules', async () => {
    await write('Role', newRole(get));
    await write('Role', newRole({ ...get, resourceNames: ['p'] }));
    await expect(write('Role', newRole(remove))).rejects.toThrow(
      'roles.rbac.authorization.k8s.io "new" is forbidden: user "alice" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
    );
    await expect(write('Role', newRole({ ...get, resources: ['*'] }))).rejects.toThrow('Resources:["*"]');
    await expect(write('ClusterRole', { metadata: { name: 'c' }, rules: [get] })).rejects.toThrow(
      'forbidden',
    );
  });

  test('a binding to a role one does not hold takes the verb bind', async () => {
    role('ns', 'big', remove);
    const roleRef = { apiGroup: rbacGroup, kind: 'Role', name: 'big' };
    const object = { metadata: { name: 'b', namespace: 'ns' }, roleRef, subjects: [alice] };
    await expect(write('RoleBinding', object)).rejects.toThrow('not currently held');
    role('ns', 'holder', get, {
      verbs: ['bind'],
      apiGroups: [rbacGroup],
      resources: ['roles'],
      resourceNames: ['big'],
    });
    await write('RoleBinding', object);
    const missing = { ...object, roleRef: { ...roleRef, name: 'none' } };
    await expect(write('RoleBinding', missing)).rejects.toMatchObject({ code: 404 });
  });

  test('an aggregated role takes all rights there are', async () => {
    await expect(
      write('ClusterRole', { metadata: { name: 'c' }, aggregationRule: { clusterRoleSelectors: [] } }),
    ).resolves.toBeUndefined();
    const aggregated = {
      metadata: { name: 'c' },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
    };
    const why =
      'clusterroles.rbac.authorization.k8s.io "c" is forbidden: must have cluster-admin privileges to use the aggregationRule';
    await expect(write('ClusterRole', aggregated)).rejects.toThrow(why);
    await expect(write('ClusterRole', { metadata: { name: 'c' } }, aggregated)).rejects.toThrow(why);
  });

  test('the labels of a role are as dear as its rules, its owners are free', async () => {
    const big = newRole(remove, 'big');
    const labelled = { ...big, metadata: { ...big.metadata, labels: { a: 'b' } } };
    await expect(write('Role', labelled, big)).rejects.toThrow('not currently held');
    const owned = { ...big, metadata: { ...big.metadata, finalizers: ['x/y'] } };
    await write('Role', owned, big);
  });

  test('the right to escalate roles by name is none to make them', async () => {
    role('ns', 'holder', {
      verbs: ['escalate'],
      apiGroups: [rbacGroup],
      resources: ['roles'],
      resourceNames: ['new'],
    });
    await expect(write('Role', newRole(remove))).rejects.toThrow(
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "get"]}',
    );
    await write('Role', newRole(remove), newRole(get));
  });
});
