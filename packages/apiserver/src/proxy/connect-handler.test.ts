import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { duplexPair, type Duplex } from 'node:stream';
import { gzipSync } from 'node:zlib';
import type { AnyObject } from '@skerry/api';
import { WebSocket } from '@skerry/streams/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NodeDialer } from '#ports.ts';
import { createConnectFactory } from '#proxy/connect-handler.ts';
import { startTestServer, type TestServer } from '#testing/index.ts';

let server: TestServer;
/** The node's own server, and a pod's. */
let node: Server;
let pod: Server;
let dialled: string[];
const cleanups: (() => unknown)[] = [];
/** As they were dialled. */
let connections: Duplex[];

beforeEach(async () => {
  dialled = [];
  connections = [];
  node = http.createServer(echo('node'));
  pod = http.createServer(echo('pod'));
  const lead = (to: Server, what: string): Promise<Duplex> => {
    dialled.push(what);
    if (what.startsWith('gone')) return Promise.reject(new Error('node gone holds no link'));
    const [ours, theirs] = duplexPair();
    connections.push(ours);
    to.emit('connection', theirs);
    return Promise.resolve(ours);
  };
  const dialer: NodeDialer = {
    dial: (name, { purpose }) => lead(node, `${name} ${purpose}`),
    dialPod: (name, { address, port }) => lead(pod, `${name} ${address}:${port}`),
  };
  server = await startTestServer({ connect: createConnectFactory({ random: () => 0 }), dialer });
  for (const name of ['n1', 'gone']) await create('/api/v1/nodes', { metadata: { name } });
  await createPod('web', { nodeName: 'n1', containers: [container('app', 8080)] });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
  await server.close();
});

/** Says what arrived. */
function echo(who: string): RequestListener {
  return (request, response) => {
    void read(request).then((body) => {
      const { host, authorization, 'impersonate-user': impersonated } = request.headers;
      response.setHeader('X-Who', who);
      response.end(
        JSON.stringify({ method: request.method, url: request.url, host, authorization, impersonated, body }),
      );
    });
  };
}

async function read(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

function container(name: string, port?: number): AnyObject {
  return { name, image: 'x', ...(port ? { ports: [{ containerPort: port, name: 'web' }] } : {}) };
}

async function create(path: string, object: object): Promise<void> {
  const { status, body } = await call('POST', path, { body: JSON.stringify(object) });
  if (status !== 201) throw new Error(`${path}: ${JSON.stringify(body)}`);
}

async function createPod(name: string, spec: object, status: object = { podIP: '10.0.0.7' }): Promise<void> {
  await create('/api/v1/namespaces/default/pods', { metadata: { name }, spec });
  const answer = await call('PATCH', `/api/v1/namespaces/default/pods/${name}/status`, {
    body: JSON.stringify({ status }),
    headers: { 'Content-Type': 'application/merge-patch+json' },
  });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer));
}

async function call(
  method: string,
  path: string,
  { body, headers = {} }: { body?: string; headers?: Record<string, string> } = {},
) {
  const response = await fetch(server.url + path, {
    method,
    body,
    headers: { 'Content-Type': 'application/json', ...headers },
    redirect: 'manual',
  });
  const text = await response.text();
  let parsed: unknown = text;
  try {
    parsed = JSON.parse(text);
  } catch {}
  return { status: response.status, body: parsed as AnyObject, headers: response.headers };
}

/** Asks for an upgrade; answers the raw socket, or the refusal. */
async function upgrade(
  method: string,
  path: string,
  headers: Record<string, string | string[]>,
): Promise<{ message: IncomingMessage; socket?: Duplex; text: string }> {
  const request = http.request(server.url + path, { method, headers: { Connection: 'Upgrade', ...headers } });
  request.end();
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('upgrade', (message, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      cleanups.push(() => socket.destroy());
      resolve({ message, socket, text: '' });
    });
    request.once('response', (message) => {
      read(message).then((text) => resolve({ message, text }), reject);
    });
  });
}

const pods = '/api/v1/namespaces/default/pods';

