import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import {
  connect as connectHttp2,
  constants as http2Constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, recordingLogger } from '@skerry/base/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConnectionLimits } from '#http/connection-limits.ts';
import { HttpFront, type FrontOptions } from '#http/front.ts';
import type { AcceptedConnection } from '#ports.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';
import { allowAll } from '#security.ts';

let server: TestServer;
let listener: Server;
let port: number;

/** Takes TCP connections as a TLS front would: protocol agreed, peer verified. */
beforeEach(async () => {
  server = await startTestServer({
    security: (access) => ({
      ...allowAll(access),
      authenticator: {
        authenticate: ({ peer }) => Promise.resolve(peer && { name: peer.user, groups: peer.groups }),
      },
    }),
  });
  listener = createServer((stream) =>
    server.server.accept({ stream, protocol: 'h2', peer: { user: 'node-1', groups: ['system:nodes'] } }),
  ).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  port = typeof address === 'object' && address ? address.port : 0;
});

afterEach(async () => {
  listener.close();
  await server.close();
});

async function ask(session: ClientHttp2Session, headers: Record<string, string>, body?: string) {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  let status = 0;
  stream.on('response', (answer) => {
    status = Number(answer[':status']);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status, body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown> };
}

test('HTTP/2 requests carry the identity of their connection', async () => {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const review = JSON.stringify({});
  const { status, body } = await ask(
    session,
    {
      ':method': 'POST',
      ':path': '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      'content-type': 'application/json',
    },
    review,
  );
  expect([status, body['status']]).toEqual([
    201,
    { userInfo: { username: 'node-1', groups: ['system:nodes'] } },
  ]);
  session.close();
});

test('many watches share one HTTP/2 connection and each gets its events as they happen', async () => {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const path = '/api/v1/namespaces/default/configmaps';
  const watches = Array.from({ length: 300 }, () =>
    session.request({ ':path': `${path}?watch=1&resourceVersion=0` }),
  );
  await Promise.all(watches.map((stream) => once(stream, 'response')));
  const first = watches.map((stream) => once(stream, 'data') as Promise<[Buffer]>);
  await ask(session, { ':method': 'POST', ':path': path }, JSON.stringify({ metadata: { name: 'a' } }));
  for (const [chunk] of await Promise.all(first)) expect(chunk.toString()).toContain('"ADDED"');
  session.destroy();
});

test('the socket file belongs to its user alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skerry-front-'));
  const socketPath = join(folder, 'api.sock');
  await server.server.listenUnix(socketPath);
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  const status = await new Promise((resolve, reject) => {
    httpRequest({ socketPath, path: '/version' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
  await rm(folder, { recursive: true });
});

test('an upgrade of what takes none is refused with a Status', async () => {
  const answer = await raw(
    'GET /api/v1/namespaces/default/pods/p/log HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(answer).toContain('"kind":"Status"');
});

test('a client that leaves in the middle of its body is no failure of the server', async () => {
  const log = recordingLogger();
  const logged = await startTestServer({ log });
  const socket = connect(Number(new URL(logged.url).port), '127.0.0.1');
  socket.write(
    'POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{"metadata":',
  );
  await eventually(async () => expect(await inFlight(logged)).toBe(1));
  socket.destroy();
  await eventually(async () => expect(await inFlight(logged)).toBe(0));
  expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  await logged.close();
});

async function inFlight({ url }: TestServer): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/inflight_requests\{request_kind="mutating"\} (\d+)/.exec(text)?.[1]);
}

test('what is no HTTP is answered 400 and closed', async () => {
  expect(await raw('\x00\x01\x02 nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
});

test('headers beyond the limit are answered 431', async () => {
  const big = `X-Big: ${'y'.repeat(400_000)}\r\n`;
  expect(await raw(`GET /version HTTP/1.1\r\nHost: x\r\n${big}\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
});

test('a client that never ends its headers is sent away', async () => {
  const handler = { handle: () => Promise.resolve(), upgrade: () => Promise.resolve() };
  const front = new HttpFront(handler, recordingLogger(), { headersTimeoutMs: 60 });
  const socket = connect(await front.listenLoopback(), '127.0.0.1');
  socket.write('GET /version HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 408 /);
  await front.close();
});

/** Sends bytes over HTTP/1.1 and reads until the other end closes. */
async function raw(text: string): Promise<string> {
  const { port: plain } = new URL(server.url);
  const socket: Socket = connect(Number(plain), '127.0.0.1');
  socket.write(text);
  let answer = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) answer += chunk.toString();
  return answer;
}

/** A front whose handler answers nothing, and what it accepts over loopback. */
async function bareFront(options: FrontOptions, connection: Partial<AcceptedConnection> = {}) {
  let taken = 0;
  const handler = {
    handle() {
      taken++;
      return new Promise<void>(() => undefined);
    },
    upgrade: () => Promise.resolve(),
  };
  const front = new HttpFront(handler, recordingLogger(), options);
  const accepting = createServer((stream) =>
    front.accept({ stream, protocol: 'h2', remoteAddress: '192.0.2.1', ...connection }),
  ).listen(0, '127.0.0.1');
  await once(accepting, 'listening');
  const address = accepting.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    taken: () => taken,
    async [Symbol.asyncDispose]() {
      accepting.close();
      await front.close();
    },
  };
}

test('one connection too many of a client is refused, and room is made again', async () => {
  const refused: string[] = [];
  const limits = new ConnectionLimits({ perClientMax: 1 });
  await using front = await bareFront(
    { limits, onRefused: (why) => refused.push(why) },
    { protocol: 'http/1.1' },
  );
  const open = async () => {
    const socket = connect(front.port, '127.0.0.1');
    await once(socket, 'connect');
    return socket.resume();
  };
  const first = await open();
  await once(await open(), 'close');
  expect(refused).toEqual(['client']);
  first.destroy();
  // Its end is seen a moment later.
  await eventually(() => expect(limits.enter({ remoteAddress: '192.0.2.1' })).toBeTypeOf('function'));
});

test('a connection on which nothing happens is closed, but not one with an open stream', async () => {
  await using front = await bareFront({ idleMs: 30 });
  const idle = connectHttp2(`http://127.0.0.1:${front.port}`);
  const busy = connectHttp2(`http://127.0.0.1:${front.port}`);
  const stream = busy.request({ ':path': '/' });
  stream.on('error', () => undefined);
  await once(idle, 'close');
  expect(busy.closed).toBe(false);
  busy.destroy();
});

test('a connection may be told to go once what is on it has been answered', async () => {
  let drawn = 0.5;
  await using front = await bareFront({ goaway: { chance: 0.02, random: () => drawn } });
  const session = connectHttp2(`http://127.0.0.1:${front.port}`);
  session.on('error', () => undefined);
  const told = once(session, 'goaway') as Promise<[number]>;
  const first = session.request({ ':path': '/' });
  first.on('error', () => undefined);
  await eventually(() => expect(front.taken()).toBe(1));
  expect(session.closed).toBe(false);
  drawn = 0.01;
  session.request({ ':path': '/' }).on('error', () => undefined);
  expect((await told)[0]).toBe(http2Constants.NGHTTP2_NO_ERROR);
  expect(front.taken()).toBe(2);
  session.destroy();
});

describe('an answer that goes on is told that nobody reads it', () => {
  async function watched(leave: (parts: { stream: ClientHttp2Stream; near: Socket; far: Socket }) => void) {
    const signals: AbortSignal[] = [];
    const front = new HttpFront(
      {
        async handle(exchange) {
          signals.push(exchange.signal);
          void exchange.open(200, {}).write('first');
          await new Promise((resolve) => exchange.signal.addEventListener('abort', resolve));
        },
        async upgrade() {},
      },
      recordingLogger(),
    );
    const acceptor = createServer().listen(0, '127.0.0.1');
    await once(acceptor, 'listening');
    const near = connect((acceptor.address() as AddressInfo).port, '127.0.0.1');
    const [far] = (await once(acceptor, 'connection')) as [Socket];
    acceptor.close();
    front.accept({ stream: far, protocol: 'h2' });
    const session = connectHttp2('http://link', { createConnection: () => near });
    session.on('error', () => undefined);
    const stream = session.request({ ':path': '/watch' });
    stream.on('error', () => undefined);
    await once(stream, 'data');
    leave({ stream, near, far });
    await eventually(() => expect(signals.map(({ aborted }) => aborted)).toEqual([true]));
    session.destroy();
    await front.close();
  }

  test.each([
    ['its reader ends it', ({ stream }) => stream.close(http2Constants.NGHTTP2_CANCEL)],
    ['its connection breaks', ({ far }) => far.destroy(new Error('cut'))],
    ['its connection is closed', ({ far }) => far.destroy()],
    ['its client is gone', ({ near }) => near.destroy()],
  ] satisfies [string, Parameters<typeof watched>[0]][])('when %s', (_, leave) => watched(leave));
});

test('a client that opens streams only to reset them loses its connection', async () => {
  await using front = await bareFront({});
  const session = connectHttp2(`http://127.0.0.1:${front.port}`);
  session.on('error', () => undefined);
  await once(session, 'connect');
  const closed = new Promise((resolve) => session.once('close', resolve));
  for (let count = 0; count < 5000 && !session.closed; count++) {
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => undefined);
    stream.close(http2Constants.NGHTTP2_CANCEL);
    if (count % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  expect(session.destroyed).toBe(true);
});

test('who sends too large a body over HTTP/2 is answered, and told to stop', async () => {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/api/v1/namespaces/default/configmaps',
    'content-type': 'application/json',
    'content-length': String(64 * 1024 * 1024),
  });
  stream.on('error', () => undefined);
  stream.write(Buffer.alloc(100_000, ' '));
  const [headers] = (await once(stream, 'response')) as [{ ':status'?: number }];
  await once(stream.resume(), 'close');
  expect(headers[':status']).toBe(413);
  expect(stream.rstCode).toBe(http2Constants.NGHTTP2_NO_ERROR);
  session.close();
});

test('a client that is still sending sees the answer that came before its end', async () => {
  const socket = connect(await server.server.listenLoopback(), '127.0.0.1');
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  const lines = ['POST /nowhere HTTP/1.1', 'Host: x', 'Content-Length: 200000', '', ''];
  socket.write(lines.join('\r\n') + 'x'.repeat(100_000));
  const [first] = (await once(socket, 'data')) as [Buffer];
  expect(first.toString()).toMatch(/^HTTP\/1\.1 40[134] /);
  for (let sent = 0; sent < 100_000; sent += 1_000) {
    await new Promise((resolve) => socket.write('x'.repeat(1_000), resolve));
  }
  await eventually(() => expect(socket.readableEnded || socket.destroyed).toBe(true));
  expect(errors).toEqual([]);
});

test('a connection becomes what its acceptor makes of it, where its client asks for that by its name and path', async () => {
  const taken: string[] = [];
  const upgrade = { protocol: 'rock/1', path: '/rock', take: () => void taken.push('rock') };
  await using front = await bareFront({}, { protocol: 'http/1.1', upgrade });
  const ask = async (path: string, protocol: string) => {
    const socket = connect(front.port, '127.0.0.1');
    const lines = ['Host: x', 'Connection: Upgrade', `Upgrade: ${protocol}`];
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    return socket;
  };
  for (const [path, protocol] of [
    ['/other', 'rock/1'],
    ['/rock', 'websocket'],
  ] as const)
    (await ask(path, protocol)).destroy();
  const socket = await ask('/rock', 'rock/1');
  expect(String((await once(socket, 'data'))[0])).toBe(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: rock/1\r\n\r\n',
  );
  expect(taken).toEqual(['rock']);
  socket.destroy();
});
