import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnyObject } from '@skerry/api';
import { callerOf, type Caller } from '#testing/caller.ts';
import {
  dialerTo,
  dialLoopback,
  serviceObjects,
  startExtensionServer,
  type ExtensionServer,
} from '#testing/extension-server.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let hook: ExtensionServer;
let server: TestServer;
let call: Caller;
/** What the webhook of each path answers; it allows unless told. */
let answers: Record<string, (request: Request) => AnyObject>;

interface Request extends AnyObject {
  readonly uid: string;
  readonly operation: string;
  readonly object: AnyObject;
  readonly oldObject: AnyObject;
}

beforeEach(async () => {
  answers = {};
  hook = await startExtensionServer({
    reply: ({ url, body }) => {
      const { apiVersion, request } = body as { apiVersion: string; request: Request };
      const path = url.split('?')[0]!;
      const response = answers[path]?.(request) ?? {};
      return {
        apiVersion,
        kind: 'AdmissionReview',
        response: { uid: request.uid, allowed: true, ...response },
      };
    },
  });
  server = await startTestServer({
    dialer: dialerTo(new Map([['10.0.0.7:8443', hook.port]])),
    dial: dialLoopback,
  });
  call = callerOf(server.url);
});

afterEach(async () => {
  await server.close();
  await hook.close();
});

const registration = '/apis/admissionregistration.k8s.io/v1';
const configMaps = '/api/v1/namespaces/default/configmaps';
const everything = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] };
const configMapRule = { apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] };

async function create(path: string, object: object): Promise<AnyObject> {
  const { status, body } = await call('POST', path, object);
  if (status !== 201) throw new Error(`${path}: ${JSON.stringify(body)}`);
  return body;
}

/** Configures one webhook, which is asked at `/<name>`. */
async function configure(
  kind: 'mutating' | 'validating',
  name: string,
  fields: Record<string, unknown> = {},
): Promise<void> {
  await create(`${registration}/${kind}webhookconfigurations`, {
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig: { url: `https://127.0.0.1:${hook.port}/${name}`, caBundle: hook.caBundle },
        rules: [configMapRule],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        ...fields,
      },
    ],
  });
}

const patchOf = (...operations: object[]) => ({
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});

const addData = (key: string, value = 'yes') => patchOf({ op: 'add', path: `/data/${key}`, value });

function asked(path: string): Request[] {
  return hook.requests
    .filter(({ url }) => url.startsWith(`${path}?`))
    .map(({ body }) => (body as { request: Request }).request);
}

const configMap = (name: string, data: object = { first: '1' }) => ({ metadata: { name }, data });

