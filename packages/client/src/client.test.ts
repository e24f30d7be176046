import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { ApiError } from '@skerry/api';
import type { Pod } from '@skerry/api';
import { FakeClock, eventually } from '@skerry/base/testing';
import { afterEach, expect, test } from 'vitest';
import {
  TransportError,
  createClient,
  createHttp2SessionTransport,
  createHttpTransport,
  createUnixTransport,
  resources,
} from '#index.ts';

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

async function serve(handler: Handler, listen: string | number = 0): Promise<string> {
  const server = http.createServer(handler);
  if (typeof listen === 'number') server.listen(listen, '127.0.0.1');
  else server.listen(listen);
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return typeof listen === 'number' ? `http://127.0.0.1:${(server.address() as AddressInfo).port}` : listen;
}

async function clientFor(handler: Handler, options: { clock?: FakeClock } = {}) {
  const transport = createHttpTransport({ server: await serve(handler) });
  closers.push(() => transport.close());
  return createClient({ transport, userAgent: 'test', ...options });
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const value of values) seen.push(value);
  return seen;
}

const answer = (response: http.ServerResponse, code: number, body: unknown, headers = {}) =>
  response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

test('a request carries path, selectors, user agent and token', async () => {
  const seen: unknown[] = [];
  const server = await serve((request, response) => {
    seen.push(request.url, request.headers['user-agent'], request.headers.authorization);
    answer(response, 200, { metadata: { resourceVersion: '7' }, items: [] });
  });
  const transport = createHttpTransport({ server: `${server}/prefix`, token: 't0' });
  closers.push(() => transport.close());
  const client = createClient({ transport, userAgent: 'one' }).as('two');
  const list = await client.resource(resources.pods).list({ namespace: 'a b', labelSelector: 'x in (1,2)' });
  expect(list.metadata.resourceVersion).toBe('7');
  expect(seen).toEqual([
    '/prefix/api/v1/namespaces/a%20b/pods?labelSelector=x%20in%20(1%2C2)',
    'two',
    'Bearer t0',
  ]);
});

test("a failure is the server's own Status", async () => {
  const client = await clientFor((_, response) =>
    answer(response, 404, {
      kind: 'Status',
      status: 'Failure',
      reason: 'NotFound',
      message: 'pods "x" not found',
      code: 404,
    }),
  );
  const error = await client
    .resource(resources.pods)
    .get('x', { namespace: 'default' })
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ reason: 'NotFound', code: 404, message: 'pods "x" not found' });
});

test('a failure without a Status says what was asked and what came', async () => {
  const client = await clientFor((_, response) => response.writeHead(502).end('bad gateway'));
  await expect(client.resource(resources.pods).list()).rejects.toThrow(
    'GET /api/v1/pods: HTTP status 502: bad gateway',
  );
});

test('a watch decodes events however they are cut and joined', async () => {
  const event = (name: string) =>
    JSON.stringify({ type: 'ADDED', object: { metadata: { name, annotations: { a: '}{"\\é' } } } });
  const bytes = Buffer.from(`${event('a')}\n${event('b')}${event('c')}\n\n${event('d')}`);
  const client = await clientFor((_, response) => {
    response.writeHead(200);
    let at = 0;
    const next = () => {
      if (at >= bytes.length) response.end();
      else response.write(bytes.subarray(at, (at += 17)), () => setImmediate(next));
    };
    next();
  });
  const names: unknown[] = [];
  const watch = client.resource<Pod>(resources.pods).watch({ signal: new AbortController().signal });
  for await (const { object } of watch) names.push(object.metadata.name);
  expect(names).toEqual(['a', 'b', 'c', 'd']);
});

test('a watch gives an event as soon as it is whole, without a newline after it', async () => {
  let response: http.ServerResponse | undefined;
  const client = await clientFor((_, opened) => {
    response = opened;
    opened.writeHead(200).write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}');
  });
  const watch = client.resource(resources.pods).watch({ signal: new AbortController().signal });
  const first = await watch[Symbol.asyncIterator]().next();
  expect(first.value).toMatchObject({ object: { metadata: { name: 'a' } } });
  response?.end();
});