describe('logs', () => {
  test('are asked of the node, with every option', async () => {
    const query =
      'follow=true&previous=false&sinceSeconds=5&timestamps=true&tailLines=3&limitBytes=9&pretty=true';
    const { body } = await call('GET', `${pods}/web/log?${query}`);
    expect(body.url).toBe(
      '/containerLogs/default/web/app?follow=true&previous=false&sinceSeconds=5&timestamps=true&tailLines=3&limitBytes=9',
    );
    expect(dialled).toEqual(['n1 log']);
  });

  test('are passed on while they are written', async () => {
    let write: (text: string) => void = () => undefined;
    node.removeAllListeners('request').on('request', (_request, response) => {
      write = (text) => void response.write(text);
      write('first');
    });
    const response = await fetch(`${server.url}${pods}/web/log?follow=1`);
    const reader = response.body!.getReader();
    const next = async () => Buffer.from((await reader.read()).value ?? []).toString();
    expect(await next()).toBe('first');
    write('second');
    expect(await next()).toBe('second');
    await reader.cancel();
  });

  test('of a pod without a node are empty', async () => {
    await createPod('waiting', { containers: [container('app')] });
    expect(await call('GET', `${pods}/waiting/log`)).toMatchObject({ status: 200, body: '' });
  });

  test.each([
    [
      'two',
      '',
      400,
      'a container name must be specified for pod two, choose one of: [a b] or one of the init containers: [i]',
    ],
    ['two', '?container=c', 400, 'container c is not valid for pod two'],
    [
      'two',
      '?container=a',
      400,
      'container "a" in pod "two" is waiting to start: trying and failing to pull image',
    ],
    ['two', '?container=b&previous=true', 400, 'previous terminated container "b" in pod "two" not found'],
    ['none', '', 404, 'pods "none" not found'],
    [
      'web',
      '?tailLines=-1',
      422,
      'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
    ],
    ['far', '', 503, 'node "gone" can\'t be reached: node gone holds no link'],
  ])('of %s%s are refused with %i', async (name, query, status, message) => {
    await createPod(
      'two',
      { nodeName: 'n1', initContainers: [container('i')], containers: [container('a'), container('b')] },
      {
        containerStatuses: [
          {
            name: 'a',
            ready: false,
            restartCount: 0,
            image: 'x',
            imageID: '',
            state: { waiting: { reason: 'ImagePullBackOff' } },
          },
          { name: 'b', ready: true, restartCount: 0, image: 'x', imageID: '', state: { running: {} } },
        ],
      },
    );
    await createPod('far', { nodeName: 'gone', containers: [container('app')] });
    const answer = await call('GET', `${pods}/${name}/log${query}`);
    expect(answer).toMatchObject({ status, body: { kind: 'Status', code: status, message } });
  });

  test('carry the text of the node when it refuses', async () => {
    node.removeAllListeners('request').on('request', (_request, response) => {
      response.writeHead(400).end('container "app" in pod "web" is waiting to start: ContainerCreating');
    });
    expect(await call('GET', `${pods}/web/log`)).toMatchObject({
      status: 400,
      body: { reason: 'BadRequest', message: expect.stringContaining('waiting to start') },
    });
  });
});

describe('logs over WebSocket', () => {
  beforeEach(() => {
    node.removeAllListeners('request').on('request', (_request, response) => {
      response.write('one\n');
      setImmediate(() => response.end('two\n'));
    });
  });

  async function readMessages(path: string, protocols: string[]): Promise<{ text: string; code: number }> {
    const socket = new WebSocket(server.url.replace('http', 'ws') + path, protocols);
    let text = '';
    socket.on('message', (message: Buffer) => (text += message.toString()));
    const [code] = (await once(socket, 'close')) as [number];
    return { text, code };
  }

  test.each([
    [[], 'one\ntwo\n'],
    [['binary.k8s.io'], 'one\ntwo\n'],
    [['base64.binary.k8s.io'], 'b25lCg==dHdvCg=='],
  ])('come as messages of %j', async (protocols, text) => {
    expect(await readMessages(`${pods}/web/log`, protocols)).toEqual({ text, code: 1000 });
  });

  test('are refused before the upgrade', async () => {
    const { message, text } = await upgrade('GET', `${pods}/none/log`, {
      Upgrade: 'websocket',
      'Sec-WebSocket-Protocol': 'binary.k8s.io',
    });
    expect(message.statusCode).toBe(404);
    expect(JSON.parse(text)).toMatchObject({ message: 'pods "none" not found' });
  });

  test('end with a client that breaks the rules, and nothing else does', async () => {
    node.removeAllListeners('request').on('request', (_request, response) => response.flushHeaders());
    const { socket } = await upgrade('GET', `${pods}/web/log`, {
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    });
    // A reserved bit: no frame that anybody may send.
    socket!.on('error', () => undefined).write(Buffer.of(0xb2, 0x80, 0, 0, 0, 0));
    // Whatever nobody catches fails the tests as a whole.
    await new Promise((resolve) => socket!.resume().once('close', resolve));
  });
});

