import type { AnyObject, Node, Pod, Volume } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { createCertificateRequest, generatePrivateKey } from '@skerry/pki';
import { beforeEach, describe, expect, test } from 'vitest';
import { certificateRequests } from '#admission/certificate-request.ts';
import { defaultTolerations } from '#admission/default-tolerations.ts';
import { namespaceLifecycle } from '#admission/namespace-lifecycle.ts';
import { newNodeTaint } from '#admission/new-node-taint.ts';
import { nodeOwner } from '#admission/node-owner.ts';
import { nodePool } from '#admission/node-pool.ts';
import { nodeRestriction } from '#admission/node-restriction.ts';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import { Reinvocation } from '#admission/reinvocation.ts';
import { podTopologyLabels } from '#admission/pod-topology-labels.ts';
import { priority, systemPriorityClasses } from '#admission/priority.ts';
import { serviceAccountAdmission } from '#admission/service-account.ts';
import type { AdmissionContext, Authorizer } from '#security.ts';
import { ObjectTable, admissionContext } from '#testing/object-table.ts';

const core = (resource: string) => ({ group: '', resource });
const nodeKind = { kind: 'Node', resource: 'nodes', namespaced: false };
const nodeUser = { name: 'system:node:a', groups: ['system:nodes'] };

let table: ObjectTable;
let clock: FakeClock;

beforeEach(() => {
  table = new ObjectTable();
  clock = new FakeClock();
});

/** Runs a plugin as the chain would and gives back the object. */
async function admit<T = AnyObject>(plugin: AdmissionPlugin, ctx: AdmissionContext): Promise<T> {
  await plugin.mutate?.(ctx, new Reinvocation());
  await plugin.validate?.(ctx);
  return ctx.object as T;
}

function pod(spec: Partial<Pod['spec']> = {}, metadata: Pod['metadata'] = {}): AnyObject {
  return {
    metadata: { name: 'p', namespace: 'ns', ...metadata },
    spec: { containers: [{ name: 'c' }], ...spec },
  };
}

describe('namespaces', () => {
  const put = (extra: AnyObject = {}) =>
    table.put(core('namespaces'), { metadata: { name: 'ns' }, ...extra });
  const plugin = () => namespaceLifecycle({ read: table.read, clock });

  test('that are missing take no objects', async () => {
    const answer = expect(admit(plugin(), admissionContext({ object: pod() }))).rejects.toMatchObject({
      code: 404,
      message: 'namespaces "ns" not found',
    });
    await clock.advance(1_000);
    await answer;
  });

  test('that the cache learns of a moment later take objects', async () => {
    const answer = admit(plugin(), admissionContext({ object: pod() }));
    await clock.advance(20);
    put();
    await clock.advance(20);
    await answer;
  });

  test('that are terminating take no new objects, and updates go on', async () => {
    put({ status: { phase: 'Terminating' } });
    await expect(admit(plugin(), admissionContext({ object: pod() }))).rejects.toMatchObject({
      code: 403,
      message:
        'pods "p" is forbidden: unable to create new content in namespace ns because it is being terminated',
      status: { details: { causes: [{ reason: 'NamespaceTerminating' }] } },
    });
    await admit(plugin(), admissionContext({ operation: 'UPDATE', object: pod(), oldObject: pod() }));
  });

  test.each([
    ['default', true],
    ['kube-system', true],
    ['kube-public', true],
    ['mine', false],
  ])('%s can not be deleted: %s', async (name, refused) => {
    const kind = { kind: 'Namespace', resource: 'namespaces', namespaced: false };
    const answer = admit(plugin(), admissionContext({ operation: 'DELETE', kind, name }));
    if (refused) await expect(answer).rejects.toThrow('this namespace may not be deleted');
    else await answer;
  });
});

