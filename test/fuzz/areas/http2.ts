/** HTTP/2 as frames: broken ones, ones in the wrong place, and floods of ones that are in order. */
import * as fc from 'fast-check';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { exchangeBytes } from '../client.ts';
import { probe, type Probe } from '../probe.ts';
import type { Target } from '../target.ts';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
  /** When the length in the header is a lie. */
  readonly length?: number;
}

function encoded({ type, flags, stream, payload, length = payload.length }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length & 0xffffff, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

/** A literal header field without indexing, unhuffed. */
function literal(name: string, value: string): Buffer {
  const text = (part: string) => {
    const bytes = Buffer.from(part, 'latin1');
    return Buffer.concat([bytes.length < 127 ? Buffer.of(bytes.length) : longLength(bytes.length), bytes]);
  };
  return Buffer.concat([Buffer.of(0), text(name), text(value)]);
}

function longLength(length: number): Buffer {
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function headersOf(fields: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(Object.entries(fields).map(([name, value]) => literal(name, value)));
}

const get = headersOf({ ':method': 'GET', ':scheme': 'https', ':authority': 'x', ':path': '/livez' });
const post = headersOf({
  ':method': 'POST',
  ':scheme': 'https',
  ':authority': 'x',
  ':path': '/api/v1/namespaces/default/pods',
  'content-length': '10',
});
const oddHeaders = [
  headersOf({ ':method': 'GET' }),
  headersOf({ ':path': '/' }),
  headersOf({ ':method': 'constructor', ':scheme': 'x', ':path': '__proto__' }),
  headersOf({ ':method': 'GET', ':scheme': 'https', ':path': '' }),
  headersOf({ ':method': 'CONNECT', ':authority': 'x' }),
  headersOf({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'https',
    ':path': '/',
    ':authority': 'x',
  }),
  headersOf({ ':method': 'GET', ':scheme': 'https', ':path': '/\u0000\r\n', ':authority': 'x' }),
  headersOf({ x: 'y', ':method': 'GET', ':scheme': 'https', ':path': '/' }),
  headersOf({
    ':method': 'GET',
    ':scheme': 'https',
    ':path': '/',
    Upper: 'x',
    connection: 'close',
    'transfer-encoding': 'chunked',
  }),
  headersOf({ ':method': 'GET', ':scheme': 'https', ':path': '/', x: 'y'.repeat(15_000) }),
  headersOf(
    Object.fromEntries([
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/'],
      ...Array.from({ length: 900 }, (_, i) => [`x${i}`, 'y']),
    ]) as Record<string, string>,
  ),
  Buffer.of(0x80),
  Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f),
  Buffer.of(0x3f, 0xff, 0xff, 0xff, 0x7f),
  Buffer.of(0x40, 0x7f, 0xff, 0xff, 0xff, 0x0f),
  Buffer.concat([literal('cookie', 'x'.repeat(4000)), Buffer.alloc(12_000, 0xbe)]),
];
const payload = fc.oneof(
  fc.constantFrom<Uint8Array>(
    get,
    post,
    ...oddHeaders,
    Buffer.alloc(0),
    Buffer.alloc(4),
    Buffer.of(0x7f, 0xff, 0xff, 0xff),
    Buffer.alloc(8),
    Buffer.alloc(16_384),
  ),
  fc.uint8Array({ maxLength: 40 }),
);
const stream = fc.constantFrom(0, 1, 3, 5, 2, 99, 0x7fffffff, 0xffffffff);
const frame: fc.Arbitrary<Frame> = fc.record(
  {
    type: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 9 }) },
      { weight: 1, arbitrary: fc.constantFrom(10, 16, 255) },
    ),
    flags: fc.constantFrom(0, 1, 4, 5, 8, 0x20, 0x2d, 0xff),
    stream,
    payload,
    length: fc.constantFrom(0, 1, 100, 16_385, 0xffffff),
  },
  { requiredKeys: ['type', 'flags', 'stream', 'payload'] },
);

