/** The proxy beside a real API server and real endpoints. Services are of type ExternalName, since no slice may name loopback. */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { createClient, createHttpTransport, resourcePath, type ApiClient } from '@skerry/client';
import { createCertificateAuthority, type CertificateAuthority } from '@skerry/pki';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { parseAllDocuments } from 'yaml';
import { IngressProxy } from '#ingress-proxy.ts';
import type { Condition } from '#sources/gateway-kinds.ts';

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

const plurals: Readonly<Record<string, string>> = {
  Ingress: 'ingresses',
  IngressClass: 'ingressclasses',
  GatewayClass: 'gatewayclasses',
};
const clusterWide = new Set(['IngressClass', 'GatewayClass', 'Namespace', 'CustomResourceDefinition']);

let server: TestServer;
let client: ApiClient;
let authority: CertificateAuthority;
let proxy: IngressProxy;
let running: Promise<void>;
const stop = new AbortController();
const backends: (() => void)[] = [];

beforeAll(async () => {
  server = await startTestServer();
  client = createClient({ transport: createHttpTransport({ server: server.url }), userAgent: 'test' });
  authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  const folder = join(import.meta.dirname, '../../../components/ingress/1.0.0/manifests');
  for (const document of parseAllDocuments(readFileSync(join(folder, '10-gateway-api.yaml'), 'utf8'))) {
    const { $if: _, ...definition } = document.toJS() as Record<string, unknown>;
    await create(definition);
  }
  const names = ['gatewayclasses', 'gateways', 'httproutes', 'referencegrants'];
  await eventually(async () => {
    const list = await client.request<{ items: { status?: { conditions?: Condition[] } }[] }>(
      'GET',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    );
    const established = list.items.filter(({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True'),
    );
    expect(established).toHaveLength(names.length);
  });
  await create(
    networking('IngressClass', 'skerry', undefined, { controller: 'skerry.io/ingress-controller' }),
    gateway('GatewayClass', 'skerry', undefined, { controllerName: 'skerry.io/gateway-controller' }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'ingress', namespace: 'default' },
      spec: { type: 'ClusterIP', clusterIP: '10.96.0.7', ports: [{ port: 80 }] },
    },
  );
  proxy = new IngressProxy({
    client,
    identity: 'proxy',
    pool: undefined,
    ports: { http: [80], https: [443] },
    gatewayApi: true,
    service: { namespace: 'default', name: 'ingress' },
    adminPort: 0,
    bindPort: () => 0,
    clock: systemClock,
    log: silentLogger,
    random: Math.random,
  });
  running = proxy.run(stop.signal);
  await eventually(() => Promise.resolve(expect(proxy.addressOf(443)).toBeGreaterThan(0)));
});

afterAll(async () => {
  stop.abort();
  await running;
  for (const close of backends) close();
  client.close();
  await server.close();
});

async function create(...objects: object[]): Promise<void> {
  for (const object of objects) {
    const { apiVersion, kind, metadata } = object as {
      apiVersion: string;
      kind: string;
      metadata: { namespace?: string };
    };
    await client.request('POST', pathOf(apiVersion, kind, metadata.namespace), { body: object });
  }
}

function pathOf(apiVersion: string, kind: string, namespace = 'default'): string {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const resource = plurals[kind] ?? `${kind.toLowerCase()}s`;
  const namespaced = !clusterWide.has(kind);
  const ref = { group: group!, version: version!, kind, resource, namespaced };
  return resourcePath(ref, namespaced ? { namespace } : {});
}

function networking(kind: string, name: string, namespace: string | undefined, spec: object): object {
  return { apiVersion: 'networking.k8s.io/v1', kind, metadata: { name, namespace }, spec };
}

function gateway(kind: string, name: string, namespace: string | undefined, spec: object): object {
  const version = kind === 'ReferenceGrant' ? 'v1beta1' : 'v1';
  return {
    apiVersion: `gateway.networking.k8s.io/${version}`,
    kind,
    metadata: { name, namespace },
    spec,
  };
}

/** An endpoint with a Service before it. */
async function backend(
  name: string,
  handler: http.RequestListener = echo(name),
  { namespace = 'default', appProtocol = undefined as string | undefined, h2 = false } = {},
): Promise<http.Server | http2.Http2Server> {
  const listening = h2
    ? http2.createServer(handler as unknown as (request: http2.Http2ServerRequest) => void)
    : http.createServer(handler);
  await new Promise<void>((resolve) => listening.listen(0, 'localhost', resolve));
  backends.push(() => {
    listening.close();
    if (listening instanceof http.Server) listening.closeAllConnections();
  });
  await create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {
      type: 'ExternalName',
      externalName: 'localhost',
      ports: [{ name: 'http', port: (listening.address() as AddressInfo).port, appProtocol }],
    },
  });
  return listening;
}

