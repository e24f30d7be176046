import { once } from 'node:events';
import http from 'node:http';
import { connect as connectSocket, type AddressInfo, type Socket } from 'node:net';
import { eventually } from '@skerry/base/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { acceptWebSocket, isWebSocketRequest, offeredProtocols } from '#websocket/accept.ts';
import { createChannelSocket, type ChannelSocket } from '#websocket/channels.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A client and the server's end of one connection. */
async function connect(protocols: string[]): Promise<{ client: WebSocket; channels: ChannelSocket }> {
  const server = http.createServer().listen(0, '127.0.0.1');
  const accepted = new Promise<ChannelSocket>((resolve, reject) => {
    server.on('upgrade', (request, socket, head) => {
      expect(isWebSocketRequest(request)).toBe(true);
      expect(offeredProtocols(request)).toEqual(protocols);
      acceptWebSocket(request, socket, head, protocols[0] ?? '').then(
        (webSocket) => resolve(createChannelSocket(webSocket)),
        reject,
      );
    });
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, protocols);
  cleanups.push(
    () => server.close(),
    () => client.terminate(),
  );
  const [channels] = await Promise.all([accepted, once(client, 'open')]);
  return { client, channels };
}

describe('channels of a WebSocket', () => {
  test('carry bytes behind their number, and end by the close message of v5', async () => {
    const { client, channels } = await connect(['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    const input = channels.input(0);
    client.send(Buffer.from('\0hello'));
    client.send(Buffer.from([255, 0]));
    client.send(Buffer.from('\0ignored'));
    let text = '';
    for await (const chunk of input) text += String(chunk);
    expect(text).toBe('hello');
    channels.output(1).write('out');
    expect((await once(client, 'message'))[0]).toEqual(Buffer.from('\x01out'));
  });

  test('are text in base64 with a digit where the client asked for it', async () => {
    const { client, channels } = await connect(['base64.channel.k8s.io']);
    const input = channels.input(0);
    client.send('0aGk=');
    expect(String((await once(input, 'data'))[0])).toBe('hi');
    channels.output(2).write('err');
    const [message, binary] = await once(client, 'message');
    expect([String(message), binary]).toEqual(['2ZXJy', false]);
  });

  test('v4 has no close message: 255 is a channel like any other', async () => {
    const { client, channels } = await connect(['v4.channel.k8s.io']);
    const input = channels.input(0);
    client.send(Buffer.from([255, 0]));
    client.send(Buffer.from('\0still open'));
    expect(String((await once(input, 'data'))[0])).toBe('still open');
  });

  test('stop taking messages while their reader is behind', async () => {
    const { client, channels } = await connect(['v5.channel.k8s.io']);
    const input = channels.input(0);
    const message = Buffer.concat([Buffer.of(0), Buffer.alloc(256 * 1024)]);
    for (let i = 0; i < 200; i++) client.send(message);
    await eventually(() => expect(input.readableLength).toBeGreaterThan(0));
    await eventually(() => expect(client.bufferedAmount).toBeGreaterThan(10 * 1024 * 1024));
    expect(input.readableLength).toBeLessThan(2 * 1024 * 1024);
    let size = 0;
    input.on('data', (chunk: Buffer) => (size += chunk.length));
    await eventually(() => expect(size).toBe(200 * 256 * 1024));
  });

  test('end when the client goes, and writing to it then is no crash', async () => {
    const { client, channels } = await connect(['v4.channel.k8s.io']);
    const input = channels.input(0);
    input.resume();
    const ended = once(input, 'end');
    const output = channels.output(1);
    client.terminate();
    await Promise.all([channels.closed, ended]);
    const closed = new Promise((resolve) => output.once('close', resolve));
    output.write('too late');
    await closed;
  });

  test('a client that asks for no subprotocol gets none', async () => {
    const { client } = await connect([]);
    expect(client.protocol).toBe('');
  });
});

/** What a client sends together with its request: the server reads it before anyone has looked at the connection. */
async function sendAtOnce(frames: Buffer): Promise<Socket> {
  const server = http.createServer().listen(0, '127.0.0.1');
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined);
    acceptWebSocket(request, socket, head, '').then(createChannelSocket, () => socket.destroy());
  });
  await once(server, 'listening');
  const client = connectSocket((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  cleanups.push(
    () => server.close(),
    () => client.destroy(),
  );
  const lines = ['GET / HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket'];
  lines.push('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '', '');
  client.write(Buffer.concat([Buffer.from(lines.join('\r\n')), frames]));
  return client;
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

test('a broken frame behind the handshake ends its connection and nothing else', async () => {
  const client = await sendAtOnce(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0, 255]));
  client.resume();
  await closing(client);
});

test('a client that sends pings and reads nothing is let go', async () => {
  const ping = Buffer.concat([Buffer.from([0x89, 0xfd, 0, 0, 0, 0]), Buffer.alloc(125)]);
  const client = await sendAtOnce(ping);
  client.pause();
  const pings = Buffer.concat(Array.from({ length: 8_000 }, () => ping));
  while (!client.closed) {
    await new Promise((resolve) => client.write(pings, resolve));
    // A connection that is over takes writes at once.
    await new Promise((resolve) => setImmediate(resolve));
  }
});