describe('a mutating webhook', () => {
  test('changes what is stored', async () => {
    await configure('mutating', 'add');
    answers['/add'] = () => addData('second');
    const { body } = await call('POST', configMaps, configMap('x'));
    expect(body.data).toEqual({ first: '1', second: 'yes' });
    expect((await call('GET', `${configMaps}/x`)).body.data).toEqual({ first: '1', second: 'yes' });
  });

  test('is shown the request as the reviews of Kubernetes have it', async () => {
    await configure('mutating', 'see');
    await call('POST', `${configMaps}?fieldManager=me&dryRun=All`, configMap('x'));
    expect(hook.requests[0]!.body).toEqual({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        uid: expect.any(String),
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
        requestResource: { group: '', version: 'v1', resource: 'configmaps' },
        name: 'x',
        namespace: 'default',
        operation: 'CREATE',
        userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
        object: {
          kind: 'ConfigMap',
          apiVersion: 'v1',
          metadata: { name: 'x', namespace: 'default', managedFields: expect.any(Array) },
          data: { first: '1' },
        },
        oldObject: null,
        dryRun: true,
        options: {
          kind: 'CreateOptions',
          apiVersion: 'meta.k8s.io/v1',
          fieldManager: 'me',
          dryRun: ['All'],
        },
      },
    });
  });

  test('gets its changes decoded and defaulted', async () => {
    await configure('mutating', 'pods', { rules: [{ ...configMapRule, resources: ['pods'] }] });
    answers['/pods'] = () =>
      patchOf({
        op: 'add',
        path: '/spec/containers/-',
        value: { name: 'side', image: 'side:1', nonsense: 1 },
      });
    const { body } = await call('POST', '/api/v1/namespaces/default/pods', {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'main', image: 'main' }] },
    });
    const { containers } = body.spec as { containers: AnyObject[] };
    expect(containers[1]).toMatchObject({ name: 'side', imagePullPolicy: 'IfNotPresent' });
    expect(containers[1]).not.toHaveProperty('nonsense');
  });

  test('can not make what would be refused of anyone', async () => {
    await configure('mutating', 'wrong');
    answers['/wrong'] = () => addData('not~1a key');
    expect((await call('POST', configMaps, configMap('x'))).status).toBe(422);
  });

  test('names an object that is to get a generated name, or leaves that to the server', async () => {
    await configure('mutating', 'name');
    await create(configMaps, { metadata: { generateName: 'made-' } });
    answers['/name'] = () => patchOf({ op: 'add', path: '/metadata/name', value: 'chosen' });
    const chosen = await create(configMaps, { metadata: { generateName: 'made-' } });
    expect(chosen.metadata?.name).toBe('chosen');
    const [request] = asked('/name');
    expect(request).not.toHaveProperty('name');
    expect(request!.object.metadata).not.toHaveProperty('name');
    expect(request!.object.metadata).not.toHaveProperty('uid');
    const names = ((await call('GET', configMaps)).body.items ?? []).map(({ metadata }) => metadata?.name);
    expect(names).toEqual(['chosen', expect.stringMatching(/^made-.{5}$/)]);
  });

  test('comes after those of configurations with smaller names', async () => {
    await configure('mutating', 'b');
    await configure('mutating', 'a');
    answers['/a'] = () => addData('order', 'a');
    answers['/b'] = ({ object }) => addData('order', `${(object.data as Record<string, string>)['order']}b`);
    expect((await create(configMaps, configMap('x'))).data).toMatchObject({ order: 'ab' });
  });

  test('that wants to is called again after changes of others, once', async () => {
    await configure('mutating', 'a', { reinvocationPolicy: 'IfNeeded' });
    await configure('mutating', 'b');
    answers['/b'] = () => addData('b');
    await create(configMaps, configMap('x'));
    expect(asked('/a').map(({ object }) => object.data)).toEqual([{ first: '1' }, { first: '1', b: 'yes' }]);
    expect(asked('/b')).toHaveLength(1);
  });

  test('that nobody changed anything after is not called again', async () => {
    await configure('mutating', 'a', { reinvocationPolicy: 'IfNeeded' });
    await configure('mutating', 'b');
    await create(configMaps, configMap('x'));
    expect(asked('/a')).toHaveLength(1);
  });

  test('owns nothing of what it adds, and neither does who created', async () => {
    await configure('mutating', 'add');
    answers['/add'] = () => addData('second');
    const { metadata } = await create(configMaps, configMap('x'));
    const owned = JSON.stringify(metadata?.managedFields);
    expect(owned).toContain('f:first');
    expect(owned).not.toContain('f:second');
  });

  test.each([
    ['remove', 'Unable to remove nonexistent key: none: missing value', { op: 'remove', path: '/data/none' }],
    ['deep add', 'doc is missing path: "/a/b/c"', { op: 'add', path: '/a/b/c', value: 1 }],
  ])('whose %s does not apply fails the request', async (_what, why, operation) => {
    await configure('mutating', 'bad', { failurePolicy: 'Ignore' });
    answers['/bad'] = () => patchOf(operation);
    expect(await call('POST', configMaps, configMap('x'))).toMatchObject({
      status: 500,
      body: { reason: 'InternalError', message: expect.stringContaining(why) },
    });
  });

  test.each([
    [{ uid: 'other' }, /received invalid webhook response: expected response\.uid="[^"]+", got "other"$/],
    [{ patch: 'e30=' }, /webhook returned response\.patch but not response\.patchType$/],
    [{ patchType: 'JSONPatch' }, /webhook returned response\.patchType but not response\.patch$/],
    [{ patchType: 'Other', patch: 'W10=' }, /unsupported patch type "Other"$/],
    [{ patchType: 'JSONPatch', patch: 'e30=' }, /received undecodable patch in webhook response/],
  ])('that answers %j is failed', async (response, message) => {
    await configure('mutating', 'odd');
    answers['/odd'] = () => response;
    const { status, body } = await call('POST', configMaps, configMap('x'));
    expect(status).toBe(500);
    expect(body.message).toMatch(message);
    expect(body.message).toMatch(/^Internal error occurred: failed calling webhook "odd\.example\.com": /);
  });

  test('sees what an update changes, and keeps from changing what is not for that door', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    await create(deployments, deployment('d', 1));
    await configure('mutating', 'upd', {
      rules: [
        { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments'] },
      ],
    });
    answers['/upd'] = () =>
      patchOf(
        { op: 'add', path: '/metadata/labels', value: { hooked: 'yes' } },
        { op: 'add', path: '/status', value: { replicas: 9 } },
        { op: 'replace', path: '/metadata/uid', value: 'forged' },
      );
    const { body } = await call('PATCH', `${deployments}/d`, { spec: { replicas: 3 } }, merge);
    expect(body).toMatchObject({ metadata: { labels: { hooked: 'yes' } }, spec: { replicas: 3 } });
    expect(body.metadata?.uid).not.toBe('forged');
    expect(body.status ?? {}).not.toHaveProperty('replicas', 9);
    expect(asked('/upd')).toMatchObject([
      { operation: 'UPDATE', oldObject: { spec: { replicas: 1 } }, object: { spec: { replicas: 3 } } },
    ]);
  });

  test('can not rename what is updated', async () => {
    await create(configMaps, configMap('x'));
    await configure('mutating', 'rename');
    answers['/rename'] = () => patchOf({ op: 'replace', path: '/metadata/name', value: 'y' });
    expect(await call('PATCH', `${configMaps}/x`, { data: { b: '2' } }, merge)).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('metadata.name') },
    });
  });
});

