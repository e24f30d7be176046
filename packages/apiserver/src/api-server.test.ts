import type { AnyObject } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callerOf, type Caller } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer;
let call: Caller;

beforeAll(async () => {
  server = await startTestServer();
  call = callerOf(server.url);
});
afterAll(() => server.close());

const configMaps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

/** PEM of a certificate request for CN=u, in base64. */
const signingRequest =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIRk1HNENBUUF3RERFS01BZ0dBMVVFQXd3QmRUQlpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NNNDlBd0VIQTBJQQpCRTgxTWFhYlpIUyt3TWdWdFBrZm43bkNKZTROSlU2VjlCVm5Jd0pBNm5CR1JUZk8xZGNDdmt2OGpSMmJXTEFZCnVQY1JlaFY3ZzVmdXdKMTJyeHNBQnUyZ0FEQUtCZ2dxaGtqT1BRUURBZ05IQURCRUFpQU8yd1B4R3BXYmtJUjYKRnVRT2JEOHJiVWgwQU1DOTdZb2RmVGZLL3d2QTdRSWdkYkdrNFh5VWJlVDlnT0hhQkhYUlJyeGxKSklWR2lrRwpiaUxDWHlJaW9Xaz0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==';

function configMap(name: string, extra: object = {}): AnyObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...extra }, data: { a: '1' } };
}

function deployment(name: string): AnyObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'busybox' }] } },
    },
  };
}

function pod(name: string, spec: object = {}): AnyObject {
  return {
    metadata: { name, labels: { app: name } },
    spec: { containers: [{ name: 'c', image: 'busybox' }], ...spec },
  };
}

