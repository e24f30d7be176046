import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { ApiError } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { createCertificateAuthority } from '@skerry/pki';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { SessionEnd } from '#http/caller.ts';
import type { AuditRecord, Gate } from '#http/gate.ts';
import { jsonResponse } from '#http/route.ts';
import { type CenterServer, startCenterServer } from '#http/server.ts';
import { StaticFiles } from '#http/static-files.ts';

const clock = new FakeClock(Date.now());
const session = new AbortController();
const records: AuditRecord[] = [];
let folder: string;
let server: CenterServer;
let ca: string;

const caller = {
  user: 'ann',
  groups: [],
  sessionId: 's',
  method: 'password' as const,
  steppedUp: () => false,
  mustChangePassword: false,
  ended: session.signal,
};
let mayStill = true;
let onTouch = () => {};
const gate: Gate = {
  caller: async ({ header }) => (header('cookie') ? caller : undefined),
  checkOrigin({ header }) {
    if (header('origin') === 'https://evil.example') throw new ApiError('Forbidden', 'not from here');
  },
  checkReady: () => undefined,
  touch: () => onTouch(),
  stillMay: async () => mayStill,
  async redeem(_, { ticket }) {
    if (ticket !== 'good') throw new ApiError('Unauthorized', 'no such ticket');
    return caller;
  },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'console-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<p>console</p>');
  await writeFile(join(folder, 'assets/main-0123abcd.js'), 'let plain;');
  await writeFile(join(folder, 'assets/main-0123abcd.js.br'), 'packed');
  const authority = await createCertificateAuthority({ commonName: 'test', clock });
  ca = authority.certificatePem;
  const certificate = await authority.issueServerCertificate({
    commonName: 'localhost',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  server = await startCenterServer({
    address: '127.0.0.1',
    port: 0,
    certificate,
    gate,
    audit: { record: (entry) => void records.push(entry) },
    files: await StaticFiles.load(folder),
    clock,
    log: silentLogger,
    routes: [
      {
        method: 'POST',
        pattern: '/api/things/:name',
        handle: async (request) =>
          jsonResponse({
            user: request.caller.user,
            name: request.params['name'],
            sent: await request.json(),
          }),
      },
      {
        method: 'GET',
        pattern: '/api/headers',
        handle: async ({ header }) =>
          jsonResponse(
            ['impersonate-user', 'x-forwarded-for', 'x-remote-user', 'forwarded'].map(
              (name) => header(name) ?? null,
            ),
          ),
      },
      {
        method: 'GET',
        pattern: '/api/broken',
        handle: async () => {
          throw new Error('the password is hunter2');
        },
      },
      { public: true, method: 'GET', pattern: '/api/open', handle: async () => jsonResponse('open') },
    ],
    sockets: [
      {
        pattern: '/api/logs/:cluster',
        needs: () => ({ verb: 'get', group: '', resource: 'pods', subresource: 'log' }),
        open: async (socket, _caller, { audit }) => {
          audit.object = 'pods/a/b';
          socket.send('open');
        },
      },
      {
        pattern: '/api/live',
        open: async (socket, { user }, { query }) => socket.send(`${user} ${query.toString()}`),
      },
      {
        pattern: '/api/refused',
        open: async () => {
          throw new ApiError('Forbidden', 'not yours');
        },
      },
    ],
  });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

async function ask(
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const request = https.request({
    host: '127.0.0.1',
    port: server.port,
    ca,
    path,
    method,
    headers,
    agent: false,
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString(),
  };
}

const signedIn = { cookie: 'x', 'content-type': 'application/json' };

/** What the server answers to bytes as they are. */
async function raw(text: string): Promise<string> {
  const socket = tls.connect({ host: '127.0.0.1', port: server.port, ca, ALPNProtocols: ['http/1.1'] });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(text);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return Buffer.concat(chunks).toString();
}

describe('routes', () => {
  test('get the caller, the decoded segments and the body', async () => {
    const answer = await ask('/api/things/a%20b', { method: 'POST', headers: signedIn, body: '{"x":1}' });
    expect(JSON.parse(answer.text)).toEqual({ user: 'ann', name: 'a b', sent: { x: 1 } });
    expect(records.at(-1)).toMatchObject({ user: 'ann', action: 'POST /api/things/:name', code: 200 });
  });

  test.each<[string, string, Parameters<typeof ask>[1], number]>([
    ['nobody signed in', '/api/things/a', { method: 'POST' }, 401],
    ['an unknown path', '/api/nothing', { headers: signedIn }, 404],
    ['another method', '/api/things/a', { method: 'PUT', headers: signedIn }, 405],
    [
      'another type of body',
      '/api/things/a',
      { method: 'POST', headers: { cookie: 'x', 'content-type': 'text/plain' }, body: '{}' },
      415,
    ],
    [
      'a form',
      '/api/things/a',
      {
        method: 'POST',
        headers: { cookie: 'x', 'content-type': 'application/x-www-form-urlencoded' },
        body: 'a=b',
      },
      415,
    ],
    ['a body without a type', '/api/things/a', { method: 'POST', headers: { cookie: 'x' }, body: '{}' }, 415],
    [
      'a body too large',
      '/api/things/a',
      { method: 'POST', headers: signedIn, body: `"${'x'.repeat(70_000)}"` },
      413,
    ],
    ['a body that is no JSON', '/api/things/a', { method: 'POST', headers: signedIn, body: '{' }, 400],
    ['a segment that is a path', '/api/things/a%2fb', { method: 'POST', headers: signedIn, body: '{}' }, 400],
    [
      'a request from elsewhere',
      '/api/things/a',
      { method: 'POST', headers: { ...signedIn, origin: 'https://evil.example' }, body: '{}' },
      403,
    ],
    ['a failure that nobody foresaw', '/api/broken', { headers: signedIn }, 500],
  ])('%s is refused with a Status', async (_what, path, options, code) => {
    const answer = await ask(path, options);
    expect(answer.status).toBe(code);
    expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', status: 'Failure', code });
    expect(answer.text).not.toContain('hunter2');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('never see headers by which a client would speak for others', async () => {
    const forged = {
      'impersonate-user': 'root',
      'x-forwarded-for': '::1',
      'x-remote-user': 'root',
      forwarded: 'for=x',
    };
    const answer = await ask('/api/headers', { headers: { ...signedIn, ...forged } });
    expect(JSON.parse(answer.text)).toEqual([null, null, null, null]);
  });

  test('are spoken to over HTTP/2 too', async () => {
    const client = http2.connect(`https://127.0.0.1:${server.port}`, { ca });
    const stream = client.request({ ':path': '/api/open' });
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    expect(headers[':status']).toBe(200);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    stream.resume();
    client.close();
  });
});

describe('connections', () => {
  test.each<[string, string]>([
    ['two lengths', 'content-length: 2\r\ncontent-length: 3\r\n'],
    ['a length and chunks', 'content-length: 2\r\ntransfer-encoding: chunked\r\n'],
    ['a header over lines', 'x-a: b\r\n c\r\n'],
    ['a header with a bare line feed', 'x-a: b\nhost: c\r\n'],
  ])('with %s are ended', async (_what, header) => {
    const text = await raw(
      `POST /api/things/a HTTP/1.1\r\nhost: localhost\r\ncookie: x\r\ncontent-type: application/json\r\n${header}\r\n{}GET /api/open HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    );
    expect(text.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(text).not.toContain('"open"');
  });

  test('whose headers are too long are ended', async () => {
    const text = await raw(`GET /api/open HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`);
    expect(text).not.toContain('200 OK');
  });

  test('whose body does not come are answered after 30 s', async () => {
    const answer = raw(
      'POST /api/things/a HTTP/1.1\r\nhost: localhost\r\ncookie: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    );
    while (clock.pendingTimers === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    await clock.advance(30_001);
    expect(await answer).toContain('HTTP/1.1 408');
  });
});

describe('files', () => {
  test('with a hash in their name are kept by browsers, packed where the browser takes it', async () => {
    const answer = await ask('/assets/main-0123abcd.js', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(answer.text).toBe('packed');
    expect(answer.headers).toMatchObject({
      'content-encoding': 'br',
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect((await ask('/assets/main-0123abcd.js')).text).toBe('let plain;');
  });

  test('answer pages, whatever their address, with index.html', async () => {
    for (const path of ['/', '/clusters/a/nodes/edge-1.example.com']) {
      const answer = await ask(path);
      expect(answer).toMatchObject({ status: 200, text: '<p>console</p>' });
      expect(answer.headers['cache-control']).toBe('no-cache');
      expect((await ask(path, { headers: { 'if-none-match': String(answer.headers['etag']) } })).status).toBe(
        304,
      );
    }
  });

  test.each([
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2fetc/passwd',
    '/assets/..%5c..%5cetc',
    '/assets//main-0123abcd.js',
    '/assets/%00',
    '/assets/missing.js',
    '/assets/main-0123abcd.js.br.js',
  ])('are not found by %s', async (path) => {
    const answer = await ask(path);
    expect([400, 404]).toContain(answer.status);
  });

  test('carry the headers that keep pages of others away', async () => {
    const { headers } = await ask('/');
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'") as string,
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('WebSockets', () => {
  const open = (path: string, headers: Record<string, string> = {}) =>
    new WebSocket(`wss://127.0.0.1:${server.port}${path}`, { ca, headers });

  test.each<[string, string, Record<string, string>, number]>([
    ['from another page', '/api/live?ticket=good', { origin: 'https://evil.example' }, 403],
    ['without a ticket', '/api/live', {}, 401],
    ['to where there is none', '/api/open?ticket=good', {}, 404],
  ])('%s are refused before they open', async (_what, path, headers, code) => {
    const socket = open(path, headers);
    socket.on('error', () => undefined);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(code);
  });

  test('that their route refuses are closed with the code and why', async () => {
    const socket = open('/api/refused?ticket=good');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4403, 'not yours']);
  });

  test('end when the right that they need is gone, and are kept in the audit log with what they are about', async () => {
    const socket = open('/api/logs/edge?ticket=good');
    await once(socket, 'message');
    expect(records.at(-1)).toMatchObject({ cluster: 'edge', object: 'pods/a/b', code: 101 });
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    mayStill = false;
    const pinged = once(socket, 'ping');
    await clock.advance(30_000);
    await pinged;
    // What comes after the answer to the ping tells that it has come.
    const touched = new Promise<void>((resolve) => (onTouch = resolve));
    socket.send('here');
    await touched;
    await clock.advance(30_000);
    const [code, reason] = await closed;
    expect([code, reason.toString()]).toEqual([4403, 'you may not do this any more']);
    mayStill = true;
  });

  test('end with their session', async () => {
    const socket = open('/api/live?ticket=good&x=1');
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(message.toString()).toBe('ann x=1');
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    session.abort({ code: 4401, reason: 'signed out' } satisfies SessionEnd);
    const [code, reason] = await closed;
    expect([code, reason.toString()]).toEqual([4401, 'signed out']);
  });
});
