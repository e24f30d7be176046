import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import {
  decode,
  encode,
  streamDecode,
  streamEncode,
  type Answer,
  type DecodedPacket,
  type Packet,
} from 'dns-packet';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { ClusterRecords } from '#dns/cluster-records.ts';
import { Forwarder } from '#dns/forwarder.ts';
import { listen } from '#dns/listener.ts';
import { LoopProbe } from '#dns/loop-probe.ts';
import { NameServerMetrics } from '#dns/metrics.ts';
import { createResponder, type Responder } from '#dns/responder.ts';

/** A name server of elsewhere: what it was asked, and what it says. */
interface Upstream {
  readonly port: number;
  readonly asked: string[];
  answers: Answer[];
  rcode: number;
  isTruncated: boolean;
  close(): void;
}

let clock: FakeClock;
let forwarder: Forwarder;
let loops: LoopProbe;
let responder: Responder;
let upstreams: Upstream[];

beforeEach(() => {
  clock = new FakeClock();
  upstreams = [];
  const random = Math.random;
  const nothing = { isKnown: () => true, addIndex: () => undefined, byIndex: () => [], list: () => [] };
  const view = { services: { ...nothing, get: () => undefined }, slices: nothing };
  const records = new ClusterRecords({ view: view as never, random, serial: () => 1 });
  forwarder = new Forwarder({ clock, log: silentLogger, random });
  loops = new LoopProbe({ random });
  const metrics = new NameServerMetrics({ cacheSize: () => forwarder.cacheSize });
  responder = createResponder({ records, forwarder, loops, metrics, clock });
});

afterEach(() => {
  forwarder.close();
  for (const upstream of upstreams) upstream.close();
});

async function startUpstream(): Promise<Upstream> {
  const tcp = createServer();
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  return serveUpstream(udp, tcp, port);
}

function serveUpstream(udp: Socket, tcp: Server, port: number): Upstream {
  const upstream: Upstream = {
    port,
    asked: [],
    answers: [],
    rcode: 0,
    isTruncated: false,
    close() {
      udp.close();
      tcp.close();
    },
  };
  const answer = (query: Packet, transport: string): Packet => {
    upstream.asked.push(`${transport} ${query.questions?.[0]?.name}`);
    const cut = upstream.isTruncated && transport === 'udp';
    return {
      type: 'response',
      id: query.id,
      flags: 0x0180 | upstream.rcode | (cut ? 0x0200 : 0),
      questions: query.questions,
      answers: cut ? [] : upstream.answers,
    };
  };
  udp.on('message', (message, from) =>
    udp.send(encode(answer(decode(message), 'udp')), from.port, from.address),
  );
  tcp.on('connection', (socket) =>
    socket.on('data', (chunk: Buffer) => socket.write(streamEncode(answer(streamDecode(chunk), 'tcp')))),
  );
  upstreams.push(upstream);
  return upstream;
}

const at = ({ port }: { port: number }) => ({ host: '127.0.0.1', port });
const address = (name: string, data: string, ttl = 300): Answer => ({ type: 'A', name, ttl, data });

function question(name: string): Buffer {
  return encode({ type: 'query', id: 99, flags: 0x0100, questions: [{ type: 'A', name }] });
}

async function ask(
  name: string,
  transport: 'udp' | 'tcp' = 'udp',
): Promise<DecodedPacket & { rcode: string }> {
  const response = await responder(question(name), transport);
  if (!response) throw new Error('no answer');
  return decode(response) as DecodedPacket & { rcode: string };
}

test('a name of elsewhere is asked once, and counts down while it is kept', async () => {
  const upstream = await startUpstream();
  upstream.answers = [address('example.org', '192.0.2.1')];
  forwarder.configure({ upstreams: [at(upstream)], stubDomains: new Map() });
  expect(await ask('example.org')).toMatchObject({
    id: 99,
    rcode: 'NOERROR',
    flag_aa: false,
    answers: [{ data: '192.0.2.1', ttl: 300 }],
  });
  await clock.advance(100_000);
  expect(await ask('Example.ORG')).toMatchObject({
    questions: [{ name: 'Example.ORG' }],
    answers: [{ data: '192.0.2.1', ttl: 200 }],
  });
  expect(upstream.asked).toHaveLength(1);
  await clock.advance(200_000);
  await ask('example.org');
  expect(upstream.asked).toHaveLength(2);
});

test('the same question asked many times at once goes out once', async () => {
  const upstream = await startUpstream();
  upstream.answers = [address('example.org', '192.0.2.1')];
  forwarder.configure({ upstreams: [at(upstream)], stubDomains: new Map() });
  await Promise.all(Array.from({ length: 20 }, () => ask('example.org')));
  expect(upstream.asked).toHaveLength(1);
});

