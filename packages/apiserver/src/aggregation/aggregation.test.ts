import { createHash } from 'node:crypto';
import http from 'node:http';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnyObject } from '@skerry/api';
import { systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { createCertificateAuthority } from '@skerry/pki';
import { allowAll, type SecurityFactory } from '#security.ts';
import { callerOf, type Caller } from '#testing/caller.ts';
import {
  dialerTo,
  serviceObjects,
  startExtensionServer,
  type ExtensionRequest,
  type ExtensionServer,
} from '#testing/extension-server.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let remote: ExtensionServer;
let server: TestServer;
let call: Caller;
let routes: Record<string, (request: ExtensionRequest) => unknown>;

const frontAuthority = createCertificateAuthority({ commonName: 'front', clock: systemClock });
const user = {
  name: 'ann',
  uid: '7',
  groups: ['dev', 'ops'],
  extra: { 'example.com/Team A': ['x', 'y'] },
};
const security: SecurityFactory = (access) => ({
  ...allowAll(access),
  authenticator: { authenticate: () => Promise.resolve(user) },
});

const resourceList = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: 'wardle.example.com/v1alpha1',
  resources: [
    {
      name: 'flunders',
      singularName: 'flunder',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['get', 'list'],
      shortNames: ['fl'],
    },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
  ],
};

beforeEach(async () => {
  const authority = await frontAuthority;
  remote = await startExtensionServer({
    dnsNames: ['api.wardle.svc'],
    clientAuthorityPem: authority.certificatePem,
    reply: (request, response) => {
      const route = routes[request.url.split('?')[0]!];
      if (!route) return void response.writeHead(404).end();
      return route(request);
    },
  });
  routes = { '/apis/wardle.example.com/v1alpha1': () => resourceList };
  server = await startTestServer({
    security,
    dialer: dialerTo(new Map([['10.0.0.9:443', remote.port]])),
    frontProxy: {
      authorityPem: authority.certificatePem,
      clientCertificate: await authority.issueClientCertificate({ user: 'front-proxy-client' }),
    },
    clientAuthorityPem: 'the clients',
  });
  call = callerOf(server.url);
});

afterEach(async () => {
  await server.close();
  await remote.close();
});

const registration = '/apis/apiregistration.k8s.io/v1/apiservices';
const name = 'v1alpha1.wardle.example.com';
const flunders = '/apis/wardle.example.com/v1alpha1/namespaces/default/flunders';
const aggregatedAccept = {
  headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
};

async function create(path: string, object: object): Promise<void> {
  const { status, body } = await call('POST', path, object);
  if (status !== 201) throw new Error(`${path}: ${JSON.stringify(body)}`);
}

async function createService({ endpoints = true } = {}): Promise<void> {
  const { service, slice } = serviceObjects(
    { namespace: 'wardle', name: 'api' },
    { address: '10.0.0.9', port: 443 },
  );
  await create('/api/v1/namespaces', { metadata: { name: 'wardle' } });
  await create('/api/v1/namespaces/wardle/services', service);
  if (endpoints) await create('/apis/discovery.k8s.io/v1/namespaces/wardle/endpointslices', slice);
}

async function register(spec: object = {}): Promise<void> {
  await create(registration, {
    metadata: { name },
    spec: {
      group: 'wardle.example.com',
      version: 'v1alpha1',
      groupPriorityMinimum: 2000,
      versionPriority: 200,
      service: { namespace: 'wardle', name: 'api' },
      caBundle: remote.caBundle,
      ...spec,
    },
  });
}

async function condition(): Promise<Record<string, string> | undefined> {
  const { body } = await call('GET', `${registration}/${name}`);
  return (body.status as { conditions?: Record<string, string>[] } | undefined)?.conditions?.[0];
}

async function available(): Promise<void> {
  await eventually(async () =>
    expect(await condition()).toMatchObject({ type: 'Available', status: 'True' }),
  );
}