describe('create', () => {
  test.each([
    { given: {}, printed: '{}' },
    { given: undefined, printed: 'null' },
  ])('a refusal prints a map that was given empty as $printed', async ({ given, printed }) => {
    const object = deployment('empty');
    (object.spec as { template: AnyObject }).template.metadata = given && { labels: given };
    const { status, body } = await call('POST', deployments, object);
    expect(status).toBe(422);
    expect(body['message']).toContain(
      `spec.template.metadata.labels: Invalid value: ${printed}: \`selector\` does not match`,
    );
  });

  test('fills in what the server owns', async () => {
    const { status, body } = await call('POST', deployments, {
      ...deployment('own'),
      status: { replicas: 9 },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ metadata: { namespace: 'default', generation: 1 } });
    expect(body.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.metadata?.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(body.status ?? {}).not.toMatchObject({ replicas: 9 });
  });

  test('a node comes with its status, as kubelets register theirs', async () => {
    const status = { capacity: { cpu: '4' }, nodeInfo: { machineID: 'm' } };
    const { body } = await call('POST', '/api/v1/nodes', { metadata: { name: 'registered' }, status });
    expect(body.status).toMatchObject(status);
  });

  test('a name is made from generateName', async () => {
    const { body } = await call('POST', configMaps, { metadata: { generateName: 'gen-' } });
    expect(body.metadata?.name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test('a Job without a name labels its pods with the one that is made', async () => {
    const { body } = await call('POST', '/apis/batch/v1/namespaces/default/jobs', {
      metadata: { generateName: 'once-' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } } },
    });
    expect(body).toMatchObject({
      spec: { template: { metadata: { labels: { 'batch.kubernetes.io/job-name': body.metadata?.name } } } },
    });
  });

  test('maps that become empty are gone', async () => {
    await call('POST', configMaps, configMap('bare', { labels: { a: 'b' }, annotations: {} }));
    const patch = { metadata: { labels: { a: null } } };
    const { body } = await call('PATCH', `${configMaps}/bare`, patch, {
      contentType: 'application/merge-patch+json',
    });
    expect(body.metadata?.name).toBe('bare');
    expect(Object.keys(body.metadata ?? {})).not.toContain('labels');
    expect(Object.keys(body.metadata ?? {})).not.toContain('annotations');
  });

  test('a taken name is refused', async () => {
    await call('POST', configMaps, configMap('taken'));
    const { status, body } = await call('POST', configMaps, configMap('taken'));
    expect(status).toBe(409);
    expect(body).toMatchObject({ reason: 'AlreadyExists', message: 'configmaps "taken" already exists' });
  });

  const refused: [string, unknown, number, RegExp][] = [
    [
      'another namespace than the URL',
      configMap('x', { namespace: 'other' }),
      400,
      /does not match the namespace/,
    ],
    ['a resourceVersion', configMap('x', { resourceVersion: '5' }), 400, /resourceVersion should not be set/],
    ['another kind', { ...configMap('x'), kind: 'Secret' }, 400, /cannot be handled as a ConfigMap/],
    [
      'another version',
      { ...configMap('x'), apiVersion: 'v2' },
      400,
      /no kind "ConfigMap" is registered for version "v2"/,
    ],
    ['no name', { metadata: {} }, 422, /name or generateName is required/],
    ['a bad name', configMap('A_B'), 422, /RFC 1123 subdomain/],
    ['a wrong type', { ...configMap('x'), data: { a: 1 } }, 400, /cannot unmarshal number/],
    ['no object', '[]', 400, /cannot unmarshal array into Go value/],
    ['no JSON', '{"metadata":', 400, /couldn't get version\/kind/],
    ['bottomless JSON', '['.repeat(10_000), 400, /nested deeper/],
  ];
  test.each(refused)('%s is refused', async (_what, body, status, message) => {
    const answer = await call('POST', configMaps, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', code: status });
    expect(answer.body.message).toMatch(message);
  });

  test('a body over three MiB is 413', async () => {
    const { status, body } = await call('POST', configMaps, 'x'.repeat(3 * 1024 * 1024 + 1));
    expect([status, body.reason]).toEqual([413, 'RequestEntityTooLarge']);
  });

  test('unknown fields warn, fail or pass as fieldValidation says', async () => {
    const odd = (name: string) => ({ ...configMap(name), bogus: true });
    const warned = await call('POST', configMaps, odd('odd-1'));
    expect(warned.headers.get('warning')).toContain('unknown field');
    const strict = await call('POST', `${configMaps}?fieldValidation=Strict`, odd('odd-2'));
    expect([strict.status, strict.body.reason]).toEqual([400, 'BadRequest']);
    const ignored = await call('POST', `${configMaps}?fieldValidation=Ignore`, odd('odd-3'));
    expect([ignored.status, ignored.headers.get('warning')]).toEqual([201, null]);
    expect(ignored.body).not.toHaveProperty('bogus');
  });

  test('a field that is given twice is a strict fault', async () => {
    const twice = '{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}';
    const { body } = await call('POST', `${configMaps}?fieldValidation=Strict`, twice);
    expect(body).toMatchObject({ code: 400 });
    expect(body.message).toContain('strict decoding error: duplicate field "data.a"');
  });

  test('a dry run answers as if and stores nothing', async () => {
    const { status } = await call('POST', `${configMaps}?dryRun=All`, configMap('dry'));
    expect(status).toBe(201);
    expect((await call('GET', `${configMaps}/dry`)).status).toBe(404);
    expect((await call('POST', `${configMaps}?dryRun=Some`, configMap('dry'))).status).toBe(422);
  });

  test('YAML is read too', async () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n';
    const { status, body } = await call('POST', configMaps, text, { contentType: 'application/yaml' });
    expect([status, body.data]).toEqual([201, { a: '1' }]);
  });

  test('a media type that nothing reads is 415', async () => {
    const { status, body } = await call('POST', configMaps, 'x', { contentType: 'text/plain' });
    expect([status, body.reason]).toEqual([415, 'UnsupportedMediaType']);
  });
});

describe('update', () => {
  test('a stale resourceVersion is a conflict, none is not', async () => {
    const { body: first } = await call('POST', configMaps, configMap('stale'));
    await call('PUT', `${configMaps}/stale`, { ...first, data: { a: '2' } });
    const late = await call('PUT', `${configMaps}/stale`, { ...first, data: { a: '3' } });
    expect(late.status).toBe(409);
    expect(late.body.message).toContain(
      'the object has been modified; please apply your changes to the latest version',
    );
    const unconditional = await call('PUT', `${configMaps}/stale`, configMap('stale'));
    expect(unconditional.status).toBe(200);
  });

  test('what changes nothing keeps its resourceVersion', async () => {
    const { body: first } = await call('POST', configMaps, configMap('same'));
    const { body: second } = await call('PUT', `${configMaps}/same`, first);
    expect(second.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
  });

  test('generation counts changes of the spec; status has its own door', async () => {
    const { body: made } = await call('POST', deployments, deployment('gen'));
    const labelled = await call('PUT', `${deployments}/gen`, {
      ...made,
      metadata: { ...made.metadata, labels: { a: 'b' } },
    });
    expect(labelled.body.metadata?.generation).toBe(1);
    const spec = { ...(made.spec as object), replicas: 4 };
    const scaled = await call('PUT', `${deployments}/gen`, {
      ...labelled.body,
      spec,
      status: { replicas: 7 },
    });
    expect(scaled.body).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 4 } });
    expect(scaled.body.status ?? {}).not.toMatchObject({ replicas: 7 });
    const reported = await call('PUT', `${deployments}/gen/status`, {
      ...scaled.body,
      spec: made.spec,
      status: { replicas: 7 },
    });
    expect(reported.body).toMatchObject({
      metadata: { generation: 2 },
      spec: { replicas: 4 },
      status: { replicas: 7 },
    });
  });

  test('many writers of one object all get through by patching', async () => {
    await call('POST', configMaps, configMap('busy'));
    const writers = Array.from({ length: 5 }, (_, i) =>
      call(
        'PATCH',
        `${configMaps}/busy`,
        { data: { [`k${i}`]: 'v' } },
        { contentType: 'application/merge-patch+json' },
      ),
    );
    expect((await Promise.all(writers)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const { body } = await call('GET', `${configMaps}/busy`);
    expect(Object.keys(body.data as object).sort()).toEqual(['a', 'k0', 'k1', 'k2', 'k3', 'k4']);
  });
});

describe('patch', () => {
  const patches: [string, unknown, object][] = [
    ['application/json-patch+json', [{ op: 'replace', path: '/spec/replicas', value: 3 }], { replicas: 3 }],
    ['application/merge-patch+json', { spec: { replicas: 3 } }, { replicas: 3 }],
    [
      'application/strategic-merge-patch+json',
      { spec: { template: { spec: { containers: [{ name: 'd', image: 'x' }] } } } },
      { template: { spec: { containers: [{ name: 'd' }, { name: 'c' }] } } },
    ],
  ];
  test.each(patches)('%s', async (contentType, patch, spec) => {
    const name = `patch-${contentType.split('/')[1]!.split('-')[0]}`;
    await call('POST', deployments, deployment(name));
    const { status, body } = await call('PATCH', `${deployments}/${name}`, patch, { contentType });
    expect(status).toBe(200);
    expect(body).toMatchObject({ spec });
  });

  test('apply creates, owns its fields and refuses those of others', async () => {
    const apply = (manager: string, replicas: number, query = '') =>
      call(
        'PATCH',
        `${deployments}/applied?fieldManager=${manager}${query}`,
        { ...deployment('applied'), spec: { ...(deployment('applied').spec as object), replicas } },
        { contentType: 'application/apply-patch+yaml' },
      );
    expect((await apply('one', 1)).status).toBe(201);
    expect((await apply('one', 2)).status).toBe(200);
    const conflict = await apply('two', 3);
    expect(conflict.status).toBe(409);
    expect(conflict.body.message).toBe('Apply failed with 1 conflict: conflict with "one": .spec.replicas');
    const forced = await apply('two', 3, '&force=true');
    expect(forced.body).toMatchObject({ spec: { replicas: 3 } });
  });

  test('a resourceVersion inside a patch is a precondition', async () => {
    await call('POST', configMaps, configMap('pre'));
    const patch = { metadata: { resourceVersion: '1' }, data: { b: '2' } };
    const { status } = await call('PATCH', `${configMaps}/pre`, patch, {
      contentType: 'application/merge-patch+json',
    });
    expect(status).toBe(409);
  });
});

describe('delete', () => {
  test('an object without reasons to stay is gone at once', async () => {
    await call('POST', configMaps, configMap('gone'));
    const { status, body } = await call('DELETE', `${configMaps}/gone`);
    expect([status, body.status, body.kind]).toEqual([200, 'Success', 'Status']);
    expect((await call('GET', `${configMaps}/gone`)).body.message).toBe('configmaps "gone" not found');
  });

  test('finalizers keep it until the last is taken off, and none can be added', async () => {
    await call('POST', configMaps, configMap('kept', { finalizers: ['example.com/a'] }));
    const { body: marked } = await call('DELETE', `${configMaps}/kept`);
    expect(marked.metadata?.deletionTimestamp).toBeDefined();
    const more = {
      ...marked,
      metadata: { ...marked.metadata, finalizers: ['example.com/a', 'example.com/b'] },
    };
    expect((await call('PUT', `${configMaps}/kept`, more)).status).toBe(422);
    const none = { ...marked, metadata: { ...marked.metadata, finalizers: [] } };
    expect((await call('PUT', `${configMaps}/kept`, none)).status).toBe(200);
    expect((await call('GET', `${configMaps}/kept`)).status).toBe(404);
  });

  test.each([
    ['Foreground', 'foregroundDeletion'],
    ['Orphan', 'orphan'],
  ])('%s propagation is a finalizer', async (propagationPolicy, finalizer) => {
    await call('POST', configMaps, configMap(finalizer.toLowerCase()));
    const { body } = await call('DELETE', `${configMaps}/${finalizer.toLowerCase()}`, { propagationPolicy });
    expect(body.metadata?.finalizers).toEqual([finalizer]);
  });

  test('preconditions that do not hold are a conflict', async () => {
    await call('POST', configMaps, configMap('guarded'));
    const { status, body } = await call('DELETE', `${configMaps}/guarded`, {
      preconditions: { uid: 'other' },
    });
    expect([status, body.reason]).toEqual([409, 'Conflict']);
  });

  test('a bound pod has its grace; zero ends it', async () => {
    await call('POST', pods, pod('graceful', { nodeName: 'n1' }));
    const { body } = await call('DELETE', `${pods}/graceful`);
    expect(body.metadata?.deletionGracePeriodSeconds).toBe(30);
    await call('DELETE', `${pods}/graceful`, { gracePeriodSeconds: 0 });
    expect((await call('GET', `${pods}/graceful`)).status).toBe(404);
  });

  test('a collection goes by its labels', async () => {
    await call('POST', configMaps, configMap('c1', { labels: { set: 'x' } }));
    await call('POST', configMaps, configMap('c2', { labels: { set: 'x' } }));
    await call('POST', configMaps, configMap('c3', { labels: { set: 'y' } }));
    await call('DELETE', `${configMaps}?labelSelector=set%3Dx`);
    const { body } = await call('GET', `${configMaps}?labelSelector=set`);
    expect(body.items?.map(({ metadata }) => metadata?.name)).toEqual(['c3']);
  });

  test('a namespace waits for its finalizer', async () => {
    await call('POST', '/api/v1/namespaces', { metadata: { name: 'going' } });
    const { body } = await call('DELETE', '/api/v1/namespaces/going');
    expect(body).toMatchObject({ status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } });
    await call('PUT', '/api/v1/namespaces/going/finalize', { ...body, spec: { finalizers: [] } });
    expect((await call('GET', '/api/v1/namespaces/going')).status).toBe(404);
  });
});

describe('subresources', () => {
  test('a pod is bound once', async () => {
    await call('POST', pods, pod('bind'));
    const binding = { metadata: { name: 'bind' }, target: { kind: 'Node', name: 'n1' } };
    expect((await call('POST', `${pods}/bind/binding`, binding)).status).toBe(201);
    const { body } = await call('GET', `${pods}/bind`);
    expect(body).toMatchObject({
      metadata: { generation: 1 },
      spec: { nodeName: 'n1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
    const again = await call('POST', `${pods}/bind/binding`, binding);
    expect(again.status).toBe(409);
    expect(again.body.message).toContain('pod bind is already assigned to node "n1"');
  });

  const runningChanges: [door: string, patch: object, expected: object][] = [
    [
      'ephemeralcontainers',
      { spec: { ephemeralContainers: [{ name: 'debug', image: 'busybox' }] } },
      { ephemeralContainers: [{ name: 'debug' }], containers: [{ name: 'c' }] },
    ],
    [
      'resize',
      { spec: { containers: [{ name: 'c', image: 'other', resources: { requests: { cpu: '2' } } }] } },
      { containers: [{ name: 'c', image: 'busybox', resources: { requests: { cpu: '2' } } }] },
    ],
  ];
  test.each(runningChanges)(
    '%s changes of a running pod what it is there for, and nothing else',
    async (door, patch, spec) => {
      const name = `door-${door}`;
      const resources = { requests: { cpu: '1' } };
      await call(
        'POST',
        pods,
        pod(name, { nodeName: 'n1', containers: [{ name: 'c', image: 'busybox', resources }] }),
      );
      const contentType = 'application/strategic-merge-patch+json';
      const answer = await call('PATCH', `${pods}/${name}/${door}`, patch, { contentType });
      expect(answer.body).toMatchObject({ spec });
      expect((await call('PATCH', `${pods}/${name}`, patch, { contentType })).status).not.toBe(500);
    },
  );

  test('approval decides about a CSR, status signs it, neither does the other', async () => {
    const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const spec = { request: signingRequest, signerName: 'example.com/s', usages: ['client auth'] };
    const made = await call('POST', requests, { metadata: { name: 'c1' }, spec });
    const approved = { conditions: [{ type: 'Approved', status: 'True', reason: 'x' }] };
    expect(made.status).toBe(201);
    const byStatus = await call('PUT', `${requests}/c1/status`, { ...made.body, status: approved });
    expect(byStatus.body.message).toContain('updates may not add a condition of type "Approved"');
    const byApproval = await call('PUT', `${requests}/c1/approval`, { ...made.body, status: approved });
    expect(byApproval.body).toMatchObject({ status: approved });
  });

  test('an applied scale is owned by its manager, and only by force taken from another', async () => {
    await call('POST', deployments, deployment('applied'));
    const apply = (query: string) =>
      call(
        'PATCH',
        `${deployments}/applied/scale?${query}`,
        { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'applied' }, spec: { replicas: 7 } },
        { contentType: 'application/apply-patch+yaml' },
      );
    expect((await apply('fieldManager=hpa')).body).toMatchObject({
      code: 409,
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.spec.replicas' }] },
    });
    expect((await apply('fieldManager=hpa&force=true')).body).toMatchObject({ spec: { replicas: 7 } });
    const { body } = await call('GET', `${deployments}/applied`);
    expect(body.metadata?.managedFields).toContainEqual(
      expect.objectContaining({
        manager: 'hpa',
        operation: 'Apply',
        subresource: 'scale',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      }),
    );
  });

  test('scale shows and sets replicas', async () => {
    await call('POST', deployments, deployment('scaled'));
    const { body: scale } = await call('GET', `${deployments}/scaled/scale`);
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 1 }, status: { selector: 'app=scaled' } });
    await call('PUT', `${deployments}/scaled/scale`, { ...scale, spec: { replicas: 6 } });
    expect((await call('GET', `${deployments}/scaled`)).body).toMatchObject({ spec: { replicas: 6 } });
    const patch = { spec: { replicas: 2 } };
    const contentType = 'application/merge-patch+json';
    const patched = await call('PATCH', `${deployments}/scaled/scale`, patch, { contentType });
    expect(patched.body).toMatchObject({ spec: { replicas: 2 } });
  });

  test('an eviction takes room from the budget that covers the pod, and fails without', async () => {
    await call('POST', pods, pod('evict', { nodeName: 'n1' }));
    await call('PUT', `${pods}/evict/status`, {
      ...pod('evict', { nodeName: 'n1' }),
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    });
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    const selector = { matchLabels: { app: 'evict' } };
    const { body: budget } = await call('POST', budgets, {
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector },
    });
    let revision = budget.metadata?.resourceVersion;
    const set = async (disruptionsAllowed: number) => {
      const { body } = await call('PUT', `${budgets}/b/status`, {
        ...budget,
        metadata: { name: 'b', resourceVersion: revision },
        status: {
          observedGeneration: 1,
          disruptionsAllowed,
          currentHealthy: 1,
          desiredHealthy: 1,
          expectedPods: 1,
        },
      });
      revision = body.metadata?.resourceVersion;
    };
    await set(0);
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'evict' } };
    const refused = await call('POST', `${pods}/evict/eviction`, eviction);
    expect(refused.body).toMatchObject({
      code: 429,
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
    });
    await set(1);
    expect((await call('POST', `${pods}/evict/eviction`, eviction)).status).toBe(201);
    expect((await call('GET', `${budgets}/b`)).body).toMatchObject({
      status: {
        disruptionsAllowed: 0,
        conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }],
      },
    });
  });
});

