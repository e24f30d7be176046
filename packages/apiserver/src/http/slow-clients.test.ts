import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually, FakeClock } from '@skerry/base/testing';
import { afterEach, expect, test } from 'vitest';
import { callerOf } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';

let server: TestServer | undefined;
let socket: Socket | undefined;
afterEach(async () => {
  socket?.destroy();
  await server?.close();
});

async function open(clock?: FakeClock): Promise<{ raw: Socket; call: ReturnType<typeof callerOf> }> {
  server = await startTestServer(clock ? { clock } : {});
  const raw = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket = raw;
  await once(raw, 'connect');
  return { raw, call: callerOf(server.url) };
}

test('a body that does not come is given up with its request, and the connection ends', async () => {
  const clock = new FakeClock();
  const { raw } = await open(clock);
  raw.write(
    `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"metadata":`,
  );
  await eventually(() => expect(clock.pendingTimers).toBeGreaterThan(2));
  const chunks: Buffer[] = [];
  raw.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = once(raw, 'close');
  await clock.advance(60_000);
  await closed;
  const answer = Buffer.concat(chunks).toString();
  expect(answer).toMatch(/^HTTP\/1\.1 504 /);
  expect(answer).toContain('request did not complete within the allotted timeout');
});

test('a request may ask for less time', async () => {
  const clock = new FakeClock();
  const { raw, call } = await open(clock);
  raw.write(
    `POST ${configMaps}?timeout=2s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
  );
  await eventually(() => expect(clock.pendingTimers).toBeGreaterThan(2));
  const closed = once(raw.resume(), 'close');
  await clock.advance(2000);
  await closed;
  const { status, body } = await call('GET', `${configMaps}?timeout=2`);
  expect([status, body.message]).toEqual([
    400,
    'invalid timeout specified in the request URL - time: missing unit in duration "2"',
  ]);
});

test('a watcher that does not read is counted, and its connection broken off', async () => {
  const clock = new FakeClock();
  const { raw, call } = await open(clock);
  await call('POST', configMaps, { metadata: { name: 'big' } });
  raw.pause();
  raw.write(`GET ${configMaps}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
  const number = async (series: string) => {
    const { body } = await call('GET', '/metrics');
    return Number(
      new RegExp(`^${series}.*resource="configmaps".* (\\d+)$`, 'm').exec(body.message ?? '')?.[1] ?? 0,
    );
  };
  await eventually(async () => expect(await number('apiserver_longrunning_requests')).toBe(1));
  const patch = { contentType: 'application/merge-patch+json' };
  for (let count = 0; count < 48; count++)
    await call('PATCH', `${configMaps}/big`, { data: { k: `${count}`.padStart(1_000_000, 'x') } }, patch);
  await eventually(async () => expect(await number('apiserver_terminated_watchers_total')).toBe(1));
  expect(await number('apiserver_longrunning_requests')).toBe(0);
  raw.on('error', () => undefined);
  const closed = new Promise((resolve) => raw.once('close', resolve));
  raw.resume();
  await closed;
});
