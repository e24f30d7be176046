import { once } from 'node:events';
import http from 'node:http';
import type { Duplex } from 'node:stream';
import { FakeClock, eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { execRoute } from '#terminal/exec-routes.ts';
import { callerNamed } from '#testing/caller-named.ts';
import { serveSockets, type SocketServer } from '#testing/serve-sockets.ts';
import { clusterName, startTestCluster, type TestCluster } from '#testing/test-cluster.ts';

const protocol = 'v5.channel.k8s.io';
const clock = new FakeClock();
let cluster: TestCluster;
let terminals: SocketServer;
/** A node's side of each command. */
let commands: { command: string[]; socket: WebSocket; got: string[] }[];
let begin: (command: string[], socket: WebSocket) => void;

beforeAll(async () => {
  const node = http.createServer();
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => protocol });
  node.on('upgrade', (request: http.IncomingMessage, connection: Duplex, head: Buffer) => {
    sockets.handleUpgrade(request, connection, head, (socket) => {
      const command = new URL(request.url ?? '', 'http://node').searchParams.getAll('command');
      const got: string[] = [];
      socket.on('message', (data: RawData) => got.push((data as Buffer).toString('latin1')));
      commands.push({ command, socket, got });
      begin(command, socket);
    });
  });
  cluster = await startTestCluster(['ann'], { node });
  terminals = await serveSockets(execRoute({ access: cluster.access, clock }), { cluster: clusterName });
  const { admin } = cluster;
  await admin.resource(resources.nodes).create({ metadata: { name: 'n' } });
  await admin
    .resource(resources.serviceAccounts)
    .create({ metadata: { name: 'default', namespace: 'default' } });
  await admin.resource(resources.pods).create({
    metadata: { name: 'web', namespace: 'default' },
    spec: { nodeName: 'n', containers: [{ name: 'app', image: 'i' }] },
  } as object);
});
afterAll(async () => {
  await terminals.close();
  await cluster.close();
});
beforeEach(() => {
  commands = [];
  begin = (_command, socket) => socket.send(frame(1, '$ '));
});

const frame = (channel: number, text: string) => Buffer.concat([Buffer.of(channel), Buffer.from(text)]);
const failure = (message: string) =>
  frame(
    3,
    JSON.stringify({ kind: 'Status', status: 'Failure', message, reason: 'InternalError', code: 500 }),
  );
const open = (query: Record<string, string> = {}, user = 'admin') =>
  terminals.open(callerNamed(user), { namespace: 'default', pod: 'web', ...query }, protocol);
const texts = (messages: readonly Buffer[]) => messages.map((message) => message.toString('latin1'));

describe('a terminal', () => {
  test('passes what is typed, sizes and output, byte for byte', async () => {
    const { socket, messages } = await open();
    await eventually(() => expect(texts(messages)).toContain('\x01$ '));
    socket.send(frame(0, 'ls\r'));
    socket.send(frame(4, '{"Width":120,"Height":40}'));
    await eventually(() => expect(commands[0]?.got).toEqual(['\x00ls\r', '\x04{"Width":120,"Height":40}']));
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    commands[0]?.socket.send(Buffer.concat([Buffer.of(1), bytes]));
    await eventually(() => expect(messages.at(-1)?.subarray(1)).toEqual(bytes));
    socket.close();
    await once(commands[0]!.socket, 'close');
  });

  test('opens the first shell that the container has, and gives it what was typed meanwhile', async () => {
    begin = (command, socket) => {
      if (command[0] === 'ash') socket.send(frame(1, '# '));
      else
        setImmediate(() =>
          socket.send(failure(`exec: "${command[0]}": executable file not found in $PATH: unknown`)),
        );
    };
    const { socket, messages } = await open();
    socket.send(frame(4, '{"Width":80,"Height":24}'));
    await eventually(() => expect(texts(messages)).toContain('\x01# '));
    expect(commands.map(({ command }) => command[0])).toEqual(['bash', 'sh', 'ash']);
    await eventually(() => expect(commands[2]?.got).toEqual(['\x04{"Width":80,"Height":24}']));
    expect(texts(messages).filter((text) => text.startsWith('\x03'))).toEqual([]);
    socket.close();
  });

  test('of a container without a shell says so', async () => {
    begin = (_command, socket) => {
      socket.send(failure('executable file not found in $PATH'));
      socket.close(1000);
    };
    const { messages, closed } = await open();
    expect((await closed).code).toBe(1000);
    expect(texts(messages).at(-1)).toContain('executable file not found');
  });

  test('runs the command that it is given, and no other', async () => {
    begin = (_command, socket) => {
      socket.send(failure('executable file not found in $PATH'));
      socket.close(1000);
    };
    const { messages, closed } = await open({ command: 'top' });
    await closed;
    expect(commands.map(({ command }) => command)).toEqual([['top']]);
    expect(texts(messages).at(-1)).toContain('executable file not found');
  });

  test('is closed with its command', async () => {
    const { closed } = await open();
    await eventually(() => expect(commands).toHaveLength(1));
    commands[0]?.socket.close(1000);
    expect(await closed).toEqual({ code: 1000, reason: 'the command has ended' });
  });

  test('at which nobody types for half an hour is closed', async () => {
    const { socket, messages, closed } = await open();
    await eventually(() => expect(messages.length).toBeGreaterThan(0));
    await clock.advance(29 * 60_000);
    socket.send(frame(0, 'x'));
    await eventually(() => expect(commands[0]?.got).toEqual(['\x00x']));
    await clock.advance(29 * 60_000);
    expect(socket.readyState).toBe(socket.OPEN);
    await clock.advance(60_000);
    expect(await closed).toEqual({ code: 4408, reason: 'nothing was typed for 30 minutes' });
  });

  test.each<[string, Record<string, string>, string, number]>([
    ['who may not', {}, 'ann', 4403],
    ['a pod that is not there', { pod: 'nobody' }, 'admin', 4404],
    ['a name that is a path', { pod: '../secrets' }, 'admin', 4400],
  ])('is refused to %s, with the code', async (_, query, user, code) => {
    const { closed } = await open(query, user);
    expect((await closed).code).toBe(code);
    expect(commands).toEqual([]);
  });

  test('holds back a command that writes faster than the browser reads', async () => {
    const { socket, messages } = await open();
    await eventually(() => expect(messages.length).toBeGreaterThan(0));
    socket.pause();
    const server = commands[0]!.socket;
    const chunk = frame(1, 'x'.repeat(64 * 1024));
    let taken = 0;
    const total = 800;
    for (let index = 0; index < total; index++) server.send(chunk, () => taken++);
    // Most of it waits where it comes from: what is on the way is bounded by buffers of sockets and of the terminal.
    await eventually(() => expect(server.bufferedAmount).toBeGreaterThan(0));
    const before = taken;
    expect(before).toBeLessThan(total);
    socket.resume();
    await eventually(() => expect(taken).toBe(total));
    await eventually(() => expect(messages.length).toBeGreaterThanOrEqual(total));
    socket.close();
  });
});