describe('the service account of a pod', () => {
  const plugin = () => serviceAccountAdmission({ read: table.read, clock, random: () => 0 });
  const path = '/var/run/secrets/kubernetes.io/serviceaccount';

  beforeEach(() => {
    table.put(core('serviceaccounts'), {
      metadata: { name: 'default', namespace: 'ns' },
      imagePullSecrets: [{ name: 'pull' }],
    });
  });

  test('is the default one, with a token in every container and its pull secrets', async () => {
    const object = pod({ initContainers: [{ name: 'i' }] });
    const { spec } = await admit<Pod>(plugin(), admissionContext({ object }));
    expect(spec).toMatchObject({
      serviceAccountName: 'default',
      serviceAccount: 'default',
      imagePullSecrets: [{ name: 'pull' }],
      volumes: [
        {
          name: 'kube-api-access-bbbbb',
          projected: {
            defaultMode: 420,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
              { downwardAPI: { items: [{ path: 'namespace' }] } },
            ],
          },
        },
      ],
    });
    const mount = { name: 'kube-api-access-bbbbb', readOnly: true, mountPath: path };
    expect(spec?.containers[0]?.volumeMounts).toEqual([mount]);
    expect(spec?.initContainers?.[0]?.volumeMounts).toEqual([mount]);
  });

  test('leaves a container its own mount at that path, and a pod without automount alone', async () => {
    const own = { name: 'own', mountPath: path };
    const mounted = pod({ containers: [{ name: 'c', volumeMounts: [own] }] });
    expect((await admit<Pod>(plugin(), admissionContext({ object: mounted }))).spec?.volumes).toBeUndefined();
    const without = pod({ automountServiceAccountToken: false });
    expect((await admit<Pod>(plugin(), admissionContext({ object: without }))).spec?.volumes).toBeUndefined();
  });

  test('must exist', async () => {
    const object = pod({ serviceAccountName: 'none' });
    const answer = expect(admit(plugin(), admissionContext({ object }))).rejects.toThrow(
      'pods "p" is forbidden: error looking up service account ns/none: serviceaccount "none" not found',
    );
    await clock.advance(5_000);
    await answer;
  });

  test('is not for mirror pods', async () => {
    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    const plain = pod({}, { annotations });
    expect(
      (await admit<Pod>(plugin(), admissionContext({ object: plain }))).spec?.serviceAccountName,
    ).toBeUndefined();
    const object = pod({ volumes: [{ name: 's', secret: { secretName: 's' } }] }, { annotations });
    await expect(admit(plugin(), admissionContext({ object }))).rejects.toThrow('may not reference secrets');
  });
});

describe('tolerations', () => {
  const keys = async (tolerations: NonNullable<Pod['spec']>['tolerations']) => {
    const { spec } = await admit<Pod>(defaultTolerations, admissionContext({ object: pod({ tolerations }) }));
    return (spec?.tolerations ?? []).map(({ key, tolerationSeconds }) => [key, tolerationSeconds]);
  };
  const notReady = 'node.kubernetes.io/not-ready';
  const unreachable = 'node.kubernetes.io/unreachable';

  test('of 300 seconds are added for what a pod does not tolerate itself', async () => {
    expect(await keys(undefined)).toEqual([
      [notReady, 300],
      [unreachable, 300],
    ]);
    expect(await keys([{ key: notReady, operator: 'Exists', effect: 'NoSchedule' }])).toHaveLength(3);
    expect(await keys([{ key: notReady, operator: 'Exists', tolerationSeconds: 5 }])).toEqual([
      [notReady, 5],
      [unreachable, 300],
    ]);
    expect(await keys([{ operator: 'Exists' }])).toHaveLength(1);
  });
});

test.each([
  ['made', '', pod({ nodeName: 'a' })],
  ['bound', 'binding', { metadata: { name: 'p' }, target: { name: 'a' } } as AnyObject],
])('a pod that is %s on a node carries its region and zone', async (_, subresource, object) => {
  const labels = {
    'topology.kubernetes.io/region': 'r',
    'topology.kubernetes.io/zone': 'z',
    'kubernetes.io/hostname': 'a',
  };
  table.put(core('nodes'), { metadata: { name: 'a', labels } });
  const claimed = {
    ...object,
    metadata: { ...object.metadata, labels: { 'topology.kubernetes.io/zone': 'mine', app: 'web' } },
  };
  const plugin = podTopologyLabels({ read: table.read });
  const { metadata } = await admit<Pod>(plugin, {
    ...admissionContext({ object: claimed as never }),
    subresource,
  });
  expect(metadata.labels).toEqual({
    'topology.kubernetes.io/region': 'r',
    'topology.kubernetes.io/zone': 'z',
    app: 'web',
  });
});