function echo(name: string): http.RequestListener {
  return (request, response) => {
    response.setHeader('x-from', name);
    response.setHeader('x-secret', 'inner');
    let body = '';
    request.on('data', (chunk: Buffer) => (body += String(chunk)));
    request.on('end', () =>
      response.end(
        JSON.stringify({ name, url: request.url, method: request.method, headers: request.headers, body }),
      ),
    );
  };
}

async function portOf(name: string, namespace = 'default'): Promise<number> {
  const service = await client.request<{ spec: { ports: { port: number }[] } }>(
    'GET',
    `${pathOf('v1', 'Service', namespace)}/${name}`,
  );
  return service.spec.ports[0]!.port;
}

function ask(
  host: string,
  path: string,
  {
    tls = false,
    ...options
  }: Omit<https.RequestOptions, 'headers'> & {
    tls?: boolean;
    body?: string;
    headers?: Record<string, string>;
  } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = (tls ? https : http).request(
      {
        host: '127.0.0.1',
        port: proxy.addressOf(tls ? 443 : 80),
        path,
        servername: host,
        ca: authority.certificatePem,
        agent: false,
        ...options,
        headers: { host, ...options.headers },
      },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += String(chunk)));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

/** Which endpoint answers; else the status. */
async function who(
  host: string,
  path: string,
  options: Parameters<typeof ask>[2] = {},
): Promise<string | number> {
  const { status, headers } = await ask(host, path, options);
  return (headers['x-from'] as string | undefined) ?? status;
}

const toService = (name: string, number: number) => ({ service: { name, port: { number } } });

async function secretFor(name: string, host: string, namespace = 'default'): Promise<void> {
  const pair = await authority.issueServerCertificate({ dnsNames: [host], ipAddresses: [] });
  await create({
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name, namespace },
    stringData: { 'tls.crt': pair.certificatePem, 'tls.key': pair.keyPem },
  });
}

