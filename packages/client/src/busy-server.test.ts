import { FakeClock, eventually } from '@skerry/base/testing';
import { expect, test } from 'vitest';
import {
  createClient,
  resources,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '#index.ts';

const inA = { namespace: 'a' };
const status = { ...inA, subresource: 'status', type: 'merge' } as const;

/** A server whose answers the test gives, oldest request first. */
class Server implements Transport {
  readonly #open: { what: string; answer: (response: TransportResponse) => void }[] = [];

  request({ method, path, signal }: TransportRequest): Promise<TransportResponse> {
    signal?.throwIfAborted();
    return new Promise((answer) => this.#open.push({ what: `${method} ${path}`, answer }));
  }

  close(): void {}

  get asked(): string[] {
    return this.#open.map(({ what }) => what);
  }

  async answer(): Promise<void> {
    this.#open.shift()?.answer(response(200, { 'content-type': 'application/json' }, '{}'));
    await turn();
  }

  async refuse(level = 'nodes', headers: Record<string, string> = {}): Promise<void> {
    const all = {
      'retry-after': '4',
      'x-kubernetes-pf-prioritylevel-uid': level,
      'content-type': 'text/plain',
    };
    this.#open.shift()?.answer(response(429, { ...all, ...headers }, 'Too many requests'));
    await turn();
  }
}

function response(code: number, headers: Record<string, string>, text: string): TransportResponse {
  return {
    status: code,
    headers,
    body: (async function* body() {
      yield Buffer.from(text);
    })(),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function setUp() {
  const clock = new FakeClock();
  const server = new Server();
  const client = createClient({ transport: server, userAgent: 'test', clock, random: () => 0.5 });
  const pods = client.resource(resources.pods);
  const failures: unknown[] = [];
  const say = (name: string, signal?: AbortSignal) =>
    void client
      .request('PATCH', `/api/v1/namespaces/a/pods/${name}/status`, { body: {}, signal })
      .catch((error: unknown) => failures.push(error));
  return { clock, server, client, pods, say, failures };
}

const statusOf = (name: string) => `PATCH /api/v1/namespaces/a/pods/${name}/status`;

test('what was refused comes again alone, and after each answer twice as many at a time', async () => {
  const { clock, server, say } = setUp();
  for (const name of ['one', 'two', 'three', 'four', 'five']) say(name);
  await eventually(() => expect(server.asked).toHaveLength(5));
  for (let count = 0; count < 5; count++) await server.refuse();
  await clock.advance(4_900);
  expect(server.asked).toEqual([]);
  await clock.advance(200);
  expect(server.asked).toEqual([statusOf('one')]);
  await server.answer();
  expect(server.asked).toEqual([statusOf('two'), statusOf('three')]);
  await server.answer();
  expect(server.asked).toEqual([statusOf('three'), statusOf('four'), statusOf('five')]);
});

test('what comes later and is of the same level waits too, whatever its object', async () => {
  const { clock, server, say, pods } = setUp();
  say('one');
  await eventually(() => expect(server.asked).toHaveLength(1));
  await server.refuse();
  void pods.patch('two', {}, { ...status, namespace: 'b' });
  await turn();
  expect(server.asked).toEqual([]);
  await clock.advance(5_100);
  expect(server.asked).toEqual([statusOf('one')]);
});

test('another level is not held', async () => {
  const { server, say, client } = setUp();
  say('one');
  await eventually(() => expect(server.asked).toHaveLength(1));
  await server.refuse();
  void client.request('PATCH', '/api/v1/nodes/n/status', { body: {} });
  await turn();
  expect(server.asked).toEqual(['PATCH /api/v1/nodes/n/status']);
});

test('events go after all others', async () => {
  const { clock, server, client, say } = setUp();
  const tell = () => void client.request('POST', '/api/v1/namespaces/a/events', { body: {} });
  tell();
  say('one');
  await eventually(() => expect(server.asked).toHaveLength(2));
  await server.refuse();
  await server.refuse();
  tell();
  say('two');
  await clock.advance(5_100);
  const events = 'POST /api/v1/namespaces/a/events';
  expect(server.asked).toEqual([statusOf('one')]);
  await server.answer();
  expect(server.asked).toEqual([statusOf('two'), events]);
});

test('a Status that asks to come later holds nobody else', async () => {
  const { server, say } = setUp();
  say('one');
  await eventually(() => expect(server.asked).toHaveLength(1));
  await server.refuse('nodes', { 'content-type': 'application/json' });
  say('two');
  await turn();
  expect(server.asked).toEqual([statusOf('two')]);
});

test('who gives up while waiting is not sent, and keeps nobody from it', async () => {
  const { clock, server, say, failures } = setUp();
  const stop = new AbortController();
  say('one', stop.signal);
  await eventually(() => expect(server.asked).toHaveLength(1));
  await server.refuse();
  say('two');
  stop.abort(new Error('enough'));
  await clock.advance(5_100);
  expect(server.asked).toEqual([statusOf('two')]);
  expect(failures).toMatchObject([{ message: 'enough' }]);
});

test('a request that is refused again and again fails in the end', async () => {
  const { clock, server, say, failures } = setUp();
  say('one');
  for (let count = 0; count < 11; count++) {
    await eventually(() => expect(server.asked).toHaveLength(1));
    await server.refuse();
    await clock.advance(5_100);
  }
  expect(failures).toMatchObject([{ code: 429 }]);
});