describe('priority', () => {
  const ref = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };
  const plugin = () => priority({ read: table.read });
  beforeEach(() => {
    for (const each of systemPriorityClasses) table.put(ref, each);
    table.put(ref, { metadata: { name: 'high' }, value: 7, preemptionPolicy: 'Never' });
  });

  test.each([
    [{}, { priority: 0, preemptionPolicy: 'PreemptLowerPriority' }],
    [{ priorityClassName: 'high' }, { priority: 7, preemptionPolicy: 'Never' }],
    [{ priorityClassName: 'system-node-critical' }, { priority: 2_000_001_000 }],
  ])('of %j becomes %j', async (spec, expected) => {
    expect((await admit<Pod>(plugin(), admissionContext({ object: pod(spec) }))).spec).toMatchObject(
      expected,
    );
  });

  test.each([
    [{ priorityClassName: 'none' }, 'no PriorityClass with name none was found'],
    [{ priorityClassName: 'high', priority: 8 }, 'the integer value of priority (8) must not be provided'],
  ])('of %j is refused: %s', async (spec, why) => {
    await expect(admit(plugin(), admissionContext({ object: pod(spec) }))).rejects.toThrow(why);
  });

  test('comes from the default class, of which there is one', async () => {
    table.put(ref, { metadata: { name: 'usual' }, value: 3, globalDefault: true });
    const { spec } = await admit<Pod>(plugin(), admissionContext({ object: pod() }));
    expect(spec).toMatchObject({ priority: 3, priorityClassName: 'usual' });
    const kind = { group: ref.group, kind: 'PriorityClass', resource: ref.resource, namespaced: false };
    const object = { metadata: { name: 'second' }, value: 4, globalDefault: true };
    await expect(admit(plugin(), admissionContext({ kind, object }))).rejects.toThrow(
      'PriorityClass usual is already marked as default',
    );
  });
});