describe('upgraded streams', () => {
  beforeEach(() => {
    node.on('upgrade', (request, socket) => {
      socket.on('error', () => undefined);
      const answer = [
        'HTTP/1.1 101 Switching Protocols',
        'Connection: Upgrade',
        'Upgrade: SPDY/3.1',
        'X-Stream-Protocol-Version: v4.channel.k8s.io',
      ];
      socket.write(
        `${answer.join('\r\n')}\r\n\r\n${request.method} ${request.url} ${JSON.stringify(request.headers)}\n`,
      );
      socket.pipe(socket);
    });
  });

  test.each([
    [
      'exec?command=sh&command=-c&stdin=true&stdout=1&tty=true&stderr=false',
      '/exec/default/web/app?input=1&output=1&tty=1&command=sh&command=-c',
    ],
    ['attach?stdout=true&container=app', '/attach/default/web/app?output=1'],
    ['portforward?ports=80%2C81', '/portForward/default/web?port=80&port=81'],
  ])('%s lead to the node as raw bytes', async (asked, expected) => {
    const { message, socket } = await upgrade('POST', `${pods}/web/${asked}`, {
      Upgrade: 'SPDY/3.1',
      'X-Stream-Protocol-Version': ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
      Authorization: 'Bearer secret',
      Cookie: 'secret',
      'Sec-WebSocket-Protocol': 'v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VjcmV0',
    });
    expect(message.headers['x-stream-protocol-version']).toBe('v4.channel.k8s.io');
    socket!.write('raw \0 bytes');
    let text = '';
    for await (const chunk of socket!) {
      text += String(chunk);
      if (text.endsWith('raw \0 bytes')) break;
    }
    expect(text).toContain(`POST ${expected} `);
    expect(text).toContain('"x-stream-protocol-version":"v5.channel.k8s.io, v4.channel.k8s.io"');
    expect(text).toContain('"sec-websocket-protocol":"v4.channel.k8s.io"');
    expect(text).not.toMatch(/secret|c2VjcmV0/);
  });

  test.each([
    ['web/exec?command=x', 400, 'at least 1 of stdin'],
    ['web/exec?stdout=1', 400, 'you must specify a command'],
    ['none/exec?stdout=1&command=x', 404, 'pods "none" not found'],
    ['unbound/exec?stdout=1&command=x', 400, 'pod unbound does not have a host assigned'],
    ['unbound/portforward', 400, 'pod unbound does not have a host assigned'],
  ])('%s is refused with a Status', async (target, code, message) => {
    await createPod('unbound', { containers: [container('app')] });
    const { text } = await upgrade('POST', `${pods}/${target}`, { Upgrade: 'SPDY/3.1' });
    expect(JSON.parse(text)).toMatchObject({
      kind: 'Status',
      code,
      message: expect.stringContaining(message),
    });
    expect(dialled).toEqual([]);
  });

  test('carry the refusal of the node as a Status', async () => {
    node.removeAllListeners('upgrade').on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 25\r\n\r\ncontainer not found ("app"');
    });
    const { message, text } = await upgrade('GET', `${pods}/web/exec?stdout=1&command=x`, {
      Upgrade: 'websocket',
    });
    expect(message.statusCode).toBe(404);
    expect(JSON.parse(text)).toMatchObject({
      code: 404,
      message: expect.stringContaining('container not found'),
    });
  });

  test('know no method but GET and POST', async () => {
    const { text } = await upgrade('PUT', `${pods}/web/exec?stdout=1&command=x`, { Upgrade: 'SPDY/3.1' });
    expect(JSON.parse(text)).toMatchObject({ code: 405, reason: 'MethodNotAllowed' });
  });

  test.each(['exec?stdout=1&command=x', 'proxy/x'])(
    '%s ends at a node that says nothing as soon as the client goes',
    async (path) => {
      const closed = new Promise((resolve) => {
        for (const silent of [node, pod])
          silent.removeAllListeners('upgrade').on('upgrade', (_request, socket) => {
            asking.destroy();
            socket.resume().once('close', resolve);
          });
      });
      const asking = http.request(`${server.url}${pods}/web/${path}`, {
        headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1' },
      });
      asking.on('error', () => undefined).end();
      await closed;
    },
  );

  test('need an upgrade', async () => {
    expect(await call('POST', `${pods}/web/exec?stdout=1&command=x`)).toMatchObject({
      status: 400,
      body: { message: 'Upgrade request required' },
    });
  });
});