describe('services', () => {
  const services = '/api/v1/namespaces/default/services';
  const service = (name: string, spec: object): object => ({
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
  });

  test('each gets an address of its own, and gives it back', async () => {
    const { body: first } = await call('POST', services, service('s1', {}));
    const address = (first.spec as { clusterIP: string }).clusterIP;
    expect(address).toMatch(/^10\.(9[6-9]|1[01]\d)\./);
    const taken = await call('POST', services, service('s2', { clusterIP: address }));
    expect(taken.status).toBe(422);
    expect(taken.body.message).toContain('provided IP is already allocated');
    await call('DELETE', `${services}/s1`);
    expect((await call('POST', services, service('s2', { clusterIP: address }))).status).toBe(201);
  });

  test('node ports are allocated, kept through updates, and unique', async () => {
    const { body } = await call('POST', services, service('np', { type: 'NodePort' }));
    const port = (body.spec as { ports: { nodePort: number }[] }).ports[0]!.nodePort;
    expect(port).toBeGreaterThanOrEqual(30_000);
    const { clusterIP } = body.spec as { clusterIP: string };
    const { body: updated } = await call('PUT', `${services}/np`, service('np', { type: 'NodePort' }));
    expect(updated).toMatchObject({ spec: { clusterIP, ports: [{ nodePort: port }] } });
    const clash = { type: 'NodePort', ports: [{ port: 80, nodePort: port }] };
    expect((await call('POST', services, service('np2', clash))).body.message).toContain('already allocated');
  });

  test('the API server has its own Service', async () => {
    expect((await call('GET', `${services}/kubernetes`)).body).toMatchObject({
      spec: { clusterIP: '10.96.0.1' },
    });
  });
});

