import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { TransportError, type Transport, type TransportRequest } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServerUpstream, type ServerUpstream } from '#upstream/server-upstream.ts';

/** What the server does: a status, silence, or breaking every connection. */
let server: number | 'silent' | 'gone';
let clock: FakeClock;
let upstream: ServerUpstream;
let stop: AbortController;
let running: Promise<void>;
/** `own 1 GET /version`, with the number of the connection. */
let asked: string[];
let opened: number;
let closed: number;

beforeEach(async () => {
  server = 200;
  clock = new FakeClock();
  asked = [];
  opened = 0;
  closed = 0;
  upstream = createServerUpstream({
    openOwn: () => Promise.resolve(connection('own')),
    openBare: () => connection('bare'),
    clock,
    log: silentLogger,
    random: () => 0.5,
  });
  stop = new AbortController();
  running = upstream.run(stop.signal);
  await clock.advance(0);
});

afterEach(async () => {
  stop.abort(new Error('the test ends'));
  await running;
  expect(closed).toBe(opened);
});

function connection(name: string): Transport {
  const number = ++opened;
  return {
    request({ method, path, signal }) {
      asked.push(`${name} ${number} ${method} ${path}`);
      if (server === 'gone')
        return Promise.reject(new TransportError('api-refused', 'refused', { sent: false }));
      if (typeof server === 'number')
        return Promise.resolve({ status: server, headers: {}, body: nothing() });
      return new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    },
    close: () => void closed++,
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

const get = (headers: TransportRequest['headers'] = {}) =>
  upstream.transport.request({ method: 'GET', path: '/api/v1/pods', headers });
const questions = () => asked.filter((line) => line.endsWith('/version')).length;

test('a request of somebody else never takes the connection that shows who the node is', async () => {
  await get();
  await get({ Authorization: 'Bearer of a pod' });
  expect(asked).toEqual(['own 1 GET /version', 'own 1 GET /api/v1/pods', 'bare 2 GET /api/v1/pods']);
});

test('one question without an answer is no cut, two are, and all connections go', async () => {
  await get({ authorization: 'Bearer x' });
  server = 'silent';
  await clock.advance(10_000);
  await clock.advance(4_000);
  expect(upstream.isLinked()).toBe(true);
  await clock.advance(2_000);
  expect(upstream.isLinked()).toBe(true);
  await clock.advance(4_500);
  expect(upstream.isLinked()).toBe(false);
  expect([opened, closed]).toEqual([2, 2]);
  await expect(get()).rejects.toMatchObject({ code: 'api-unreachable', sent: false });
});

test('a request that breaks has it asked at once', async () => {
  server = 'gone';
  const before = questions();
  await expect(get()).rejects.toMatchObject({ code: 'api-refused' });
  await clock.advance(500);
  expect([upstream.isLinked(), questions() - before]).toEqual([false, 2]);
});

test('with an answer it is there again, on new connections, and who waited is told', async () => {
  server = 'gone';
  await clock.advance(10_000);
  expect(upstream.isLinked()).toBe(false);
  let told = false;
  const waiting = upstream.whenLinked(new AbortController().signal).then(() => (told = true));
  const gaveUp = upstream.whenLinked(AbortSignal.abort(new Error('gave up')));
  await expect(gaveUp).rejects.toThrow('gave up');
  server = 200;
  await clock.advance(10_000);
  await waiting;
  expect([told, upstream.isLinked()]).toEqual([true, true]);
  await get();
  expect(asked.at(-1)).toMatch(/^own [2-9]/);
});

test('while it is away it is asked ever less often, every ten seconds in the end', async () => {
  server = 'gone';
  await clock.advance(60_000);
  const before = questions();
  await clock.advance(60_000);
  expect((questions() - before) / 2).toBeLessThanOrEqual(9);
});

test.each([401, 403, 404, 429, 500])('a server that answers %i is there', async (status) => {
  server = status;
  await clock.advance(30_000);
  expect(upstream.isLinked()).toBe(true);
});

test('a balancer without a server behind it is not', async () => {
  server = 503;
  await clock.advance(30_000);
  expect(upstream.isLinked()).toBe(false);
});

test('credentials that are taken no more are read anew, once a minute, and watches of others go on', async () => {
  await get({ authorization: 'Bearer x' });
  server = 401;
  await clock.advance(75_000);
  expect([opened, closed]).toEqual([3, 1]);
  server = 200;
  await get({ authorization: 'Bearer x' });
  expect(asked.at(-1)).toBe('bare 2 GET /api/v1/pods');
});
