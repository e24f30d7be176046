import http from 'node:http';
import { systemClock } from '@skerry/base';
import { FakeClock, eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LogFrame } from '#contract/index.ts';
import type { CenterRequest } from '#http/route.ts';
import { LineSplitter } from '#logs/line-splitter.ts';
import { logDownloadRoute, logSocketRoute } from '#logs/log-routes.ts';
import { logsQueryFrom } from '#logs/logs-query.ts';
import { callerNamed } from '#testing/caller-named.ts';
import { serveSockets, type SocketServer } from '#testing/serve-sockets.ts';
import { clusterName, startTestCluster, type TestCluster } from '#testing/test-cluster.ts';

let cluster: TestCluster;
let sockets: SocketServer;
/** What the node answers, and what it was asked. */
let answer: (request: http.IncomingMessage, response: http.ServerResponse) => void;
let asked: string[];
const clock = new FakeClock();

beforeAll(async () => {
  const node = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  cluster = await startTestCluster(['ann'], { node });
  sockets = await serveSockets(logSocketRoute({ access: cluster.access, clock }), { cluster: clusterName });
  const { admin } = cluster;
  await admin.resource(resources.nodes).create({ metadata: { name: 'n' } });
  await admin
    .resource(resources.serviceAccounts)
    .create({ metadata: { name: 'default', namespace: 'default' } });
  for (const name of ['web-1', 'web-2']) await createPod(name, name === 'web-1' ? ['app', 'side'] : ['app']);
});
afterAll(async () => {
  await sockets.close();
  await cluster.close();
});
beforeEach(() => {
  asked = [];
  answer = (request, response) => response.end(`${request.url?.split('?')[0]} says\nhello\n`);
});

async function createPod(name: string, containers: readonly string[]): Promise<void> {
  await cluster.admin.resource(resources.pods).create({
    metadata: { name, namespace: 'default', labels: { app: 'web' } },
    spec: { nodeName: 'n', containers: containers.map((container) => ({ name: container, image: 'i' })) },
  } as object);
}

async function read(query: Record<string, string>, user = 'admin') {
  const { messages, closed } = await sockets.open(callerNamed(user), { namespace: 'default', ...query });
  const { code, reason } = await closed;
  return { frames: messages.map((message) => JSON.parse(message.toString()) as LogFrame), code, reason };
}

