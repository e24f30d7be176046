import { Duplex, duplexPair, PassThrough, Writable } from 'node:stream';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { beforeEach, expect, test } from 'vitest';
import { relayDecoder, relayFrameHead, type RelayFrameKind } from '#relay/frames.ts';
import { RelayHub } from '#relay/relay-hub.ts';
import { RelayPipe } from '#relay/relay-pipe.ts';
import { RelayPort } from '#relay/relay-port.ts';

let hub: RelayHub;
let linked: Set<string>;
let ports: Record<string, RelayPort>;
let got: string[];
let streams: Map<string, Duplex>;
let clock: FakeClock;

beforeEach(() => {
  linked = new Set(['a', 'b', 'c']);
  got = [];
  streams = new Map();
  clock = new FakeClock();
  ports = Object.fromEntries(
    [...linked].map((node) => {
      const port = new RelayPort();
      port.handle({
        onDatagram: (from, datagram) => got.push(`${node} < ${from}: ${datagram.toString()}`),
        onGone: (gone) => got.push(`${node}: ${gone} is gone`),
        onChange: () => undefined,
      });
      return [node, port];
    }),
  );
  hub = new RelayHub({
    dial(node) {
      const [here, there] = duplexPair();
      ports[node]?.take(there);
      streams.set(node, there);
      return Promise.resolve(here);
    },
    isLinked: (node) => linked.has(node),
    clock,
    log: silentLogger,
  });
});

const rights = (pairs: Record<string, string[]>) =>
  new Map(Object.entries(pairs).map(([node, others]) => [node, new Set(others)]));
const send = (from: string, to: string, text: string) => ports[from]?.send(to, Buffer.from(text));
const arrives = (...lines: string[]) => eventually(() => expect(got).toEqual(lines));

test('datagrams go where they may, under the name of whose link they came by', async () => {
  hub.allow(rights({ a: ['b'], b: ['a'] }));
  await eventually(() => expect(ports['b']?.isOpen).toBe(true));
  send('a', 'b', 'hello');
  await arrives('b < a: hello');
});

test('what may not pass is refused, and a node without rights has no stream', async () => {
  hub.allow(rights({ a: ['b'], b: ['a'] }));
  await eventually(() => expect(ports['b']?.isOpen).toBe(true));
  send('a', 'c', 'hello');
  await arrives('a: c is gone');
  expect(ports['c']?.isOpen).toBe(false);
});

test('rights that are taken away end the stream at once', async () => {
  hub.allow(rights({ a: ['b'], b: ['a'] }));
  await eventually(() => expect(ports['b']?.isOpen).toBe(true));
  hub.allow(rights({}));
  await eventually(() => expect([ports['a']?.isOpen, ports['b']?.isOpen]).toEqual([false, false]));
});

test('who sends to a gateway that has lost its link is told so, until it is back', async () => {
  hub.allow(rights({ a: ['b'], b: ['a'] }));
  await eventually(() => expect(ports['b']?.isOpen).toBe(true));
  linked.delete('b');
  streams.get('b')?.destroy();
  await eventually(() => {
    send('a', 'b', 'lost');
    expect(got).toContain('a: b is gone');
  });
  linked.add('b');
  hub.linked('b');
  await eventually(() => {
    send('a', 'b', 'back');
    expect(got).toContain('b < a: back');
  });
});

test('what has no payload is written without an empty piece, which HTTP/2 would wait for', async () => {
  const lengths: number[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lengths.push(chunk.length);
      done();
    },
  });
  const pipe = new RelayPipe(Duplex.from({ writable: stream, readable: new PassThrough() }), () => undefined);
  pipe.send('gone', 'x', Buffer.alloc(0));
  pipe.send('datagram', 'x', Buffer.from('payload'));
  await eventually(() => expect(lengths.length).toBeGreaterThan(0));
  await eventually(() => expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(21));
  expect(lengths).not.toContain(0);
});

test('a gateway that reads nothing loses the oldest, and costs bounded memory', async () => {
  hub.allow(rights({ a: ['b'], b: ['a'] }));
  await eventually(() => expect(ports['b']?.isOpen).toBe(true));
  streams.get('b')?.pause();
  const datagram = Buffer.alloc(32 * 1024);
  for (let count = 0; count < 200; count++) {
    datagram.writeUInt32BE(count);
    ports['a']?.send('b', Buffer.from(datagram));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const numbers: number[] = [];
  ports['b']?.handle({
    onDatagram: (_, bytes) => numbers.push(bytes.readUInt32BE()),
    onGone: () => undefined,
    onChange: () => undefined,
  });
  streams.get('b')?.resume();
  await eventually(() => expect(numbers.at(-1)).toBe(199));
  expect(numbers.length).toBeLessThan(100);
  expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
});

const frame = (kind: RelayFrameKind, name: string, payload: Buffer) =>
  Buffer.concat([relayFrameHead(kind, name, payload.length), payload]);

test('frames are found however the bytes are cut, and what is no frame ends the reading', () => {
  const bytes = Buffer.concat([
    frame('datagram', 'node-1', Buffer.from('one')),
    frame('gone', 'node-2', Buffer.alloc(0)),
    frame('datagram', '', Buffer.alloc(40_000, 7)),
  ]);
  for (const size of [1, 3, 7, 1_000, bytes.length]) {
    const seen: string[] = [];
    const decode = relayDecoder((kind, name, payload) => seen.push(`${kind} ${name} ${payload.length}`));
    for (let at = 0; at < bytes.length; at += size) decode(bytes.subarray(at, at + size));
    expect(seen).toEqual(['datagram node-1 3', 'gone node-2 0', 'datagram  40000']);
  }
  for (const hex of ['ffffffff0000', '000000000000', '000000020900', '0000000200ff'])
    expect(() => relayDecoder(() => undefined)(Buffer.from(hex, 'hex'))).toThrow('relay protocol');
});