describe('an aggregated API server', () => {
  beforeEach(async () => {
    await createService();
    await register();
    await available();
    remote.requests.length = 0;
  });

  test('is asked what it serves before it counts as available', async () => {
    expect(await condition()).toMatchObject({
      status: 'True',
      reason: 'Passed',
      message: 'all checks passed',
    });
  });

  test('gets requests as they came, and is told who asks', async () => {
    routes[flunders] = ({ body }) => ({ kind: 'Flunder', echoed: body });
    const { status, body } = await call(
      'POST',
      `${flunders}?fieldManager=me`,
      { a: 1 },
      {
        headers: {
          authorization: 'Bearer secret',
          'x-remote-user': 'forged',
          'x-remote-group': 'system:masters',
          'x-custom': 'kept',
        },
      },
    );
    expect([status, body]).toEqual([200, { kind: 'Flunder', echoed: { a: 1 } }]);
    const request = remote.requests.find(({ url }) => url.startsWith(flunders))!;
    expect(request).toMatchObject({
      method: 'POST',
      url: `${flunders}?fieldManager=me`,
      clientName: 'front-proxy-client',
      headers: {
        host: 'api.wardle.svc',
        'x-custom': 'kept',
        'x-remote-user': 'ann',
        'x-remote-uid': '7',
        'x-remote-group': 'dev, ops',
        'x-remote-extra-example.com%2fteam%20a': 'x, y',
      },
    });
    expect(request.headers).not.toHaveProperty('authorization');
  });

  test.each(['GET', 'PUT', 'PATCH', 'DELETE'])('gets a %s', async (method) => {
    routes[`${flunders}/x`] = (request) => ({ method: request.method });
    const body = method === 'GET' ? undefined : {};
    expect((await call(method, `${flunders}/x`, body)).body).toEqual({ method });
  });

  test('answers with its own status', async () => {
    expect((await call('GET', `${flunders}/none`)).status).toBe(404);
  });

  test('streams a watch while it is written', async () => {
    let write: (text: string) => void = () => undefined;
    remote.reply = (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      // Whether it is there is asked all the while.
      if (!request.url?.includes('watch')) {
        response.end('{}');
        return;
      }
      write = (text) => void response.write(text);
      write('{"type":"ADDED"}\n');
    };
    const response = await fetch(`${server.url}${flunders}?watch=true`);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toBe('{"type":"ADDED"}\n');
    write('{"type":"MODIFIED"}\n');
    expect((await reader.read()).value).toBe('{"type":"MODIFIED"}\n');
    await reader.cancel();
  });

  test('takes upgraded connections', async () => {
    remote.server.on('upgrade', (message, socket: Duplex) => {
      const accept = createHash('sha1')
        .update(`${message.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\nX-Told: ${String(message.headers['x-remote-user'])}\r\n\r\n`,
      );
      socket.on('data', (chunk: Buffer) => socket.write(`echo ${chunk.toString()}`));
    });
    const request = http.request(`${server.url}${flunders}/x/connect`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.from('0123456789abcdef').toString('base64'),
      },
    });
    request.end();
    const [message, socket] = await new Promise<[http.IncomingMessage, Duplex]>((resolve, reject) => {
      request.once('upgrade', (response, stream) => resolve([response, stream]));
      request.once('response', (response) => reject(new Error(`refused with ${response.statusCode}`)));
      request.once('error', reject);
    });
    expect(message.headers['x-told']).toBe('ann');
    socket.write('hello');
    expect(String(await new Promise((resolve) => void socket.once('data', resolve)))).toBe('echo hello');
    socket.destroy();
  });

  test('is listed in discovery, by its priority', async () => {
    await eventually(async () => {
      const { body } = await call('GET', '/apis', undefined, aggregatedAccept);
      const group = body.items?.find(({ metadata }) => metadata?.name === 'wardle.example.com');
      expect(group).toMatchObject({
        versions: [
          {
            version: 'v1alpha1',
            freshness: 'Current',
            resources: [
              {
                resource: 'flunders',
                responseKind: { group: 'wardle.example.com', version: 'v1alpha1', kind: 'Flunder' },
                scope: 'Namespaced',
                singularResource: 'flunder',
                shortNames: ['fl'],
                verbs: ['get', 'list'],
                subresources: [{ subresource: 'status', verbs: ['get'] }],
              },
            ],
          },
        ],
      });
    });
    const { body } = await call('GET', '/apis');
    const groups = (body.groups as { name: string }[]).map((group) => group.name);
    expect(groups.indexOf('wardle.example.com')).toBe(groups.length - 2);
    expect(groups.at(-1)).toBe('metrics.k8s.io');
    expect((await call('GET', '/apis/wardle.example.com')).body).toMatchObject({
      kind: 'APIGroup',
      preferredVersion: { groupVersion: 'wardle.example.com/v1alpha1' },
    });
    expect((await call('GET', '/apis/wardle.example.com/v1alpha1')).body).toEqual(resourceList);
  });

  test('that stops answering is listed as stale, with what it said last', async () => {
    await eventually(async () => {
      expect(JSON.stringify((await call('GET', '/apis', undefined, aggregatedAccept)).body)).toContain(
        'flunders',
      );
    });
    routes = {};
    await call('DELETE', '/api/v1/namespaces/wardle/services/api');
    await eventually(async () => {
      const { body } = await call('GET', '/apis', undefined, aggregatedAccept);
      const group = body.items?.find(({ metadata }) => metadata?.name === 'wardle.example.com');
      expect(group).toMatchObject({
        versions: [{ freshness: 'Stale', resources: [{ resource: 'flunders' }] }],
      });
    });
    const { status, headers, body } = await call('GET', flunders);
    expect([status, body.message]).toEqual([503, 'service unavailable\n']);
    expect(headers.get('content-type')).toContain('text/plain');
  });

  test('that is gone is served no more', async () => {
    await call('DELETE', `${registration}/${name}`);
    await eventually(async () => {
      expect((await call('GET', flunders)).status).toBe(404);
      expect(JSON.stringify((await call('GET', '/apis')).body)).not.toContain('wardle');
    });
  });
});