const merge = { contentType: 'application/merge-patch+json' };

function deployment(name: string, replicas: number): AnyObject {
  const labels = { app: name };
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  };
}

describe('a validating webhook', () => {
  test.each([
    [undefined, 400, 'admission webhook "no.example.com" denied the request without explanation', undefined],
    [{ message: 'never' }, 400, 'admission webhook "no.example.com" denied the request: never', undefined],
    [
      { reason: 'Conflict' },
      400,
      'admission webhook "no.example.com" denied the request: Conflict',
      'Conflict',
    ],
    [
      { code: 403, message: 'no', reason: 'Forbidden' },
      403,
      'admission webhook "no.example.com" denied the request: no',
      'Forbidden',
    ],
    [
      { code: 200, message: 'no' },
      400,
      'admission webhook "no.example.com" denied the request: no',
      undefined,
    ],
  ])('that refuses with %j is quoted', async (status, code, message, reason) => {
    await configure('validating', 'no');
    answers['/no'] = () => ({ allowed: false, ...(status ? { status } : {}) });
    const answer = await call('POST', configMaps, configMap('x'));
    expect(answer.status).toBe(code);
    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', code, message });
    expect(answer.body.reason).toBe(reason);
    expect((await call('GET', `${configMaps}/x`)).status).toBe(404);
  });

  test('sees what mutating ones made, with its name', async () => {
    await configure('mutating', 'add');
    await configure('validating', 'see');
    answers['/add'] = () => addData('second');
    await create(configMaps, { metadata: { generateName: 'g-' }, data: { first: '1' } });
    const [request] = asked('/see');
    expect(request!.object.data).toEqual({ first: '1', second: 'yes' });
    expect(request!.name).toMatch(/^g-.{5}$/);
  });

  test('may not patch', async () => {
    await configure('validating', 'patch');
    answers['/patch'] = () => addData('x');
    expect((await call('POST', configMaps, configMap('x'))).body.message).toBe(
      'Internal error occurred: failed calling webhook "patch.example.com": received invalid webhook response: validating webhook may not return response.patch',
    );
  });

  test('is shown what is deleted, one by one of a collection', async () => {
    await create(configMaps, { ...configMap('a'), metadata: { name: 'a', labels: { of: 'test' } } });
    await create(configMaps, { ...configMap('b'), metadata: { name: 'b', labels: { of: 'test' } } });
    await configure('validating', 'del');
    answers['/del'] = ({ oldObject }) => ({ allowed: oldObject.metadata?.name !== 'b' });
    expect((await call('DELETE', `${configMaps}/b`)).status).toBe(400);
    expect((await call('DELETE', `${configMaps}?labelSelector=of%3Dtest`)).status).toBe(400);
    expect(asked('/del')[0]).toMatchObject({
      operation: 'DELETE',
      name: 'b',
      object: null,
      oldObject: { data: { first: '1' } },
      options: { kind: 'DeleteOptions' },
    });
    expect((await call('GET', `${configMaps}/b`)).status).toBe(200);
  });

  test('warns the client', async () => {
    await configure('validating', 'warn');
    answers['/warn'] = () => ({ warnings: ['mind the gap'] });
    const { headers } = await call('POST', configMaps, configMap('x'));
    expect(headers.get('warning')).toBe('299 - "mind the gap"');
  });

  test('knows no other review than v1beta1', async () => {
    await configure('validating', 'old', { admissionReviewVersions: ['v1beta1'] });
    answers['/old'] = () => ({ uid: 'whatever' });
    await create(configMaps, configMap('x'));
    expect(hook.requests[0]!.body).toMatchObject({ apiVersion: 'admission.k8s.io/v1beta1' });
  });
});