test('an answer too long for UDP is fetched over TCP, and given to those who take it', async () => {
  const upstream = await startUpstream();
  upstream.isTruncated = true;
  upstream.answers = Array.from({ length: 100 }, (_, n) => address('example.org', `192.0.2.${n}`));
  forwarder.configure({ upstreams: [at(upstream)], stubDomains: new Map() });
  expect(await ask('example.org')).toMatchObject({ flag_tc: true, answers: [] });
  expect((await ask('example.org', 'tcp')).answers).toHaveLength(100);
  expect(upstream.asked).toEqual(['udp example.org', 'tcp example.org']);
});

test('where one server fails, another is asked', async () => {
  const [failing, good] = [await startUpstream(), await startUpstream()];
  failing.rcode = 2;
  good.answers = [address('example.org', '192.0.2.1', 0)];
  const nobody = await startUpstream();
  nobody.close();
  upstreams.pop();
  forwarder.configure({ upstreams: [at(nobody), at(failing), at(good)], stubDomains: new Map() });
  for (let n = 0; n < 5; n++) expect((await ask('example.org')).answers).toHaveLength(1);
});

test('what has run out is given while nobody answers', async () => {
  const upstream = await startUpstream();
  upstream.answers = [address('example.org', '192.0.2.1', 60)];
  forwarder.configure({ upstreams: [at(upstream)], stubDomains: new Map() });
  await ask('example.org');
  upstream.close();
  upstreams.pop();
  await clock.advance(3_600_000);
  expect(await ask('example.org')).toMatchObject({ answers: [{ data: '192.0.2.1', ttl: 30 }] });
  expect(await ask('other.example.org')).toMatchObject({ rcode: 'SERVFAIL' });
});

test('the servers of the longest stub domain are asked', async () => {
  const [everywhere, outer, inner] = [await startUpstream(), await startUpstream(), await startUpstream()];
  forwarder.configure({
    upstreams: [at(everywhere)],
    stubDomains: new Map([
      ['corp.test', [at(outer)]],
      ['lab.corp.test', [at(inner)]],
    ]),
  });
  for (const name of ['a.lab.corp.test', 'lab.corp.test', 'b.corp.test', 'xcorp.test']) await ask(name);
  expect([everywhere, outer, inner].map(({ asked }) => asked)).toEqual([
    ['udp xcorp.test'],
    ['udp b.corp.test'],
    ['udp a.lab.corp.test', 'udp lab.corp.test'],
  ]);
});

test('an upstream that leads back here is found, and asked no more', async () => {
  const reserved = await startUpstream();
  const { port } = reserved;
  reserved.close();
  upstreams.pop();
  const end = new AbortController();
  const options = { address: '127.0.0.1', port, answer: responder, log: silentLogger };
  const listening = listen(options, end.signal);
  forwarder.configure({ upstreams: [at({ port })], stubDomains: new Map() });
  await eventually(async () => expect(await forwarder.findLoops(loops)).toEqual([`127.0.0.1:${port}`]));
  expect(await ask('example.org')).toMatchObject({ rcode: 'SERVFAIL' });
  end.abort();
  await listening;
});

test('several questions of one connection are answered, and one that makes no sense ends it', async () => {
  const reserved = await startUpstream();
  const { port } = reserved;
  reserved.close();
  upstreams.pop();
  const end = new AbortController();
  const listening = listen({ address: '127.0.0.1', port, answer: responder, log: silentLogger }, end.signal);
  const whole = (name: string) => {
    const packet = question(name);
    return Buffer.concat([Buffer.from([packet.length >> 8, packet.length & 0xff]), packet]);
  };
  const socket = await eventually(async () => {
    const opened = connect(port, '127.0.0.1');
    await once(opened, 'connect');
    return opened;
  });
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
  const ended = once(socket, 'close');
  const pieces = Buffer.concat([whole('a.cluster.local'), whole('b.cluster.local')]);
  socket.write(pieces.subarray(0, 20));
  socket.write(pieces.subarray(20));
  const answered = () => {
    const names = [];
    for (let offset = 0; offset < received.length; offset += 2 + received.readUInt16BE(offset)) {
      names.push(decode(received, offset + 2).questions?.[0]?.name);
    }
    return new Set(names);
  };
  await eventually(() => expect(answered()).toEqual(new Set(['a.cluster.local', 'b.cluster.local'])));
  socket.write(Buffer.from([0xff, 0xff, 1, 2, 3]));
  await ended;
  end.abort();
  await listening;
});