test('documents of an aggregated server are among those of this one', async () => {
  const definition = { type: 'object', properties: { meta: { $ref: '#/definitions/Meta' } } };
  routes['/openapi/v3'] = () => ({
    paths: {
      'apis/wardle.example.com/v1alpha1': {
        serverRelativeURL: '/openapi/v3/apis/wardle.example.com/v1alpha1?hash=1',
      },
    },
  });
  routes['/openapi/v3/apis/wardle.example.com/v1alpha1'] = () => ({
    openapi: '3.0.0',
    paths: { [flunders]: {} },
  });
  routes['/openapi/v2'] = () => ({
    paths: {
      [flunders]: { get: { responses: { 200: { schema: { $ref: '#/definitions/Flunder' } } } } },
      '/healthz/': {},
    },
    definitions: { Flunder: definition, Meta: { type: 'string' }, Unused: {} },
  });
  await createService();
  await register();
  await eventually(async () => {
    expect(JSON.stringify((await call('GET', '/openapi/v3')).body)).toContain('wardle');
  });
  const index = (await call('GET', '/openapi/v3')).body as unknown as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  const { serverRelativeURL } = index.paths['apis/wardle.example.com/v1alpha1']!;
  expect((await call('GET', serverRelativeURL)).body).toEqual({
    openapi: '3.0.0',
    paths: { [flunders]: {} },
  });
  const { body } = await call('GET', '/openapi/v2');
  const { paths, definitions } = body as unknown as Record<'paths' | 'definitions', Record<string, unknown>>;
  expect(paths[flunders]).toBeDefined();
  expect(paths['/healthz/']).toBeUndefined();
  expect(definitions['Flunder']).toEqual(definition);
  expect(definitions['Meta']).toEqual({ type: 'string' });
  expect(definitions['Unused']).toBeUndefined();
});

