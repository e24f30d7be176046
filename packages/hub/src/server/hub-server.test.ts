import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import type { ConfigMap } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { createCertificateAuthority } from '@skerry/pki';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DoorLimits } from '#server/door-limits.ts';
import { listenHub, type HubServer } from '#server/hub-server.ts';
import { HubHarness } from '#testing/hub-harness.ts';

const path = '/api/v1/namespaces/default/configmaps';
const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }];

let harness: HubHarness;
let server: HubServer;
let ca: string;
let token: string;
let center: net.Server;
/** What came to the center over connections of upgrades. */
let upgraded: string[];

beforeEach(async () => {
  harness = await HubHarness.start();
  ({ token } = await harness.podToken('default', 'pod', rules));
  upgraded = [];
  center = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      upgraded.push(data.toString());
      const first = upgraded.length === 1;
      socket.write(
        first ? 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n' : `echo ${data.toString()}`,
      );
    });
  });
  center.listen(0, '127.0.0.1');
  await once(center, 'listening');
  server = await start();
});
afterEach(async () => {
  await server.close();
  center.close();
  await harness.close();
});

async function start(limits?: DoorLimits): Promise<HubServer> {
  const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  ca = authority.certificatePem;
  return listenHub({
    hub: {
      identify: (text) => harness.hub.identify(text),
      answer: (request, caller) => harness.hub.answer(request, caller),
    },
    certificate: await authority.issueServerCertificate({ dnsNames: [], ipAddresses: ['127.0.0.1'] }),
    addresses: ['127.0.0.1'],
    port: 0,
    async dialCenter() {
      if (!harness.link.isLinked()) throw new Error('no link');
      const socket = net.connect((center.address() as net.AddressInfo).port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    },
    ...(limits ? { limits } : {}),
    clock: systemClock,
    log: silentLogger,
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

function ask(
  to: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: object; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path: to, method, ca, agent: false };
    const request = https.request({ ...options, headers: { ...headers } }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

const bearer = () => ({ authorization: `Bearer ${token}` });

describe('the door of a hub', () => {
  test('sends away whoever shows no token of his own, with a link and without, whatever else he shows', async () => {
    const others: Record<string, string>[] = [
      {},
      { authorization: 'Basic YWRtaW46YWRtaW4=' },
      { authorization: 'Bearer ' },
      { authorization: 'Bearer nonsense' },
      { 'x-remote-user': 'system:node:n1', 'x-remote-group': 'system:nodes' },
    ];
    for (const linked of [true, false]) {
      if (!linked) harness.link.cut();
      for (const headers of others) {
        for (const method of ['GET', 'POST', 'DELETE']) {
          const { status } = await ask(path, {
            method,
            headers,
            ...(method === 'POST' ? { body: '{}' } : {}),
          });
          // Of a token never seen nothing is known while there is nobody to ask.
          const known = linked || headers['authorization'] !== 'Bearer nonsense';
          expect([status, method, headers]).toEqual([known ? 401 : expect.anything(), method, headers]);
          expect(status).toBeGreaterThanOrEqual(401);
        }
      }
    }
  });

  test('passes on nothing that says who somebody is but his token, and never the node’s own name', async () => {
    const headers = {
      ...bearer(),
      'x-remote-user': 'admin',
      'x-remote-group': 'system:masters',
      'x-forwarded-for': '10.0.0.1',
      'skerry-bookmark-every': '1',
      'content-type': 'application/json',
    };
    const body = JSON.stringify({ metadata: { name: 'made' } });
    expect((await ask(path, { method: 'POST', headers, body })).status).toBe(201);
    const passed = harness.link.requests.find(({ method, path: to }) => method === 'POST' && to === path);
    expect(passed?.headers['authorization']).toBe(`Bearer ${token}`);
    const names = Object.keys(passed?.headers ?? {});
    expect(names.filter((name) => /^(x-remote|x-forwarded|skerry)/.test(name))).toEqual([]);
    // Whatever is asked in somebody's name has a name: what has none would be the node's.
    const asked = harness.link.requests.filter(({ headers: each }) => each['authorization'] === undefined);
    expect(asked).toEqual([]);
  });

  test('lets nobody be another: impersonation is judged by the center, and refused without it', async () => {
    const headers = { ...bearer(), 'impersonate-user': 'admin', 'impersonate-group': 'system:masters' };
    expect((await ask('/api/v1/secrets', { headers })).status).toBe(403);
    await ask(path, { headers: bearer() });
    harness.link.cut();
    expect((await ask(path, { headers: bearer() })).status).toBe(200);
    expect((await ask(path, { headers })).status).toBe(503);
  });

  test('speaks HTTP/2, and streams watches as things happen', async () => {
    const session = http2.connect(`https://127.0.0.1:${server.port}`, { ca });
    const stream = session.request({ ':path': `${path}?watch=true&resourceVersion=0`, ...bearer() });
    let text = '';
    stream.on('data', (part: Buffer) => (text += part.toString()));
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(headers[':status']).toBe(200);
    await harness.admin
      .resource<ConfigMap>(resources.configMaps)
      .create({ metadata: { name: 'seen', namespace: 'default' } });
    await eventually(() => expect(text).toContain('"name":"seen"'));
    session.destroy();
    await eventually(() => expect(harness.hub.watches).toBe(0));
  });

  test('refuses bodies that are too long, and too many requests', async () => {
    const headers = { ...bearer(), 'content-type': 'application/json' };
    const body = JSON.stringify({ metadata: { name: 'long' }, data: { a: 'x'.repeat(4 << 20) } });
    const long = await ask(path, { method: 'POST', headers, body }).catch(() => ({ status: 413 }));
    expect(long.status).toBe(413);
    expect((await ask(`${path}/long`, { headers: bearer() })).status).toBe(404);
    await server.close();
    server = await start(new DoorLimits({ clock: systemClock, burst: 5, perSecond: 0.001 }));
    const answers = [];
    for (let n = 0; n < 8; n++) answers.push((await ask(path, { headers: bearer() })).status);
    expect(answers).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
  });

  test('passes an upgrade with its own token, bytes both ways, and refuses it without one or without a link', async () => {
    const open = async (authorization: string) => {
      const socket = tls.connect({ host: '127.0.0.1', port: server.port, ca, ALPNProtocols: ['http/1.1'] });
      let text = '';
      socket.on('data', (part) => (text += part.toString()));
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      const to = '/api/v1/namespaces/default/pods/pod/exec?command=true';
      const lines = [`GET ${to} HTTP/1.1`, 'Host: x', authorization, 'X-Remote-User: admin'];
      socket.write(`${[...lines, 'Connection: Upgrade', 'Upgrade: websocket'].join('\r\n')}\r\n\r\n`);
      return { socket, text: () => text };
    };
    const without = await open('X-Nothing: none');
    await eventually(() => expect(without.text()).toMatch(/^HTTP\/1\.1 401 /));
    expect(upgraded).toEqual([]);
    const good = await open(`Authorization: Bearer ${token}`);
    await eventually(() => expect(good.text()).toMatch(/^HTTP\/1\.1 101 /));
    expect(upgraded[0]).toContain(`Authorization: Bearer ${token}`);
    expect(upgraded[0]).not.toContain('X-Remote-User');
    good.socket.write('hello');
    await eventually(() => expect(good.text()).toContain('echo hello'));
    good.socket.destroy();
    harness.link.cut();
    const cut = await open(`Authorization: Bearer ${token}`);
    await eventually(() => expect(cut.text()).toMatch(/^HTTP\/1\.1 503 /));
    for (const { socket } of [without, cut]) socket.destroy();
  });
});