describe('reading', () => {
  test('an unknown path is 404 in the known words', async () => {
    for (const path of ['/api/v1/bogus', '/api/v2', '/apis/apps/v9/x', '/api/v1/namespaces/default/nodes']) {
      const { status, body } = await call('GET', path);
      expect([path, status, body.message]).toEqual([
        path,
        404,
        'the server could not find the requested resource',
      ]);
    }
  });

  test('where no group is served, a page is missing', async () => {
    for (const path of ['/apis/nope/v1/things', '/bogus', '/livez/bogus']) {
      const { status, headers, body } = await call('GET', path);
      expect([path, status, body.message]).toEqual([path, 404, '404 page not found\n']);
      expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    }
  });

  test('an object has no HEAD', async () => {
    expect((await call('HEAD', configMaps)).status).toBe(405);
    expect((await call('HEAD', '/readyz')).status).toBe(200);
  });

  test('an error comes in the form that was asked for', async () => {
    const ask = (accept: string) => call('GET', `${configMaps}/none`, undefined, { headers: { accept } });
    expect((await ask('application/yaml')).body.message).toContain(
      '\nmessage: configmaps "none" not found\n',
    );
    const protobuf = await ask('application/vnd.kubernetes.protobuf');
    expect(protobuf.headers.get('content-type')).toBe('application/vnd.kubernetes.protobuf');
    expect(protobuf.body.message).toContain('configmaps "none" not found');
    const { body } = await ask('application/json;as=Table;v=v1;g=meta.k8s.io');
    expect(body).toMatchObject({ code: 404, message: 'configmaps "none" not found' });
  });

  test('items of a built-in list leave out what the list says', async () => {
    await call('POST', configMaps, configMap('item'));
    const { body } = await call('GET', configMaps);
    expect(body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
    expect(body.items?.length).toBeGreaterThan(0);
    expect(body.items?.every((item) => item.kind === undefined && item.apiVersion === undefined)).toBe(true);
  });

  test('a method that is not served is 405', async () => {
    const { body } = await call('POST', '/api/v1/pods', pod('x'));
    expect(body).toMatchObject({ code: 405, reason: 'MethodNotAllowed' });
  });

  test('a watch sees what happens after the list', async () => {
    const { body: list } = await call('GET', configMaps);
    const revision = (list.metadata as { resourceVersion?: string }).resourceVersion;
    const aborter = new AbortController();
    const response = await fetch(`${server.url}${configMaps}?watch=1&resourceVersion=${revision}`, {
      signal: aborter.signal,
    });
    await call('POST', configMaps, configMap('watched'));
    await call('DELETE', `${configMaps}/watched`);
    let text = '';
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString();
      if (text.split('\n').length > 2) break;
    }
    aborter.abort();
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; object: AnyObject });
    expect(events.map(({ type, object }) => [type, object.metadata?.name])).toEqual([
      ['ADDED', 'watched'],
      ['DELETED', 'watched'],
    ]);
  });

  test('core and events.k8s.io events are the same objects', async () => {
    await call('POST', '/api/v1/namespaces/default/events', {
      metadata: { name: 'e1' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      reason: 'Test',
      message: 'hello',
      type: 'Normal',
    });
    const { body } = await call('GET', '/apis/events.k8s.io/v1/namespaces/default/events/e1');
    expect(body).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'hello', regarding: { name: 'p' } });
  });
});

