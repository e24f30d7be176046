import { once } from 'node:events';
import { request } from 'node:http';
import { eventually, FakeClock } from '@skerry/base/testing';
import { afterEach, expect, test } from 'vitest';
import { allowAll, type SecurityParts } from '#security.ts';
import { callerOf } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer | undefined;
afterEach(() => server?.close());

const configMaps = '/api/v1/namespaces/default/configmaps';

async function start(parts: Partial<SecurityParts> = {}) {
  const clock = new FakeClock();
  server = await startTestServer({ clock, security: (access) => ({ ...allowAll(access), ...parts }) });
  return { clock, call: callerOf(server.url), base: server.url.replace('http', 'ws') };
}

/** Messages of a WebSocket as they come. */
async function* messages(socket: WebSocket): AsyncGenerator<string> {
  const waiting: string[] = [];
  let wake = () => {};
  let closed = false;
  socket.addEventListener('message', ({ data }) => {
    waiting.push(String(data));
    wake();
  });
  socket.addEventListener('close', () => {
    closed = true;
    wake();
  });
  for (;;) {
    const next = waiting.shift();
    if (next !== undefined) yield next;
    else if (closed) return;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}

test('a watch over a WebSocket has a message for each event, and ends with its timeout', async () => {
  const { clock, call, base } = await start();
  for (const name of ['a', 'b']) await call('POST', configMaps, { metadata: { name } });
  const socket = new WebSocket(`${base}${configMaps}?watch=1&timeoutSeconds=30`);
  const events: string[] = [];
  for await (const text of messages(socket)) {
    const { type, object } = JSON.parse(text) as { type: string; object: { metadata: { name: string } } };
    events.push(`${type} ${object.metadata.name}`);
    if (events.length === 2) await call('DELETE', `${configMaps}/a`);
    if (events.length === 3) await clock.advance(30_000);
  }
  expect(events).toEqual(['ADDED a', 'ADDED b', 'DELETED a']);
});

test('a watch over a WebSocket ends when its client goes', async () => {
  const { call, base } = await start();
  const socket = new WebSocket(`${base}${configMaps}?watch=1`);
  await once(socket as unknown as EventTarget, 'open');
  const watchers = async () => {
    const { body } = await call('GET', '/metrics');
    return /^apiserver_longrunning_requests\{verb="WATCH".*resource="configmaps".* (\d+)$/m.exec(
      body.message ?? '',
    )?.[1];
  };
  expect(await watchers()).toBe('1');
  socket.close();
  await eventually(async () => expect(await watchers()).toBe('0'));
});

test('a watch over a WebSocket that is refused is answered as any other', async () => {
  const { base } = await start({
    authorizer: { authorize: () => Promise.resolve({ allowed: false, reason: '' }) },
  });
  const asked = request(`${base.replace('ws', 'http')}${configMaps}?watch=1`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    },
  }).end();
  const [response] = (await once(asked, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  expect(response.statusCode).toBe(403);
  expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({ reason: 'Forbidden', code: 403 });
});