describe('an Ingress', () => {
  test('leads by host and path, with TLS, and tells where it is reached', async () => {
    for (const name of ['one', 'two', 'rest']) await backend(name);
    const [one, two, rest] = await Promise.all(['one', 'two', 'rest'].map((name) => portOf(name)));
    await secretFor('shop-tls', 'shop.example.com');
    await create(
      networking('Ingress', 'shop', 'default', {
        ingressClassName: 'skerry',
        tls: [{ hosts: ['shop.example.com'], secretName: 'shop-tls' }],
        defaultBackend: toService('rest', rest!),
        rules: [
          {
            host: 'shop.example.com',
            http: {
              paths: [
                { path: '/a', pathType: 'Prefix', backend: toService('one', one!) },
                { path: '/a/b', pathType: 'Exact', backend: toService('two', two!) },
                { path: '/none', pathType: 'Prefix', backend: toService('absent', 80) },
              ],
            },
          },
          {
            host: '*.example.org',
            http: { paths: [{ path: '/', pathType: 'Prefix', backend: toService('two', two!) }] },
          },
        ],
      }),
      networking('Ingress', 'other', 'default', {
        ingressClassName: 'of-somebody-else',
        rules: [
          {
            host: 'other.example.com',
            http: { paths: [{ path: '/', pathType: 'Prefix', backend: toService('one', one!) }] },
          },
        ],
      }),
    );
    await eventually(async () => expect(await who('shop.example.com', '/a')).toBe('one'));
    const asked: [string, string, string | number][] = [
      ['shop.example.com', '/a/', 'one'],
      ['SHOP.example.com:80', '/a/c?x=1', 'one'],
      ['shop.example.com', '/a/b', 'two'],
      ['shop.example.com', '/ab', 'rest'],
      ['shop.example.com', '/x/../a/b', 'two'],
      ['shop.example.com', '/a/%2e%2E/q', 'rest'],
      ['shop.example.com', '/none', 503],
      ['a.example.org', '/', 'two'],
      ['a.b.example.org', '/', 'rest'],
      ['other.example.com', '/', 'rest'],
    ];
    for (const [host, path, expected] of asked)
      expect([host, path, await who(host, path)]).toEqual([host, path, expected]);
    expect(await who('shop.example.com', '/a', { tls: true })).toBe('one');
    const { headers } = JSON.parse(
      (
        await ask('shop.example.com', '/a', {
          headers: { 'x-forwarded-for': '6.6.6.6', connection: 'x-hop', 'x-hop': '1' },
        })
      ).body,
    ) as { headers: Record<string, string> };
    expect(headers).toMatchObject({
      host: 'shop.example.com',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
    });
    expect(headers).not.toHaveProperty('x-hop');
    await expect(ask('nobody.example.com', '/', { tls: true })).rejects.toThrow();
    await eventually(async () => {
      const { status } = await client.request<{ status: unknown }>(
        'GET',
        `${pathOf('networking.k8s.io/v1', 'Ingress')}/shop`,
      );
      expect(status).toEqual({ loadBalancer: { ingress: [{ ip: '10.96.0.7' }] } });
    });
  });
});