test.each([
  [
    '/apis/events.k8s.io/v1/namespaces/default/events',
    {
      note: 'hello',
      regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
      eventTime: '2026-01-02T03:04:05.000000Z',
      type: 'Normal',
      action: 'Test',
      reason: 'Test',
      reportingController: 'example.com/test',
      reportingInstance: 'test',
    },
  ],
  ['/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers', autoscaler()],
])('what is created at %s is answered as it is read', async (path, fields) => {
  const { body } = await call('POST', path, { metadata: { name: 'converted' }, ...fields });
  expect(body).toMatchObject(fields);
  expect((await call('GET', `${path}/converted`)).body).toEqual(body);
});

function autoscaler(): object {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
  return { spec: { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 } };
}

test.each<[configuration: unknown, message: string]>([
  [{ apiVersion: 1, kind: 'ConfigMap' }, 'invalid object type: /, Kind=ConfigMap'],
  [{ apiVersion: 'v1', kind: { a: 1 } }, 'invalid object type: /v1, Kind='],
  [
    [],
    'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
  ],
])('an apply of %j is refused', async (configuration, message) => {
  const contentType = 'application/apply-patch+yaml';
  const answer = await call('PATCH', `${configMaps}/odd?fieldManager=x`, configuration, { contentType });
  expect(answer).toMatchObject({ status: 400, body: { message } });
});

