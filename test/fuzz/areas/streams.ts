/** The framings of exec, attach and port-forward, in this process: SPDY/3.1 and WebSocket frames that break every rule. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { acceptWebSocket, channelProtocols, createChannelSocket, createSpdySession } from '@skerry/streams';
import * as fc from 'fast-check';
import { exchangeBytes } from '../client.ts';
import { damage, damaged } from '../documents.ts';
import { socketBytes, socketFrame, spdyBytes, spdyFrame, type SocketFrame } from '../frames.ts';
import { probe, type Probe } from '../probe.ts';

/** Memory of this process that one input may take. */
const memoryMax = 200 * 1024 * 1024;

/** Both ends of a connection whose far end never reads. */
function unread(): { near: Duplex; send: (bytes: Buffer | null) => void; written: () => number } {
  let written = 0;
  const near = new Duplex({
    read: () => undefined,
    // Never done: nobody takes it.
    write: (chunk: Buffer) => void (written += chunk.length),
  });
  return { near, send: (bytes) => void near.push(bytes), written: () => written + near.writableLength };
}

const repliesMax = 1.5 * 1024 * 1024;
const ping = spdyBytes({ control: true, version: 3, type: 6, id: 0, flags: 0, body: Buffer.of(0, 0, 0, 1) });

async function spdy(pieces: readonly Buffer[]): Promise<void> {
  const before = process.memoryUsage.rss();
  const { near, send, written } = unread();
  const session = createSpdySession(near, {
    role: 'server',
    onStream: (stream) => {
      stream.resume();
      stream.end('x');
    },
  });
  for (const piece of pieces) {
    send(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  send(null);
  await Promise.race([session.closed, late('the session is not over though its connection is')]);
  if (written() > repliesMax) throw new Error(`${written()} bytes wait for a peer that reads nothing`);
  const grown = process.memoryUsage.rss() - before;
  if (grown > memoryMax) throw new Error(`it took ${Math.round(grown / 2 ** 20)} MiB`);
}

function late(what: string): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error(what)), 10_000).unref());
}

let listening: Promise<{ server: Server; port: number }> | undefined;

/** A server that echoes channel 0 to channel 1, as exec does. */
async function socketServer(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined);
    const protocol =
      channelProtocols.find((name) => request.headers['sec-websocket-protocol'] === name) ?? '';
    acceptWebSocket(request, socket, head, protocol).then(
      (webSocket) => {
        const channels = createChannelSocket(webSocket);
        channels.input(0).pipe(channels.output(1));
      },
      () => socket.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return { server, port: (server.address() as AddressInfo).port };
}

async function webSocket({
  protocol,
  frames,
  extra,
}: {
  protocol: string;
  frames: readonly SocketFrame[];
  extra: string;
}): Promise<void> {
  const { port } = await (listening ??= socketServer());
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const hello = [
    'GET / HTTP/1.1',
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    `Sec-WebSocket-Protocol: ${protocol}`,
    ...(extra ? [extra] : []),
    '',
    '',
  ].join('\r\n');
  await exchangeBytes(socket, Buffer.concat([Buffer.from(hello), ...frames.map(socketBytes)]), {
    quietMs: 30,
    timeoutMs: 3_000,
  });
}

export const streams: readonly Probe[] = [
  probe(
    'SPDY frames that break the rules',
    fc.record({
      frames: fc.array(spdyFrame, { minLength: 1, maxLength: 8 }),
      damages: fc.array(damage, { maxLength: 2 }),
    }),
    (_target, { frames, damages }) => spdy([damaged(Buffer.concat(frames.map(spdyBytes)), damages)]),
  ),
  probe(
    'SPDY in single bytes',
    fc.constantFrom(1_000, 20_000),
    (_target, length) => {
      const bytes = spdyBytes({
        control: true,
        version: 3,
        type: 4,
        id: 0,
        flags: 0,
        body: Buffer.alloc(length),
      });
      return spdy(Array.from(bytes, (byte) => Buffer.of(byte)));
    },
    { share: 0.02 },
  ),
  probe(
    'SPDY pings that nobody waits for',
    fc.constantFrom(1_000, 200_000),
    (_target, count) =>
      spdy(
        Array.from({ length: Math.ceil(count / 5000) }, () =>
          Buffer.concat(Array.from({ length: 5000 }, () => ping)),
        ),
      ),
    { share: 0.05 },
  ),
  probe(
    'WebSocket frames that break the rules',
    fc.record({
      protocol: fc.constantFrom(...channelProtocols, ''),
      frames: fc.array(socketFrame, { maxLength: 6 }),
      extra: fc.constantFrom(
        '',
        'Sec-WebSocket-Extensions: permessage-deflate',
        'Sec-WebSocket-Extensions: x; y=";',
        'Sec-WebSocket-Version: 99',
      ),
    }),
    (_target, input) => webSocket(input),
    { share: 0.3 },
  ),
];