describe('nodes and pools', () => {
  const label = 'apps.openyurt.io/nodepool';
  const node = (labels: Record<string, string>, name = 'a'): AnyObject => ({ metadata: { name, labels } });
  const plugin = () => nodePool({ read: table.read });
  const poolKind = { group: 'apps.openyurt.io', kind: 'NodePool', resource: 'nodepools', namespaced: false };

  test('a new node begins with the not-ready taint, once', async () => {
    const once = await admit<Node>(newNodeTaint, admissionContext({ kind: nodeKind, object: node({}) }));
    expect(once.spec?.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
    const object = once as unknown as AnyObject;
    const twice = await admit<Node>(newNodeTaint, admissionContext({ kind: nodeKind, object }));
    expect(twice.spec?.taints).toHaveLength(1);
  });

  test('a pool label may be set, and then neither changed nor removed', async () => {
    const update = (from: Record<string, string>, to: Record<string, string>) =>
      admit(
        plugin(),
        admissionContext({ operation: 'UPDATE', kind: nodeKind, oldObject: node(from), object: node(to) }),
      );
    await update({}, { [label]: 'x' });
    await update({ [label]: 'x' }, { [label]: 'x', other: 'y' });
    await expect(update({ [label]: 'x' }, { [label]: 'y' })).rejects.toThrow(`can't be changed to "y"`);
    await expect(update({ [label]: 'x' }, {})).rejects.toThrow(`can't be removed`);
  });

  test('the vendor label is an alias', async () => {
    const object = node({ 'alibabacloud.com/nodepool-id': 'x' });
    const admitted = await admit(plugin(), admissionContext({ kind: nodeKind, object }));
    expect(admitted.metadata?.labels?.[label]).toBe('x');
  });

  test('a node is in the pool that its certificate names', async () => {
    const user = { ...nodeUser, groups: ['system:nodes', 'skerry.io:pool:x'] };
    const object = node({});
    const admitted = await admit(plugin(), admissionContext({ kind: nodeKind, object, user }));
    expect(admitted.metadata?.labels?.[label]).toBe('x');
    const strange = admissionContext({ kind: nodeKind, object: node({ [label]: 'y' }), user });
    await expect(admit(plugin(), strange)).rejects.toThrow(`admitted to pool "x" and can't be in pool "y"`);
  });

  test('a node is whose its certificate says, and says nothing else of itself', async () => {
    const owner = 'skerry.io/owner';
    const user = { ...nodeUser, groups: ['system:nodes', 'skerry.io:owner:retail'] };
    const admitted = await admit(nodeOwner, admissionContext({ kind: nodeKind, object: node({}), user }));
    expect(admitted.metadata?.labels?.[owner]).toBe('retail');
    const object = node({ [owner]: 'bank' });
    const update = (by: typeof user) =>
      admit(
        nodeOwner,
        admissionContext({ operation: 'UPDATE', kind: nodeKind, oldObject: node({}), object, user: by }),
      );
    await expect(admit(nodeOwner, admissionContext({ kind: nodeKind, object, user }))).rejects.toThrow(
      'whose it is',
    );
    await expect(update({ ...user, groups: ['system:nodes'] })).rejects.toThrow('whose it is');
    await update({ ...user, name: 'kubernetes-admin', groups: [] });
  });

  test('a pool with nodes stays', async () => {
    const remove = () =>
      admit(plugin(), admissionContext({ operation: 'DELETE', kind: poolKind, name: 'x' }));
    await remove();
    table.put(core('nodes'), node({ [label]: 'x' }, 'a'));
    table.put(core('nodes'), node({ [label]: 'x' }, 'b'));
    await expect(remove()).rejects.toThrow('the pool still has 2 nodes');
  });
});

describe('a node writes', () => {
  /** Rights that a cluster's owner gave to nodes. */
  let granted: readonly string[] = [];
  const authorizer: Authorizer = {
    authorize: ({ verb, resource, name }) =>
      Promise.resolve({ allowed: granted.includes(`${verb} ${resource}/${name}`), reason: '' }),
  };
  const plugin = () => nodeRestriction({ read: table.read, authorizer });
  const node = (name: string, extra: Partial<Node> = {}): AnyObject => ({
    ...extra,
    metadata: { name, ...extra.metadata },
  });
  const asNode = (of: Parameters<typeof admissionContext>[0]) =>
    admit(plugin(), admissionContext({ user: nodeUser, ...of }));
  const update = (oldObject: AnyObject, object: AnyObject) =>
    asNode({ operation: 'UPDATE', kind: nodeKind, oldObject, object });
  const labelled = (labels: Record<string, string>) => node('a', { metadata: { labels } });

  test('itself and no other node', async () => {
    await asNode({ kind: nodeKind, object: node('a') });
    await expect(asNode({ kind: nodeKind, object: node('b') })).rejects.toThrow(
      'node "a" is not allowed to modify node "b"',
    );
    await expect(update(node('b'), node('b'))).rejects.toThrow('not allowed to modify node "b"');
  });

  test.each([
    ['kubernetes.io/hostname', true],
    ['topology.kubernetes.io/region', true],
    ['node.kubernetes.io/any', true],
    ['apps.openyurt.io/nodepool', true],
    ['example.com/any', true],
    ['node-role.kubernetes.io/control-plane', false],
    ['node-restriction.kubernetes.io/x', false],
    ['sub.node-restriction.kubernetes.io/x', false],
  ])('label %s on itself: %s', async (key, accepted) => {
    const create = asNode({ kind: nodeKind, object: labelled({ [key]: 'v' }) });
    if (accepted) await create;
    else await expect(create).rejects.toThrow(`not allowed to set the following labels: ${key}`);
    const change = update(labelled({}), labelled({ [key]: 'v' }));
    if (accepted) await change;
    else await expect(change).rejects.toThrow(`not allowed to modify labels: ${key}`);
  });

  test('no taints of itself after it was made', async () => {
    const tainted = node('a', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } });
    await asNode({ kind: nodeKind, object: tainted });
    await expect(update(tainted, node('a'))).rejects.toThrow('not allowed to modify taints');
  });

  test('mirror pods on itself only', async () => {
    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    await asNode({ object: pod({ nodeName: 'a' }, { annotations }) });
    await expect(asNode({ object: pod({ nodeName: 'a' }) })).rejects.toThrow('can only create mirror pods');
    await expect(asNode({ object: pod({ nodeName: 'b' }, { annotations }) })).rejects.toThrow(
      'spec.nodeName set to itself',
    );
  });

  const fromSecret = { name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } };
  test.each<[string, NonNullable<Pod['spec']>]>([
    ['secrets', { containers: [{ name: 'c', env: [fromSecret] }] }],
    ['secrets', { containers: [{ name: 'c', envFrom: [{ secretRef: { name: 's' } }] }] }],
    ['secrets', { containers: [], imagePullSecrets: [{ name: 's' }] }],
    ['configmaps', { containers: [], volumes: [{ name: 'v', configMap: { name: 'm' } }] }],
    [
      'persistentvolumeclaims',
      { containers: [], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'p' } }] },
    ],
    ['serviceaccounts', { containers: [], serviceAccountName: 'default' }],
  ])('no mirror pods that refer to %s, which it could read then', async (resource, spec) => {
    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    const object = pod({ nodeName: 'a', ...spec }, { annotations });
    await expect(asNode({ object })).rejects.toThrow(`can not create pods that reference ${resource}`);
  });

  test('no claim that the scheduler did not give to its pod', async () => {
    const claimed = {
      ...pod({ nodeName: 'a' }),
      status: { resourceClaimStatuses: [{ name: 'c', resourceClaimName: 'x' }] },
    };
    await expect(
      asNode({
        operation: 'UPDATE',
        subresource: 'status',
        oldObject: pod({ nodeName: 'a' }),
        object: claimed,
      }),
    ).rejects.toThrow('cannot update resource claim statuses');
  });

  test('status of its own pods only, and deletes those only', async () => {
    const status = (nodeName: string) =>
      asNode({
        operation: 'UPDATE',
        subresource: 'status',
        oldObject: pod({ nodeName }),
        object: pod({ nodeName }),
      });
    await status('a');
    await expect(status('b')).rejects.toThrow('can only update pod status');
    await asNode({ operation: 'DELETE', oldObject: pod({ nodeName: 'a' }) });
    await expect(asNode({ operation: 'DELETE', oldObject: pod({ nodeName: 'b' }) })).rejects.toThrow(
      'can only delete pods',
    );
  });

  test('tokens bound to its own pods only', async () => {
    const mounts = {
      volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }],
    };
    table.put(core('pods'), pod({ nodeName: 'a', ...mounts }, { name: 'mine', uid: '1' }));
    table.put(core('pods'), pod({ nodeName: 'b', ...mounts }, { name: 'theirs', uid: '2' }));
    const request = (boundObjectRef?: object) =>
      asNode({
        kind: { kind: 'ServiceAccount', resource: 'serviceaccounts' },
        subresource: 'token',
        namespace: 'ns',
        name: 'sa',
        object: { spec: { boundObjectRef } },
      });
    await request({ kind: 'Pod', name: 'mine', uid: '1' });
    const cases: [object | undefined, string][] = [
      [undefined, 'not bound to a pod'],
      [{ kind: 'Secret', name: 's', uid: '1' }, 'not bound to a pod'],
      [{ kind: 'Pod', name: 'mine' }, 'without a uid'],
      [{ kind: 'Pod', name: 'mine', uid: '3' }, 'does not match the UID'],
      [{ kind: 'Pod', name: 'theirs', uid: '2' }, 'scheduled on a different node'],
    ];
    for (const [bound, why] of cases) await expect(request(bound)).rejects.toThrow(why);
  });

  test('tokens for whom its pods mount them, or whom it may ask for', async () => {
    const claim = { volumeName: 'pv' };
    const volumes: Volume[] = [
      { name: 'a', projected: { sources: [{ serviceAccountToken: { path: 't', audience: 'vault' } }] } },
      { name: 'b', csi: { driver: 'inline.example.com' } },
      { name: 'c', persistentVolumeClaim: { claimName: 'data' } },
    ];
    table.put(core('pods'), pod({ nodeName: 'a', volumes }, { name: 'p', uid: '1' }));
    table.put(core('persistentvolumeclaims'), { metadata: { name: 'data', namespace: 'ns' }, spec: claim });
    table.put(core('persistentvolumes'), {
      metadata: { name: 'pv' },
      spec: { csi: { driver: 'disk.example.com', volumeHandle: 'h' } },
    });
    for (const name of ['inline', 'disk']) {
      table.put(
        { group: 'storage.k8s.io', resource: 'csidrivers' },
        { metadata: { name: `${name}.example.com` }, spec: { tokenRequests: [{ audience: `for-${name}` }] } },
      );
    }
    const request = (...audiences: string[]) =>
      asNode({
        kind: { kind: 'ServiceAccount', resource: 'serviceaccounts' },
        subresource: 'token',
        namespace: 'ns',
        name: 'sa',
        object: { spec: { audiences, boundObjectRef: { kind: 'Pod', name: 'p', uid: '1' } } },
      });
    for (const audience of ['vault', 'for-inline', 'for-disk']) await request(audience);
    await expect(request()).rejects.toThrow(
      'audience "" not found in pod spec volume, system:node:a is not authorized to request tokens for this audience',
    );
    await expect(request('other')).rejects.toThrow('audience "other" not found in pod spec volume');
    await expect(request('vault', 'other')).rejects.toThrow('node may only request 0 or 1 audiences');
    granted = ['request-serviceaccounts-token-audience other/sa'];
    await request('other');
    granted = [];
  });

  test('its own Lease only', async () => {
    const kind = { group: 'coordination.k8s.io', kind: 'Lease', resource: 'leases' };
    const lease = (name: string, namespace: string) =>
      asNode({ kind, object: { metadata: { name, namespace } } });
    await lease('a', 'kube-node-lease');
    await expect(lease('b', 'kube-node-lease')).rejects.toThrow('same name as the requesting node');
    await expect(lease('a', 'default')).rejects.toThrow('kube-node-lease');
  });
});