describe('a webhook that can not be asked', () => {
  const nowhere = { clientConfig: { service: { namespace: 'default', name: 'none', path: '/p' } } };

  test.each(['mutating', 'validating'] as const)('fails the request (%s)', async (kind) => {
    await configure(kind, 'gone', nowhere);
    expect(await call('POST', configMaps, configMap('x'))).toMatchObject({
      status: 500,
      body: {
        reason: 'InternalError',
        message:
          'Internal error occurred: failed calling webhook "gone.example.com": failed to call webhook: Post "https://none.default.svc:443/p?timeout=10s": service "none" not found',
      },
    });
  });

  test.each(['mutating', 'validating'] as const)('is ignored where it may be (%s)', async (kind) => {
    await configure(kind, 'gone', { ...nowhere, failurePolicy: 'Ignore' });
    await create(configMaps, configMap('x'));
    const { body } = await call('GET', '/metrics');
    const phase = kind === 'mutating' ? 'admit' : 'validating';
    expect(body.message).toContain(
      `apiserver_admission_webhook_fail_open_count{name="gone.example.com",type="${phase}"} 1`,
    );
  });

  test('may not stand in the way of its own configuration', async () => {
    await configure('validating', 'gone', { ...nowhere, rules: [everything] });
    const path = `${registration}/validatingwebhookconfigurations/gone`;
    expect((await call('DELETE', path)).status).toBe(200);
  });
});