describe('a Gateway', () => {
  beforeAll(async () => {
    for (const name of ['red', 'blue']) await backend(name);
    await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'far' } });
    await backend('green', echo('green'), { namespace: 'far' });
    await secretFor('edge-tls', '*.edge.example');
    await create(
      gateway('Gateway', 'edge', 'default', {
        gatewayClassName: 'skerry',
        listeners: [
          { name: 'web', port: 80, protocol: 'HTTP', hostname: '*.edge.example' },
          {
            name: 'secure',
            port: 443,
            protocol: 'HTTPS',
            hostname: '*.edge.example',
            tls: { certificateRefs: [{ name: 'edge-tls' }] },
          },
          { name: 'odd', port: 8081, protocol: 'HTTP' },
          { name: 'broken', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'absent' }] } },
        ],
      }),
    );
  });

  const route = (name: string, hostname: string, rules: object[], spec: object = {}) =>
    gateway('HTTPRoute', name, 'default', {
      parentRefs: [{ name: 'edge' }],
      hostnames: [hostname],
      rules,
      ...spec,
    });

  test('leads by path, header, method, parameter and weight', async () => {
    const [red, blue] = [await portOf('red'), await portOf('blue')];
    const to = (name: string, port: number, weight?: number) => [{ name, port, weight }];
    await create(
      route('matches', 'm.edge.example', [
        { matches: [{ path: { value: '/p' } }], backendRefs: to('red', red) },
        {
          matches: [{ path: { value: '/p' }, headers: [{ name: 'X-Version', value: '2' }] }],
          backendRefs: to('blue', blue),
        },
        { matches: [{ path: { value: '/p' }, method: 'DELETE' }], backendRefs: to('blue', blue) },
        {
          matches: [{ path: { value: '/p' }, queryParams: [{ name: 'beta', value: '1' }] }],
          backendRefs: to('blue', blue),
        },
        { matches: [{ path: { type: 'Exact', value: '/p/exact' } }], backendRefs: to('blue', blue) },
        {
          matches: [{ path: { value: '/share' } }],
          backendRefs: [...to('red', red, 1), ...to('blue', blue, 1)],
        },
        { matches: [{ path: { value: '/nothing' } }], backendRefs: [] },
      ]),
    );
    await eventually(async () => expect(await who('m.edge.example', '/p')).toBe('red'));
    expect(await who('m.edge.example', '/p', { headers: { 'x-version': '2' } })).toBe('blue');
    expect(await who('m.edge.example', '/p', { method: 'DELETE' })).toBe('blue');
    expect(await who('m.edge.example', '/p?a=b&beta=1')).toBe('blue');
    expect(await who('m.edge.example', '/p/exact')).toBe('blue');
    expect(await who('m.edge.example', '/p', { tls: true })).toBe('red');
    expect(await who('m.edge.example', '/nothing')).toBe(500);
    expect(await who('m.edge.example', '/')).toBe(404);
    const seen = new Set<unknown>();
    await eventually(async () => {
      seen.add(await who('m.edge.example', '/share'));
      expect(seen).toEqual(new Set(['red', 'blue']));
    });
  });

  test('redirects, rewrites and changes header fields', async () => {
    const red = await portOf('red');
    const backendRefs = [{ name: 'red', port: red }];
    await create(
      route('filters', 'f.edge.example', [
        {
          matches: [{ path: { value: '/old' } }],
          filters: [
            {
              type: 'RequestRedirect',
              requestRedirect: {
                scheme: 'https',
                statusCode: 301,
                path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' },
              },
            },
          ],
        },
        {
          matches: [{ path: { value: '/api' } }],
          filters: [
            {
              type: 'URLRewrite',
              urlRewrite: {
                hostname: 'inner.example',
                path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/v1' },
              },
            },
            {
              type: 'RequestHeaderModifier',
              requestHeaderModifier: {
                set: [{ name: 'X-A', value: 'set' }],
                add: [{ name: 'X-B', value: 'more' }],
                remove: ['X-C'],
              },
            },
            {
              type: 'ResponseHeaderModifier',
              responseHeaderModifier: { remove: ['X-Secret'], set: [{ name: 'X-Mark', value: '1' }] },
            },
          ],
          backendRefs,
        },
      ]),
    );
    const moved = await eventually(async () => {
      const answer = await ask('f.edge.example', '/old/a?b=c');
      expect(answer.status).toBe(301);
      return answer;
    });
    expect(moved.headers.location).toBe('https://f.edge.example/new/a?b=c');
    const answer = await ask('f.edge.example', '/api/x', {
      method: 'POST',
      body: 'hello',
      headers: { 'x-b': 'one', 'x-c': 'gone' },
    });
    expect(answer.headers).toMatchObject({ 'x-mark': '1', 'x-from': 'red' });
    expect(answer.headers).not.toHaveProperty('x-secret');
    expect(JSON.parse(answer.body)).toMatchObject({
      url: '/v1/x',
      body: 'hello',
      headers: { host: 'inner.example', 'x-a': 'set', 'x-b': 'one, more' },
    });
    expect(JSON.parse(answer.body).headers).not.toHaveProperty('x-c');
  });

  test('reaches another namespace where that grants it, and says in conditions what is wrong', async () => {
    const green = await portOf('green', 'far');
    await create(
      route('granted', 'g.edge.example', [
        { backendRefs: [{ name: 'green', namespace: 'far', port: green }] },
      ]),
      route('lost', 'g.elsewhere.example', [{ backendRefs: [{ name: 'green', port: 1 }] }], {
        parentRefs: [{ name: 'edge', sectionName: 'web' }],
      }),
      route('absent', 'n.edge.example', [{ backendRefs: [{ name: 'green', port: 1 }] }]),
      route('nameless', 'x.edge.example', [], {
        parentRefs: [{ name: 'edge', sectionName: 'none' }],
        rules: undefined,
      }),
    );
    await eventually(async () => expect(await who('g.edge.example', '/')).toBe(500));
    const conditions = async (name: string) =>
      summary(
        (
          await client.request<{ status?: { parents?: { conditions: Condition[] }[] } }>(
            'GET',
            `${pathOf('gateway.networking.k8s.io/v1', 'HTTPRoute')}/${name}`,
          )
        ).status?.parents?.[0]?.conditions,
      );
    await eventually(async () => {
      expect(await conditions('granted')).toEqual({
        Accepted: 'True Accepted',
        ResolvedRefs: 'False RefNotPermitted',
      });
      expect(await conditions('absent')).toEqual({
        Accepted: 'True Accepted',
        ResolvedRefs: 'False BackendNotFound',
      });
      expect((await conditions('lost')).Accepted).toBe('False NoMatchingListenerHostname');
      expect((await conditions('nameless')).Accepted).toBe('False NoMatchingParent');
    });
    await create(
      gateway('ReferenceGrant', 'from-default', 'far', {
        from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default' }],
        to: [{ group: '', kind: 'Service' }],
      }),
    );
    await eventually(async () => {
      expect(await who('g.edge.example', '/')).toBe('green');
      expect((await conditions('granted')).ResolvedRefs).toBe('True ResolvedRefs');
    });
    const edge = await client.request<{
      status: {
        addresses: unknown;
        conditions: Condition[];
        listeners: { name: string; attachedRoutes: number; conditions: Condition[] }[];
      };
    }>('GET', `${pathOf('gateway.networking.k8s.io/v1', 'Gateway')}/edge`);
    expect(edge.status.addresses).toEqual([{ type: 'IPAddress', value: '10.96.0.7' }]);
    expect(summary(edge.status.conditions)).toEqual({
      Accepted: 'True ListenersNotValid',
      Programmed: 'True Programmed',
    });
    const listeners = Object.fromEntries(
      edge.status.listeners.map((listener) => [listener.name, summary(listener.conditions)]),
    );
    expect(listeners).toMatchObject({
      web: {
        Accepted: 'True Accepted',
        Programmed: 'True Programmed',
        ResolvedRefs: 'True ResolvedRefs',
        Conflicted: 'False NoConflicts',
      },
      odd: { Accepted: 'False PortUnavailable', Programmed: 'False Invalid' },
      broken: { ResolvedRefs: 'False InvalidCertificateRef', Programmed: 'False Invalid' },
    });
    expect(edge.status.listeners.find(({ name }) => name === 'web')?.attachedRoutes).toBeGreaterThan(1);
    const { status } = await client.request<{ status: { conditions: Condition[] } }>(
      'GET',
      `${pathOf('gateway.networking.k8s.io/v1', 'GatewayClass')}/skerry`,
    );
    expect(summary(status.conditions)).toMatchObject({ Accepted: 'True Accepted' });
  });

  test('ends what takes too long, and what breaks', async () => {
    await backend('slow', () => undefined);
    const breaking = (await backend('breaking', (request) => request.socket.destroy())) as http.Server;
    await create(
      route('slow', 's.edge.example', [
        { timeouts: { request: '50ms' }, backendRefs: [{ name: 'slow', port: await portOf('slow') }] },
      ]),
      route('breaking', 'b.edge.example', [
        { backendRefs: [{ name: 'breaking', port: await portOf('breaking') }] },
      ]),
    );
    await eventually(async () => expect(await who('s.edge.example', '/')).toBe(504));
    await eventually(async () => expect(await who('b.edge.example', '/')).toBe(502));
    breaking.close();
    expect(await who('b.edge.example', '/')).toBe(502);
  });

  test('passes WebSocket on, and a connection outlives a change of routes', async () => {
    const listening = await backend('socket');
    const sockets = new WebSocketServer({ server: listening as http.Server });
    sockets.on('connection', (socket) =>
      socket.on('message', (data) => socket.send(`heard ${(data as Buffer).toString()}`)),
    );
    const rules = [{ backendRefs: [{ name: 'socket', port: await portOf('socket') }] }];
    await create(route('socket', 'w.edge.example', rules));
    await eventually(async () => expect(await who('w.edge.example', '/')).toBe('socket'));
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.addressOf(80)}/`, {
      headers: { host: 'w.edge.example' },
    });
    const heard: string[] = [];
    socket.on('message', (data) => heard.push((data as Buffer).toString()));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.send('one');
    await eventually(() => Promise.resolve(expect(heard).toEqual(['heard one'])));
    await client.request('DELETE', `${pathOf('gateway.networking.k8s.io/v1', 'HTTPRoute')}/socket`);
    await eventually(async () => expect(await who('w.edge.example', '/')).toBe(404));
    socket.send('two');
    await eventually(() => Promise.resolve(expect(heard).toEqual(['heard one', 'heard two'])));
    socket.terminate();
    sockets.close();
  });

  test('speaks HTTP/2 at both ends, with trailers', async () => {
    const handler = ((request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
      response.setHeader('content-type', 'application/grpc');
      response.write(`for ${request.headers[':authority']} `);
      request.on('data', (chunk: Buffer) => response.write(chunk));
      request.on('end', () => {
        response.addTrailers({ 'grpc-status': '0' });
        response.end();
      });
    }) as unknown as http.RequestListener;
    await backend('rpc', handler, { appProtocol: 'kubernetes.io/h2c', h2: true });
    await create(
      route('rpc', 'r.edge.example', [{ backendRefs: [{ name: 'rpc', port: await portOf('rpc') }] }]),
    );
    const session = http2.connect(`https://r.edge.example`, {
      ca: authority.certificatePem,
      host: '127.0.0.1',
      port: proxy.addressOf(443),
      servername: 'r.edge.example',
      lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    } as http2.SecureClientSessionOptions);
    const call = (authority = 'r.edge.example') =>
      new Promise<{ status?: number; body: string; trailers: http2.IncomingHttpHeaders }>(
        (resolve, reject) => {
          const stream = session.request({
            ':method': 'POST',
            ':path': '/s/m',
            ':authority': authority,
            te: 'trailers',
          });
          let status: number | undefined;
          let body = '';
          let trailers: http2.IncomingHttpHeaders = {};
          stream.on('response', (headers) => (status = headers[':status']));
          stream.on('trailers', (fields) => (trailers = fields));
          stream.on('data', (chunk: Buffer) => (body += String(chunk)));
          stream.on('end', () => resolve({ status, body, trailers }));
          stream.on('error', reject);
          stream.end('ping');
        },
      );
    await eventually(async () => expect((await call()).status).toBe(200));
    const { body, trailers } = await call();
    expect(body).toBe('for r.edge.example ping');
    expect(trailers['grpc-status']).toBe('0');
    expect((await call('shop.example.com')).status).toBe(421);
    session.destroy();
  });
});

test('what is no HTTP is told so, and a request to no host finds nothing', async () => {
  const raw = (text: string) =>
    new Promise<string>((resolve) => {
      const socket = net.connect(proxy.addressOf(80)!, '127.0.0.1', () => socket.end(text));
      let answer = '';
      socket.on('data', (chunk) => (answer += String(chunk)));
      socket.on('close', () => resolve(answer));
    });
  expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
  expect(await raw(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 431/,
  );
  expect(await raw('GET / HTTP/1.1\r\nhost: a b\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
  expect(
    await raw('GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n'),
  ).toMatch(/^HTTP\/1\.1 400/);
});

function summary(conditions: readonly Condition[] = []): Record<string, string> {
  return Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
}