const settings = encoded({ type: 4, flags: 0, stream: 0, payload: Buffer.alloc(0) });

/** Each is sent over and over on one connection. */
const floods: Readonly<Record<string, (index: number) => Buffer>> = {
  'streams opened and reset': (i) =>
    Buffer.concat([
      encoded({ type: 1, flags: 5, stream: i * 2 + 1, payload: get }),
      encoded({ type: 3, flags: 0, stream: i * 2 + 1, payload: Buffer.of(0, 0, 0, 8) }),
    ]),
  'streams opened with a body to come': (i) =>
    encoded({ type: 1, flags: 4, stream: i * 2 + 1, payload: post }),
  settings: () => settings,
  'settings that change the table': (i) =>
    encoded({ type: 4, flags: 0, stream: 0, payload: Buffer.of(0, 1, 0, 0, i & 15, 0) }),
  pings: () => encoded({ type: 6, flags: 0, stream: 0, payload: Buffer.alloc(8) }),
  priorities: (i) => encoded({ type: 2, flags: 0, stream: i * 2 + 1, payload: Buffer.of(0, 0, 0, 0, 1) }),
  'headers without an end': (i) =>
    encoded(
      i === 0
        ? { type: 1, flags: 0, stream: 1, payload: get }
        : { type: 9, flags: 0, stream: 1, payload: literal('x', 'y'.repeat(1000)) },
    ),
  'empty headers without an end': (i) =>
    encoded(
      i === 0
        ? { type: 1, flags: 0, stream: 1, payload: get }
        : { type: 9, flags: 0, stream: 1, payload: Buffer.alloc(0) },
    ),
  'empty data': (i) =>
    encoded(
      i === 0
        ? { type: 1, flags: 4, stream: 1, payload: post }
        : { type: 0, flags: 0, stream: 1, payload: Buffer.alloc(0) },
    ),
  'window updates': () => encoded({ type: 8, flags: 0, stream: 0, payload: Buffer.of(0, 0, 0, 1) }),
  'windows that overflow': () =>
    encoded({ type: 8, flags: 0, stream: 0, payload: Buffer.of(0x7f, 0xff, 0xff, 0xff) }),
  'frames of no type': () => encoded({ type: 77, flags: 0, stream: 0, payload: Buffer.alloc(100) }),
  'large answers that nobody takes': (i) =>
    encoded({
      type: 1,
      flags: 5,
      stream: i * 2 + 1,
      payload: headersOf({ ':method': 'GET', ':scheme': 'https', ':authority': 'x', ':path': '/openapi/v2' }),
    }),
};

export const http2: readonly Probe[] = [
  probe(
    'frames in any order',
    fc.array(frame, { minLength: 1, maxLength: 8 }),
    async ({ ready }, frames) => {
      await exchangeBytes(
        await openH2(ready.tlsPort),
        Buffer.concat([preface, settings, ...frames.map(encoded)]),
        { quietMs: 40, timeoutMs: 2_000 },
      );
    },
    { share: 0.15 },
  ),
  probe(
    'a flood of frames',
    fc.record({ flood: fc.constantFrom(...Object.keys(floods)), count: fc.constantFrom(100, 5_000, 30_000) }),
    flooded,
    { share: 0.03 },
  ),
];

async function flooded({ ready }: Target, { flood, count }: { flood: string; count: number }): Promise<void> {
  const make = floods[flood]!;
  const frames = Array.from({ length: count }, (_, index) => make(index));
  await exchangeBytes(await openH2(ready.tlsPort), Buffer.concat([preface, settings, ...frames]), {
    quietMs: 150,
    timeoutMs: 8_000,
  });
}

export function openH2(port: number, protocols = ['h2']): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // Its own server, found by its port: there is no one to mistake it for.
    const socket = connectTls(
      { host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: protocols },
      () => {
        socket.off('error', reject);
        resolve(socket);
      },
    );
    socket.once('error', reject);
  });
}
