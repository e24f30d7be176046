/** The framings of exec, attach and port-forward, in this process: SPDY/3.1 and WebSocket frames that break every rule. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { deflateSync } from 'node:zlib';
import { acceptWebSocket, channelProtocols, createChannelSocket, createSpdySession } from '@skerry/streams';
import * as fc from 'fast-check';
import { exchangeBytes } from '../client.ts';
import { damage, damaged } from '../documents.ts';
import { probe, type Probe } from '../probe.ts';

/** Memory of this process that one input may take. */
const memoryMax = 200 * 1024 * 1024;

interface SpdyFrame {
  readonly control: boolean;
  readonly version: number;
  readonly type: number;
  readonly id: number;
  readonly flags: number;
  readonly body: Uint8Array;
  readonly length?: number;
}

function spdyBytes({ control, version, type, id, flags, body, length = body.length }: SpdyFrame): Buffer {
  const head = Buffer.alloc(8);
  if (control) {
    head.writeUInt16BE(0x8000 | version, 0);
    head.writeUInt16BE(type, 2);
  } else head.writeUInt32BE(id, 0);
  head[4] = flags;
  head.writeUIntBE(length & 0xffffff, 5, 3);
  return Buffer.concat([head, body]);
}

const open = (id: number, block: Uint8Array) => {
  const head = Buffer.alloc(10);
  head.writeUInt32BE(id, 0);
  return Buffer.concat([head, block]);
};
/** Without the preset dictionary a decoder takes it too: the stream says so. */
const zeros = deflateSync(Buffer.alloc(100 * 1024 * 1024), { level: 9 });
const blocks = [
  Buffer.alloc(0),
  deflateSync(Buffer.of(0, 0, 0, 0)),
  deflateSync(Buffer.of(0xff, 0xff, 0xff, 0xff)),
  deflateSync(Buffer.of(0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff)),
  deflateSync(
    Buffer.concat([Buffer.of(0, 0, 0, 1, 0, 0, 0, 9), Buffer.from('__proto__'), Buffer.of(0, 0, 0, 1, 0x78)]),
  ),
  zeros.subarray(0, 100_000),
  zeros,
];
const body = fc.oneof(
  fc.constantFrom<Uint8Array>(
    ...blocks.flatMap((block) => [open(1, block), open(3, block), open(2, block)]),
    Buffer.alloc(4),
    Buffer.of(0, 0, 0, 1, 0, 0, 0, 5),
  ),
  fc.uint8Array({ maxLength: 60 }),
);
const spdyFrame: fc.Arbitrary<SpdyFrame> = fc.record(
  {
    control: fc.boolean(),
    version: fc.constantFrom(3, 3, 3, 2, 0, 0x7fff),
    type: fc.constantFrom(1, 1, 2, 3, 4, 6, 7, 8, 9, 0, 99, 0xffff),
    id: fc.constantFrom(0, 1, 2, 3, 0x7fffffff),
    flags: fc.constantFrom(0, 1, 2, 0xff),
    body,
    length: fc.constantFrom(0, 1, 0xffffff),
  },
  { requiredKeys: ['control', 'version', 'type', 'id', 'flags', 'body'] },
);

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

const mask = Buffer.of(1, 2, 3, 4);
interface SocketFrame {
  readonly first: number;
  readonly masked: boolean;
  readonly length: 'true' | 'short' | 'huge' | 'negative';
  readonly payload: Uint8Array;
}
function socketBytes({ first, masked, length, payload }: SocketFrame): Buffer {
  const bit = masked ? 0x80 : 0;
  const told = { true: payload.length, short: 1, huge: 2 ** 31, negative: 2 ** 52 }[length];
  const size = told < 126 ? Buffer.of(bit | told) : Buffer.alloc(9);
  if (told >= 126) {
    size[0] = bit | 127;
    size.writeBigUInt64BE(BigInt(told) | (length === 'negative' ? 1n << 63n : 0n), 1);
  }
  const bytes = masked ? Buffer.from(payload).map((byte, index) => byte ^ mask[index & 3]!) : payload;
  return Buffer.concat([Buffer.of(first), size, ...(masked ? [mask] : []), bytes]);
}
const socketFrame: fc.Arbitrary<SocketFrame> = fc.record({
  first: fc.constantFrom(0x82, 0x82, 0x81, 0x01, 0x00, 0x80, 0x88, 0x89, 0x8a, 0x83, 0xc2, 0xff, 0x09),
  masked: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  length: fc.oneof(
    { weight: 6, arbitrary: fc.constant('true' as const) },
    { weight: 1, arbitrary: fc.constantFrom('short' as const, 'huge' as const, 'negative' as const) },
  ),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 130 }),
    fc.constantFrom<Uint8Array>(
      Buffer.of(0),
      Buffer.of(255, 0),
      Buffer.of(255),
      Buffer.alloc(70_000),
      Buffer.of(0x03, 0xe8),
      Buffer.of(0, 0xff, 0xfe),
    ),
  ),
});

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