describe('an APIService is not available', () => {
  const where = 'service/api in "wardle"';
  test.each<[string, string, () => Promise<void>]>([
    ['ServiceNotFound', `${where} is not present`, () => register()],
    [
      'EndpointsNotFound',
      `cannot find endpointslices for ${where}`,
      async () => {
        await createService({ endpoints: false });
        await register();
      },
    ],
    [
      'ServicePortError',
      `${where} is not listening on port 8443`,
      async () => {
        await createService();
        await register({ service: { namespace: 'wardle', name: 'api', port: 8443 } });
      },
    ],
    [
      'FailedDiscoveryCheck',
      'failing or missing response from https://api.wardle.svc:443/apis/wardle.example.com/v1alpha1: bad status from https://api.wardle.svc:443/apis/wardle.example.com/v1alpha1: 404',
      async () => {
        routes = {};
        await createService();
        await register();
      },
    ],
    [
      'FailedDiscoveryCheck',
      'failing or missing response from https://api.wardle.svc:443/apis/wardle.example.com/v1alpha1: Get "https://api.wardle.svc:443/apis/wardle.example.com/v1alpha1": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      async () => {
        await createService();
        await register({ caBundle: undefined });
      },
    ],
  ])('with %s: %s', async (reason, message, arrange) => {
    await arrange();
    await eventually(async () =>
      expect(await condition()).toMatchObject({ status: 'False', reason, message }),
    );
    const { status, body } = await call('GET', flunders);
    expect([status, body.message]).toEqual([503, 'service unavailable\n']);
  });

  test('until its Service is there', async () => {
    await register();
    await eventually(async () => expect(await condition()).toMatchObject({ reason: 'ServiceNotFound' }));
    await createService();
    await available();
  });

  test('for its certificate, unless it may be anyone', async () => {
    await createService();
    await register({ caBundle: undefined, insecureSkipTLSVerify: true });
    await available();
  });
});

describe('local APIServices', () => {
  test('are there for what is built in', async () => {
    const { body } = await call('GET', registration);
    const byName = new Map(body.items?.map((item) => [item.metadata?.name, item]));
    expect(byName.get('v1.')).toMatchObject({
      metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
      spec: { version: 'v1', groupPriorityMinimum: 18_000, versionPriority: 1 },
    });
    expect(byName.get('v2.autoscaling')?.spec).toMatchObject({
      groupPriorityMinimum: 17_500,
      versionPriority: 30,
    });
    expect(byName.has('v1beta1.metrics.k8s.io')).toBe(true);
    await eventually(async () => {
      expect((await call('GET', `${registration}/v1.apps`)).body.status).toMatchObject({
        conditions: [
          {
            type: 'Available',
            status: 'True',
            reason: 'Local',
            message: 'Local APIServices are always available',
          },
        ],
      });
    });
  });

  test('come and go with definitions', async () => {
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await create(crds, {
      metadata: { name: 'toys.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'toys', kind: 'Toy' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    });
    await eventually(async () => {
      expect((await call('GET', `${registration}/v1.example.com`)).body).toMatchObject({
        metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'true' } },
        spec: { groupPriorityMinimum: 1000, versionPriority: 100 },
      });
    });
    await call('DELETE', `${crds}/toys.example.com`);
    await eventually(async () =>
      expect((await call('GET', `${registration}/v1.example.com`)).status).toBe(404),
    );
  });
});

test('aggregated servers learn whom to believe', async () => {
  const { body } = await call(
    'GET',
    '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication',
  );
  const authority = await frontAuthority;
  expect(body.data).toEqual({
    'client-ca-file': 'the clients',
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-client-ca-file': authority.certificatePem,
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-username-headers': '["X-Remote-User"]',
  } satisfies Record<string, string> as AnyObject['data']);
});