test('an ERROR event ends a watch with its ApiError', async () => {
  const client = await clientFor((_, response) =>
    answer(response, 200, {
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' },
    }),
  );
  const watch = client.resource(resources.pods).watch({ signal: new AbortController().signal });
  await expect(all(watch)).rejects.toMatchObject({ reason: 'Expired', code: 410 });
});

test('aborting a watch ends it', async () => {
  const client = await clientFor((_, response) => response.writeHead(200).flushHeaders());
  const stop = new AbortController();
  const events = all(client.resource(resources.pods).watch({ signal: stop.signal }));
  setTimeout(() => stop.abort(new Error('enough')), 20);
  await expect(events).rejects.toThrow();
});

test('a read is sent again after Retry-After, a bounded number of times', async () => {
  const clock = new FakeClock();
  let asked = 0;
  const client = await clientFor(
    (_, response) => {
      asked++;
      answer(response, 429, { kind: 'Status', reason: 'TooManyRequests', code: 429 }, { 'retry-after': '1' });
    },
    { clock },
  );
  const failed = expect(client.resource(resources.pods).list()).rejects.toMatchObject({ code: 429 });
  await eventually(async () => {
    await clock.advance(1_000);
    expect(asked).toBe(11);
  });
  await failed;
  await clock.advance(60_000);
  expect(asked).toBe(11);
});

test('a create that may have arrived is not sent again', async () => {
  let asked = 0;
  const client = await clientFor(
    (request) => {
      asked++;
      request.socket.destroy();
    },
    { clock: new FakeClock() },
  );
  const create = client.resource(resources.pods).create({ metadata: { name: 'a', namespace: 'default' } });
  await expect(create).rejects.toMatchObject({ code: 'api-connection-lost', sent: true });
  expect(asked).toBe(1);
});

test('a refused connection names the server and says that nothing was sent', async () => {
  const transport = createHttpTransport({ server: 'http://127.0.0.1:1' });
  const client = createClient({ transport, userAgent: 'test' });
  const error = await client
    .resource(resources.nodes)
    .list()
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(TransportError);
  expect(error).toMatchObject({ code: 'api-refused', sent: false });
  expect(String(error)).toContain('GET /api/v1/nodes at http://127.0.0.1:1');
});

test('a Unix socket serves requests and watches', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'skerry-client-'));
  closers.push(() => rm(folder, { recursive: true }));
  const socketPath = await serve(
    (request, response) =>
      answer(response, 200, { kind: 'X', metadata: { name: request.headers.authorization } }),
    path.join(folder, 'api.sock'),
  );
  const transport = createUnixTransport({ socketPath, token: 'secret' });
  closers.push(() => transport.close());
  const client = createClient({ transport, userAgent: 'test' });
  const got = await client.resource(resources.nodes).get('a');
  expect(got.metadata?.name).toBe('Bearer secret');
});

test('a session that someone else owns carries many requests, and its absence is said', async () => {
  const server = http2.createServer();
  server.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200 });
    stream.end(JSON.stringify({ metadata: { name: headers[':path'] }, method: headers[':method'] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let session: http2.ClientHttp2Session | undefined = http2.connect(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  const opened = session;
  closers.push(
    () => void server.close(),
    () => opened.destroy(),
  );
  const client = createClient({
    transport: createHttp2SessionTransport(() => session),
    userAgent: 'test',
  });
  const names = await Promise.all(
    Array.from({ length: 50 }, (_, n) => client.resource(resources.nodes).get(`n${n}`)),
  );
  expect(names[49]?.metadata?.name).toBe('/api/v1/nodes/n49');
  session = undefined;
  await expect(client.resource(resources.nodes).get('a')).rejects.toThrow('the link: not connected');
});