test('an object that outgrows what may be sent is not stored', async () => {
  await call('POST', deployments, deployment('grows'));
  const grow = async (field: string) => {
    const patch = [
      { op: 'add', path: `/spec/template/spec/containers/0/${field}`, value: ['x'.repeat(2_000_000)] },
    ];
    const contentType = 'application/json-patch+json';
    const { status, body } = await call('PATCH', `${deployments}/grows`, patch, { contentType });
    return [status, body.message];
  };
  expect(await grow('args')).toEqual([200, undefined]);
  expect(await grow('command')).toEqual([413, 'etcdserver: request is too large']);
});

describe('discovery', () => {
  test('aggregated documents name their type and know when they have not changed', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const first = await call('GET', '/apis', undefined, { headers: { accept } });
    expect(first.headers.get('content-type')).toBe(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    );
    const etag = first.headers.get('etag')!;
    const second = await call('GET', '/apis', undefined, { headers: { accept, 'if-none-match': etag } });
    expect(second.status).toBe(304);
  });

  test('a group lists its preferred version first', async () => {
    const { body } = await call('GET', '/apis/autoscaling');
    expect(body).toMatchObject({ kind: 'APIGroup', preferredVersion: { groupVersion: 'autoscaling/v2' } });
  });

  test('health and version answer', async () => {
    expect((await call('GET', '/readyz')).body.message).toBe('ok');
    expect((await call('GET', '/version')).body).toMatchObject({ major: '1', minor: '36' });
    expect((await call('POST', '/version')).status).toBe(405);
  });
});