describe('logs', () => {
  test('of one container come as lines, and then end', async () => {
    const { frames, code } = await read({
      pod: 'web-2',
      tailLines: '5',
      sinceSeconds: '60',
      timestamps: 'true',
    });
    expect(frames).toEqual([
      { type: 'lines', source: 'web-2/app', lines: ['/containerLogs/default/web-2/app says', 'hello'] },
      { type: 'end', source: 'web-2/app' },
    ]);
    expect(code).toBe(1000);
    expect(asked).toEqual(['/containerLogs/default/web-2/app?sinceSeconds=60&timestamps=true&tailLines=5']);
  });

  test('of all that a selector finds come side by side', async () => {
    const { frames } = await read({ selector: 'app=web' });
    expect(
      frames
        .filter(({ type }) => type === 'end')
        .map(({ source }) => source)
        .sort(),
    ).toEqual(['web-1/app', 'web-1/side', 'web-2/app']);
  });

  test('of a node that refuses say why, and others go on', async () => {
    answer = (request, response) => {
      if (request.url?.includes('/web-1/side')) {
        response.statusCode = 400;
        response.end('container is waiting to start');
      } else response.end('fine\n');
    };
    const { frames } = await read({ pod: 'web-1' });
    expect(frames).toContainEqual({ type: 'lines', source: 'web-1/app', lines: ['fine'] });
    expect(frames).toContainEqual({
      type: 'end',
      source: 'web-1/side',
      why: expect.stringContaining('container is waiting to start') as string,
    });
  });

  test('come while they are written, also of pods that come later', async () => {
    const open: http.ServerResponse[] = [];
    answer = (_request, response) => {
      response.write('first\n');
      open.push(response);
    };
    const { messages, socket } = await sockets.open(callerNamed('admin'), {
      namespace: 'default',
      selector: 'app=late',
      follow: 'true',
    });
    await cluster.admin.resource(resources.pods).create({
      metadata: { name: 'late', namespace: 'default', labels: { app: 'late' } },
      spec: { nodeName: 'n', containers: [{ name: 'app', image: 'i' }] },
    } as object);
    await eventually(async () => {
      await clock.advance(5_000);
      expect(messages).toHaveLength(1);
    });
    open[0]?.write('second\nthi');
    open[0]?.end('rd\n');
    await eventually(() => expect(messages.map(String).join('')).toContain('"third"'));
    socket.close();
  });

  test.each<[string, Record<string, string>, string, number]>([
    ['who may not read them', { pod: 'web-2', container: 'app' }, 'ann', 1000],
    ['who may not even see the pod', { pod: 'web-2' }, 'ann', 4403],
    ['a pod that is not there', { pod: 'nobody' }, 'admin', 4404],
    ['neither a pod nor a selector', {}, 'admin', 4400],
    ['a name that is a path', { pod: '../x' }, 'admin', 4400],
  ])('are refused to %s', async (_, query, user, expected) => {
    const { code, frames } = await read(query, user);
    expect(code).toBe(expected);
    expect(frames.every(({ type }) => type === 'end')).toBe(true);
    if (expected === 1000)
      expect(frames[0]).toMatchObject({ why: expect.stringContaining('forbidden') as string });
  });

  test('are a file, byte for byte', async () => {
    const bytes = Buffer.from('ünïcode\r\nno end');
    answer = (_request, response) => response.end(bytes);
    const { status, headers, body } = await download({ pod: 'web-2' });
    expect(status).toBe(200);
    expect(headers?.['content-disposition']).toBe('attachment; filename="web-2.log"');
    expect(body).toEqual(bytes);
    expect((await download({ pod: 'web-1' })).body.toString()).toBe(
      `==> web-1/app <==\n${String(bytes)}==> web-1/side <==\n${String(bytes)}`,
    );
    await expect(download({ pod: 'web-2', container: 'app' }, 'ann')).rejects.toMatchObject({ code: 403 });
  });
});

async function download(query: Record<string, string>, user = 'admin') {
  const route = logDownloadRoute({ access: cluster.access, clock: systemClock });
  const response = await route.handle({
    caller: callerNamed(user),
    params: { cluster: clusterName },
    query: new URLSearchParams({ namespace: 'default', ...query }),
    signal: new AbortController().signal,
    audit: { action: '', keep: false },
  } as unknown as CenterRequest);
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return { status: response.status, headers: response.headers, body: Buffer.concat(chunks) };
}

describe('lines', () => {
  test.each<[string, (string | Uint8Array)[], string[]]>([
    ['are put together', ['a\nb', 'c\n', 'd'], ['a', 'bc', 'd']],
    ['may be empty', ['\n\n'], ['', '']],
    ['end with either break', ['a\r\nb\n'], ['a', 'b']],
    ['keep characters whole', [Uint8Array.of(0xe6, 0x9d), Uint8Array.of(0xb1, 0x0a)], ['東']],
    [
      'that are too long come in parts',
      ['abcdefghijklm\nx\n', 'a'.repeat(11), '\n'],
      ['abcdefghij', 'klm', 'x', 'a'.repeat(10), 'a'],
    ],
  ])('%s', (_, chunks, expected) => {
    const splitter = new LineSplitter({ lengthMax: 10 });
    const lines = chunks.flatMap((chunk) =>
      splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk),
    );
    expect([...lines, ...splitter.end()]).toEqual(expected);
  });
});

test.each([
  ['namespace=x', 'name a pod'],
  ['pod=x', 'namespace'],
  ['namespace=x&pod=p&tailLines=-1', 'tailLines'],
  ['namespace=x&pod=p&sinceTime=yesterday', 'sinceTime'],
  ['namespace=x&pod=p&sinceTime=2026-01-01T00:00:00Z%26follow=true', 'sinceTime'],
  ['namespace=x&pod=p&selector=a', 'name a pod'],
])('a query %s is refused', (query, why) => {
  expect(() => logsQueryFrom(new URLSearchParams(query))).toThrow(why);
});