describe('certificate requests', () => {
  const kind = {
    group: 'certificates.k8s.io',
    kind: 'CertificateSigningRequest',
    resource: 'certificatesigningrequests',
    namespaced: false,
  };
  const deny: Authorizer = { authorize: () => Promise.resolve({ allowed: false, reason: '' }) };
  const allowDomain: Authorizer = {
    authorize: ({ verb, name }) =>
      Promise.resolve({ allowed: verb === 'approve' && name === 'kubernetes.io/*', reason: '' }),
  };
  const request = (spec: AnyObject): AnyObject => ({ metadata: { name: 'r' }, spec });

  test('say who asked, whatever their body says', async () => {
    const object = request({
      request: '',
      signerName: 'x/y',
      username: 'admin',
      groups: ['system:masters'],
      uid: 'z',
    });
    const user = { name: 'u', groups: ['g'], extra: { 'skerry.io/pool': ['p'] } };
    const admitted = await admit(
      certificateRequests({ read: table.read, authorizer: deny }),
      admissionContext({ kind, object, user }),
    );
    expect(admitted['spec']).toEqual({
      request: '',
      signerName: 'x/y',
      username: 'u',
      groups: ['g'],
      extra: { 'skerry.io/pool': ['p'] },
    });
  });

  test('are approved by those who may approve for the signer or its domain', async () => {
    const object = request({ signerName: 'kubernetes.io/kubelet-serving' });
    const approve = (authorizer: Authorizer) =>
      admit(
        certificateRequests({ read: table.read, authorizer }),
        admissionContext({ kind, operation: 'UPDATE', subresource: 'approval', object, oldObject: object }),
      );
    await approve(allowDomain);
    await expect(approve(deny)).rejects.toThrow(
      'user not permitted to approve requests with signerName "kubernetes.io/kubelet-serving"',
    );
  });

  test('for a client certificate of system:masters are refused', async () => {
    const text = await createCertificateRequest({
      user: 'me',
      groups: ['dev', 'system:masters'],
      keyPem: await generatePrivateKey(),
    });
    const encoded = Buffer.from(text).toString('base64');
    const ask = (signerName: string) =>
      admit(
        certificateRequests({ read: table.read, authorizer: deny }),
        admissionContext({ kind, object: request({ request: encoded, signerName }) }),
      );
    await ask('example.com/other');
    await expect(ask('kubernetes.io/kube-apiserver-client')).rejects.toThrow(
      'system:masters group is not allowed',
    );
  });

  test('that cannot be read are refused', async () => {
    const encoded = Buffer.from(
      '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----',
    );
    const object = request({ request: encoded.toString('base64'), signerName: 'x.y/z' });
    const plugin = certificateRequests({ read: table.read, authorizer: deny });
    await expect(admit(plugin, admissionContext({ kind, object }))).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining('spec.request: Invalid value') as string,
    });
  });

  test('of one join token wait in bounded number', async () => {
    const ref = { group: kind.group, resource: kind.resource };
    const user = { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] };
    const put = (index: number, status?: object) =>
      table.put(ref, { metadata: { name: `r${index}` }, spec: { username: user.name }, status });
    for (let index = 0; index < 5_000; index++) put(index);
    const ask = () =>
      admit(
        certificateRequests({ read: table.read, authorizer: deny }),
        admissionContext({ kind, object: request({ request: '', signerName: 'x/y' }), user }),
      );
    await expect(ask()).rejects.toMatchObject({ code: 429 });
    put(0, { conditions: [{ type: 'Denied', status: 'True' }] });
    await ask();
  });
});