describe('a webhook is asked', () => {
  test.each([
    ['None', 201],
    ['NoneOnDryRun', 201],
  ])('in a dry run when its side effects are %s', async (sideEffects, status) => {
    await configure('validating', 'dry', { sideEffects });
    expect((await call('POST', `${configMaps}?dryRun=All`, configMap('x'))).status).toBe(status);
    expect(asked('/dry')).toMatchObject([{ dryRun: true }]);
  });

  test.each([
    ["object.metadata.name == 'x'", 'Fail', 1, 201],
    ["object.metadata.name == 'y'", 'Fail', 0, 201],
    [
      "request.userInfo.username == 'admin' && authorizer.requestResource.check('get').allowed()",
      'Fail',
      1,
      201,
    ],
    ['object.none.none == 1', 'Ignore', 0, 201],
    ['object.none.none == 1', 'Fail', 0, 403],
  ])('when its condition %s (%s) is true', async (expression, failurePolicy, calls, status) => {
    await configure('validating', 'if', {
      failurePolicy,
      matchConditions: [{ name: 'c', expression }],
    });
    const { body, status: answered } = await call('POST', configMaps, configMap('x'));
    expect([answered, asked('/if').length]).toEqual([status, calls]);
    if (status === 403) {
      expect(body.message).toBe(
        `configmaps "x" is forbidden: expression '${expression}' resulted in error: no such key: none`,
      );
    }
  });

  test('only when none of its conditions is false, whatever the others are', async () => {
    await configure('validating', 'if', {
      matchConditions: [
        { name: 'bad', expression: 'object.none.none == 1' },
        { name: 'no', expression: 'false' },
      ],
    });
    await create(configMaps, configMap('x'));
    expect(asked('/if')).toEqual([]);
    expect((await call('GET', '/metrics')).body.message).toContain(
      'apiserver_admission_match_condition_exclusions_total{name="if.example.com",kind="webhook",type="validating",operation="CREATE"} 1',
    );
  });

  test('about namespaces that its selector wants', async () => {
    await create('/api/v1/namespaces', { metadata: { name: 'in', labels: { watched: 'yes' } } });
    await configure('validating', 'ns', { namespaceSelector: { matchLabels: { watched: 'yes' } } });
    await create(configMaps, configMap('x'));
    await create('/api/v1/namespaces/in/configmaps', configMap('x'));
    expect(asked('/ns').map(({ namespace }) => namespace)).toEqual(['in']);
  });

  test('about a namespace by the labels that it is going to have', async () => {
    await configure('validating', 'ns', {
      rules: [{ ...configMapRule, resources: ['namespaces'] }],
      namespaceSelector: { matchLabels: { watched: 'yes' } },
    });
    await create('/api/v1/namespaces', { metadata: { name: 'in', labels: { watched: 'yes' } } });
    await create('/api/v1/namespaces', { metadata: { name: 'out' } });
    expect(asked('/ns')).toMatchObject([{ name: 'in', namespace: 'in' }]);
  });

  test('about objects that its selector wants, before or after', async () => {
    await configure('validating', 'ob', { objectSelector: { matchLabels: { watched: 'yes' } } });
    await create(configMaps, { metadata: { name: 'x', labels: { watched: 'yes' } } });
    await create(configMaps, { metadata: { name: 'y' } });
    await call('PATCH', `${configMaps}/x`, { metadata: { labels: { watched: 'no' } } }, merge);
    await call('PATCH', `${configMaps}/x`, { data: { a: 'b' } }, merge);
    expect(asked('/ob').map(({ operation, name }) => `${operation} ${String(name)}`)).toEqual([
      'CREATE x',
      'UPDATE x',
    ]);
  });

  test('about an equivalent version, converted, unless it wants none', async () => {
    const rules = [
      {
        apiGroups: ['autoscaling'],
        apiVersions: ['v1'],
        operations: ['*'],
        resources: ['horizontalpodautoscalers'],
      },
    ];
    await configure('mutating', 'eq', { rules });
    await configure('validating', 'ex', { rules, matchPolicy: 'Exact' });
    answers['/eq'] = () =>
      patchOf({ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 55 });
    const scaler = await create('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
      metadata: { name: 'h' },
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
          },
        ],
      },
    });
    expect(asked('/eq')).toMatchObject([
      {
        kind: { group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' },
        resource: { version: 'v1' },
        requestKind: { version: 'v2' },
        object: { apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 80 } },
      },
    ]);
    expect(asked('/ex')).toEqual([]);
    expect(scaler).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: { metrics: [{ resource: { target: { averageUtilization: 55 } } }] },
    });
  });

  test('about a Scale, and may change it', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    await create(deployments, deployment('d', 1));
    await configure('mutating', 'sc', {
      rules: [
        {
          apiGroups: ['apps'],
          apiVersions: ['v1'],
          operations: ['UPDATE'],
          resources: ['deployments/scale'],
        },
      ],
    });
    answers['/sc'] = () => patchOf({ op: 'replace', path: '/spec/replicas', value: 2 });
    const { body } = await call('PATCH', `${deployments}/d/scale`, { spec: { replicas: 7 } }, merge);
    expect(body.spec).toEqual({ replicas: 2 });
    expect(asked('/sc')).toMatchObject([
      {
        kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
        resource: { group: 'apps', version: 'v1', resource: 'deployments' },
        subResource: 'scale',
        requestSubResource: 'scale',
        object: { kind: 'Scale', spec: { replicas: 7 } },
        oldObject: { kind: 'Scale', spec: { replicas: 1 } },
      },
    ]);
  });

  test('about a status', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    await create(deployments, deployment('d', 1));
    await configure('validating', 'st', {
      rules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['*/status'] }],
    });
    await call('PATCH', `${deployments}/d/status`, { status: { observedGeneration: 1 } }, merge);
    expect(asked('/st')).toMatchObject([
      { subResource: 'status', object: { status: { observedGeneration: 1 } } },
    ]);
  });

  test('about an eviction, as about a new thing', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    await create(pods, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    await configure('validating', 'ev', { rules: [everything] });
    answers['/ev'] = () => ({ allowed: false });
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } };
    expect((await call('POST', `${pods}/p/eviction`, eviction)).status).toBe(400);
    expect(asked('/ev')).toMatchObject([
      {
        operation: 'CREATE',
        kind: { group: 'policy', kind: 'Eviction' },
        subResource: 'eviction',
        name: 'p',
      },
    ]);
  });

  test('about a connection into a pod', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    await create(pods, {
      metadata: { name: 'p' },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
    });
    await configure('validating', 'ex', {
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CONNECT'], resources: ['pods/exec'] }],
    });
    answers['/ex'] = () => ({ allowed: false, status: { message: 'nobody goes in' } });
    const refused = await call('POST', `${pods}/p/exec?command=sh&command=-c&stdin=true&tty=1&container=c`);
    expect(refused.body.message).toBe(
      'admission webhook "ex.example.com" denied the request: nobody goes in',
    );
    expect(asked('/ex')).toMatchObject([
      {
        operation: 'CONNECT',
        kind: { group: '', version: 'v1', kind: 'PodExecOptions' },
        name: 'p',
        object: {
          kind: 'PodExecOptions',
          apiVersion: 'v1',
          stdin: true,
          tty: true,
          container: 'c',
          command: ['sh', '-c'],
        },
        oldObject: null,
        options: null,
      },
    ]);
  });

  test('over the link, when it stands behind a Service', async () => {
    const { service, slice } = serviceObjects(
      { namespace: 'extensions', name: 'hook' },
      { address: '10.0.0.7', port: 8443 },
    );
    await create('/api/v1/namespaces', { metadata: { name: 'extensions' } });
    await create('/api/v1/namespaces/extensions/services', service);
    await create('/apis/discovery.k8s.io/v1/namespaces/extensions/endpointslices', slice);
    await configure('validating', 'far', {
      clientConfig: {
        service: { namespace: 'extensions', name: 'hook', path: '/far' },
        caBundle: hook.caBundle,
      },
    });
    answers['/far'] = () => ({ allowed: false });
    expect((await call('POST', configMaps, configMap('x'))).status).toBe(400);
  });
});

test('what a webhook adds to a custom resource is pruned', async () => {
  await create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'toys.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'toys', kind: 'Toy' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { data: { type: 'object', properties: { known: { type: 'string' } } } },
            },
          },
        },
      ],
    },
  });
  await configure('mutating', 'toys', {
    rules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['toys'] }],
  });
  answers['/toys'] = () =>
    patchOf({ op: 'add', path: '/data/known', value: 'a' }, { op: 'add', path: '/data/unknown', value: 'b' });
  const toys = '/apis/example.com/v1/namespaces/default/toys';
  await expect.poll(async () => (await call('GET', toys)).status).toBe(200);
  const { data } = await create(toys, {
    apiVersion: 'example.com/v1',
    kind: 'Toy',
    metadata: { name: 't' },
    data: {},
  });
  expect(data).toEqual({ known: 'a' });
});