describe('proxies', () => {
  test.each([
    ['pods/web/proxy/a/b?x=1', 'n1 10.0.0.7:8080', '/a/b?x=1'],
    ['pods/web:9090/proxy/', 'n1 10.0.0.7:9090', '/'],
    ['pods/http:web:web/proxy/a%2Fb', 'n1 10.0.0.7:8080', '/a%2Fb'],
    ['services/svc/proxy/x', 'n1 10.0.0.9:8443', '/x'],
    ['services/svc:main/proxy/proxy/y', 'n1 10.0.0.9:8443', '/proxy/y'],
    ['services/http:svc:80/proxy/', 'n1 10.0.0.9:8443', '/'],
  ])('%s leads to %s', async (target, dial, url) => {
    await createService();
    const answer = await call('POST', `/api/v1/namespaces/default/${target}`, {
      body: '{"sent":1}',
      headers: { Authorization: 'Bearer secret', 'Impersonate-User': 'jane' },
    });
    expect(answer.body).toMatchObject({ method: 'POST', url, host: dial.split(' ')[1], body: '{"sent":1}' });
    expect(answer.body.authorization).toBeUndefined();
    expect(answer.body.impersonated).toBeUndefined();
    expect(answer.headers.get('x-who')).toBe('pod');
    expect(dialled).toEqual([dial]);
  });

  async function createService(): Promise<void> {
    await create('/api/v1/namespaces/default/services', {
      metadata: { name: 'svc' },
      spec: { ports: [{ name: 'main', port: 80 }] },
    });
    await create('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'svc-1', labels: { 'kubernetes.io/service-name': 'svc' } },
      addressType: 'IPv4',
      ports: [{ name: 'main', port: 8443, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['10.0.0.8'], nodeName: 'n1', conditions: { ready: false } },
        { addresses: ['10.0.0.9'], nodeName: 'n1', conditions: { ready: true } },
      ],
    });
  }

  test('nodes lead to their own server', async () => {
    const { body } = await call('GET', '/api/v1/nodes/n1/proxy/stats/summary?x=1');
    expect(body).toMatchObject({ method: 'GET', url: '/stats/summary?x=1' });
    expect(dialled).toEqual(['n1 proxy']);
    expect((await call('GET', '/api/v1/nodes/n1:10250/proxy/healthz')).body).toMatchObject({
      url: '/healthz',
    });
    expect(await call('GET', '/api/v1/nodes/n1:22/proxy/')).toMatchObject({
      status: 503,
      body: { message: expect.stringContaining('not at port 22') },
    });
  });

  test('pages without a slash are sent to one, so that relative links work', async () => {
    const { status, headers } = await call('GET', `${pods}/web/proxy?x=1`);
    expect([status, headers.get('location')]).toEqual([301, `${pods}/web/proxy/?x=1`]);
  });

  test.each(['', 'gzip'])(
    'links of a page lead through the proxy again, encoded with "%s"',
    async (encoding) => {
      pod.removeAllListeners('request').on('request', (_request, response) => {
        const page = '<a href="/x">é</a>';
        response
          .writeHead(200, {
            'Content-Type': 'text/html; charset=utf-8',
            'Access-Control-Allow-Origin': '*',
            ...(encoding ? { 'Content-Encoding': encoding } : {}),
          })
          .end(encoding ? gzipSync(page) : page);
      });
      const { body, headers } = await call('GET', `${pods}/web/proxy/`);
      expect(body).toBe(`<a href="${pods}/web/proxy/x">é</a>`);
      expect(headers.get('access-control-allow-origin')).toBe(null);
    },
  );

  test('an upgrade that the pod refuses is answered as the pod does', async () => {
    pod.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 418 Teapot\r\nX-Who: pod\r\nContent-Length: 5\r\n\r\nnever');
    });
    const { message, text } = await upgrade('GET', `${pods}/web/proxy/ws`, { Upgrade: 'websocket' });
    expect([message.statusCode, message.headers['x-who'], text]).toEqual([418, 'pod', 'never']);
  });

  test('a pod that switches protocols without being asked is let go', async () => {
    pod
      .removeAllListeners('request')
      .on('request', (_request, { socket }) =>
        socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      );
    const { status, body } = await call('GET', `${pods}/web/proxy/`);
    expect(status).toBe(503);
    expect(body.message).toContain('switched to another protocol without being asked');
    expect(connections.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  test('redirects of the pod lead through the proxy again', async () => {
    pod.removeAllListeners('request').on('request', (request, response) => {
      const location =
        request.url === '/a'
          ? '/login?x=1'
          : request.url === '/b'
            ? 'http://10.0.0.7:8080/c'
            : 'https://else.where/';
      response.writeHead(302, { Location: location }).end();
    });
    const locationOf = async (path: string) =>
      (await call('GET', `${pods}/web/proxy${path}`)).headers.get('location');
    expect(await locationOf('/a')).toBe(`${pods}/web/proxy/login?x=1`);
    expect(await locationOf('/b')).toBe(`${pods}/web/proxy/c`);
    expect(await locationOf('/d')).toBe('https://else.where/');
  });

  test.each([
    ['pods/none/proxy/', 404, 'pods "none" not found'],
    ['pods/web:x/proxy/', 400, 'neither a number nor the name of a port'],
    ['pods/a:b:c:d/proxy/', 400, 'invalid pod request "a:b:c:d"'],
    ['services/none/proxy/', 404, 'services "none" not found'],
    ['services/svc:81/proxy/', 503, 'no service port 81 found for service "svc"'],
    ['services/svc:other/proxy/', 503, 'no endpoints available for service "svc:other"'],
    ['services/empty/proxy/', 404, 'services "empty" not found'],
  ])('%s is refused with %i', async (target, status, message) => {
    await createService();
    await create('/api/v1/namespaces/default/services', {
      metadata: { name: 'empty' },
      spec: { ports: [{ port: 80 }] },
    });
    expect(await call('GET', `/api/v1/namespaces/default/${target}`)).toMatchObject({
      status,
      body: { kind: 'Status', message: expect.stringContaining(message) },
    });
  });

  test.each(['127.0.0.1', '169.254.169.254', '0.0.0.0', '::1', 'fe80::1'])(
    'a pod that says it has the address %s leads nowhere',
    async (podIP) => {
      await createPod('liar', { nodeName: 'n1', containers: [container('app', 80)] }, { podIP });
      const { status, body } = await call('GET', `${pods}/liar/proxy/`);
      expect([status, body.message]).toEqual([400, expect.stringContaining('address not allowed')]);
      expect(dialled).toEqual([]);
    },
  );

  test('a WebSocket of a pod comes through', async () => {
    pod.on('upgrade', (request, socket) => {
      socket.write(`HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${request.url}`);
      socket.pipe(socket);
    });
    const { message, socket } = await upgrade('GET', `${pods}/web/proxy/ws?x=1`, { Upgrade: 'websocket' });
    expect(message.statusCode).toBe(101);
    expect(String((await once(socket!, 'data'))[0])).toBe('/ws?x=1');
  });
});