test('events go an hour after their last write', async () => {
  const clock = new FakeClock();
  const moved = await startTestServer({ clock });
  const ask = callerOf(moved.url);
  const events = '/api/v1/namespaces/default/events';
  await ask('POST', events, {
    metadata: { name: 'old' },
    involvedObject: { kind: 'Pod', namespace: 'default' },
  });
  await clock.advance(3_590_000);
  expect((await ask('GET', `${events}/old`)).status).toBe(200);
  await clock.advance(20_000);
  expect((await ask('GET', `${events}/old`)).status).toBe(404);
  await moved.close();
});

test('a lease that is not there is created by PUT, a pod is not', async () => {
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  const made = await call('PUT', `${leases}/n1`, {
    metadata: { name: 'n1' },
    spec: { holderIdentity: 'n1' },
  });
  expect(made.status).toBe(201);
  expect((await call('PUT', `${pods}/nowhere`, pod('nowhere'))).status).toBe(404);
});

test('a binding may also be posted to the collection', async () => {
  await call('POST', pods, pod('bound-by-body'));
  const binding = { metadata: { name: 'bound-by-body' }, target: { kind: 'Node', name: 'n2' } };
  expect((await call('POST', '/api/v1/namespaces/default/bindings', binding)).status).toBe(201);
  expect((await call('GET', `${pods}/bound-by-body`)).body).toMatchObject({ spec: { nodeName: 'n2' } });
});

test.each<[string, object, number, string]>([
  ['with metadata that are none', { metadata: 'x', target: { name: 'n' } }, 400, 'cannot unmarshal string'],
  ['without a name', { target: { name: 'n' } }, 400, 'Name parameter required.'],
  ['that says nothing', {}, 500, 'target.name: Required value'],
  [
    'of elsewhere',
    { metadata: { name: 'p', namespace: 'x' }, target: { name: 'n' } },
    400,
    'does not match the namespace',
  ],
])('a binding %s is refused', async (_what, binding, code, message) => {
  const { status, body } = await call('POST', '/api/v1/namespaces/default/bindings', binding);
  expect({ status, message: body.message }).toEqual({
    status: code,
    message: expect.stringContaining(message),
  });
});

test.each<[string, object, string]>([
  ['with metadata that are none', { metadata: 'x' }, 'cannot unmarshal string'],
  ['of nobody', {}, 'name in URL does not match name in Eviction object'],
  ['of elsewhere', { metadata: { name: 'p', namespace: 'x' } }, 'does not match the namespace'],
  ['that is a Pod', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }, 'unknown conversion'],
  ['with options that are none', { metadata: { name: 'p' }, deleteOptions: 'x' }, 'Eviction.deleteOptions'],
])('an eviction %s is refused', async (_what, eviction, message) => {
  const { status, body } = await call('POST', `${pods}/p/eviction`, eviction);
  expect({ status, message: body.message }).toEqual({
    status: 400,
    message: expect.stringContaining(message),
  });
});

test('impersonation answers as the other user', async () => {
  const { body } = await call(
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    {},
    {
      headers: { 'impersonate-user': 'jane', 'impersonate-group': 'dev' },
    },
  );
  expect(body.status).toEqual({ userInfo: { username: 'jane', groups: ['dev', 'system:authenticated'] } });
});

test('clients find the server and its range of Services', async () => {
  const { body } = await call('GET', '/api/v1/namespaces/default/endpoints/kubernetes');
  expect(body).toMatchObject({ kind: 'Endpoints' });
  const range = await call('GET', '/apis/networking.k8s.io/v1/servicecidrs/kubernetes');
  expect(range.body).toMatchObject({
    spec: { cidrs: ['10.96.0.0/16'] },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
});
