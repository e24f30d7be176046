/** Exec, attach and port-forward through the server to a node: frames that break the rules, and streams by the hundred. */
import { setTimeout as sleep } from 'node:timers/promises';
import { channelProtocols, createSpdySession, type SpdyStream, tunnelPrefix, upgrade } from '@skerry/streams';
import { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { damage, damaged } from '../documents.ts';
import { socketBytes, socketFrame, type SocketFrame, spdyBytes, spdyFrame } from '../frames.ts';
import { containerNames } from '../node/node-stand-in.ts';
import { type RuntimeManner, runtimeManners } from '../node/runtime-stand-in.ts';
import { probe, type Probe } from '../probe.ts';
import { adminToken } from '../server-contract.ts';
import type { Target } from '../target.ts';
import { endings, expectNothingLeft, manner, upgrades, visit } from '../visit.ts';

const pods = '/api/v1/namespaces/default/pods';

const channel = fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 4, 5, 0x30, 0x34, 200, 254, 255);
const sizes = [
  '{"Width":80,"Height":24}',
  '{"Width":99999999999,"Height":-1}',
  '{"Width":"a"}',
  'null',
  '{',
  '[{}]',
  `{"Width":${'9'.repeat(100_000)}}`,
  ' '.repeat(1_000_000),
];
const channelFrame: fc.Arbitrary<SocketFrame> = fc
  .tuple(
    channel,
    fc.oneof(fc.constantFrom(...sizes.map((text) => Buffer.from(text))), fc.uint8Array({ maxLength: 300 })),
  )
  .map(([number, data]) => ({
    first: 0x82,
    masked: true,
    length: 'true',
    payload: Buffer.concat([Buffer.of(number), data]),
  }));

const query = fc
  .record({
    container: fc.constantFrom(...containerNames, 'c', 'c', 'none'),
    command: fc.constantFrom('cat', 'refused-by-the-runtime', '', 'x'.repeat(5000), 'a\u0000b'),
    stdin: fc.constantFrom('1', '', 'false'),
    stdout: fc.constantFrom('1', ''),
    stderr: fc.constantFrom('1', ''),
    tty: fc.constantFrom('', '1'),
    ports: fc.constantFrom('80', '80,81', '0', '99999', 'x', '', '1,'.repeat(200), '8080'),
  })
  .map((words) => new URLSearchParams(Object.entries(words).filter(([, value]) => value !== '')).toString());

const broken = fc.record({
  to: fc.constantFrom('exec', 'exec', 'attach', 'portforward'),
  runtime: fc.constantFrom(...runtimeManners),
  query,
  method: fc.constantFrom('GET', 'GET', 'POST', 'PUT'),
  upgrade: fc.constantFrom('websocket', 'websocket', 'SPDY/3.1', ...upgrades),
  protocols: fc.array(
    fc.constantFrom(...channelProtocols, `${tunnelPrefix}portforward.k8s.io`, 'x', 'portforward.k8s.io'),
    {
      maxLength: 3,
    },
  ),
  manner,
  damages: fc.array(damage, { maxLength: 1 }),
  spdyFrames: fc.array(spdyFrame, { maxLength: 6 }),
  socketFrames: fc.array(fc.oneof({ weight: 3, arbitrary: channelFrame }, socketFrame), { maxLength: 6 }),
});
type Broken = typeof broken extends fc.Arbitrary<infer T> ? T : never;

const operation = fc.record({
  does: fc.constantFrom('open', 'open', 'write', 'end', 'reset', 'pause'),
  type: fc.constantFrom('error', 'stdin', 'stdout', 'stderr', 'resize', 'data', '', '__proto__'),
  stream: fc.nat({ max: 40 }),
  count: fc.constantFrom(1, 1, 3, 60, 1100),
  bytes: fc.constantFrom(0, 1, 1_000, 200_000),
});
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;
const crowd = fc.record({
  way: fc.constantFrom('exec' as const, 'portforward' as const, 'tunnel' as const),
  runtime: fc.constantFrom<RuntimeManner>('echo', 'flood', 'slow', 'rush', 'ramble', 'cut'),
  operations: fc.array(operation, { minLength: 1, maxLength: 25 }),
  ending: fc.constantFrom(...endings),
});
type Crowd = typeof crowd extends fc.Arbitrary<infer T> ? T : never;

export const nodeStreams: readonly Probe[] = [
  probe('exec, attach and port-forward by clients that break the rules', broken, breakRules, { share: 0.25 }),
  probe('streams of a node, opened and reset by the hundred', crowd, openMany, { share: 0.12 }),
];

function breakRules(target: Target, input: Broken): Promise<void> {
  const { to, runtime, protocols, damages } = input;
  const frames =
    input.upgrade === 'websocket' ? input.socketFrames.map(socketBytes) : input.spdyFrames.map(spdyBytes);
  return visit(
    target,
    {
      ...input.manner,
      method: input.method,
      path: `${pods}/${runtime}/${to}?${input.query}`,
      upgrade: input.upgrade,
      protocols,
      bytes: damaged(Buffer.concat(frames), damages),
    },
    {
      silent: runtime === 'silent',
      failing: runtime === 'refuse' || input.query.includes('refused-by-the-runtime'),
      answers: false,
    },
  );
}

async function openMany(target: Target, { way, runtime, operations, ending }: Crowd): Promise<void> {
  const before = await target.report();
  const socket = await (way === 'tunnel' ? tunnel : upgraded)(target.ready.plainPort, { way, runtime });
  socket.on('error', () => undefined);
  const session = createSpdySession(socket, { role: 'client', onStream: (stream) => stream.resume() });
  const streams: SpdyStream[] = [];
  for (const each of operations) await operate(session, streams, each);
  await sleep(20);
  if (ending === 'closed') session.close();
  else socket.destroy();
  await Promise.race([session.closed, sleep(5_000, undefined, { ref: false })]);
  socket.destroy();
  await expectNothingLeft(target, before);
}

async function operate(
  session: ReturnType<typeof createSpdySession>,
  streams: SpdyStream[],
  { does, type, stream: place, count, bytes }: Operation,
): Promise<void> {
  const stream = streams[place % Math.max(1, streams.length)];
  if (does === 'open') {
    for (let i = 0; i < count; i++) {
      try {
        streams.push(session.open({ streamType: type, port: '80', requestID: String(i) }).resume());
      } catch {
        // As many as there may be, or the connection is over.
        return;
      }
    }
    return;
  }
  if (does === 'write' && !stream?.writableEnded) stream?.write(Buffer.alloc(bytes));
  if (does === 'end') stream?.end();
  if (does === 'reset') for (const each of streams.slice(place, place + count)) each.destroy();
  if (does === 'pause') await sleep(5);
}

async function upgraded(port: number, { way, runtime }: { way: string; runtime: string }): Promise<Duplex> {
  const wanted = way === 'exec' ? 'command=cat&stdin=1&stdout=1&stderr=1&container=c' : 'ports=80';
  const { socket } = await upgrade({
    url: `http://127.0.0.1:${port}${pods}/${runtime}/${way}?${wanted}`,
    headers: {
      Authorization: `Bearer ${adminToken}`,
      'X-Stream-Protocol-Version': way === 'exec' ? 'v4.channel.k8s.io' : 'portforward.k8s.io',
    },
  });
  return socket;
}

/** SPDY inside WebSocket messages, as kubectl forwards ports. The WebSocket library refuses the subprotocol's name. */
async function tunnel(port: number, { runtime }: { runtime: string }): Promise<Duplex> {
  const { socket } = await upgrade({
    method: 'GET',
    url: `http://127.0.0.1:${port}${pods}/${runtime}/portforward?ports=80`,
    protocol: 'websocket',
    headers: {
      Authorization: `Bearer ${adminToken}`,
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol': `${tunnelPrefix}portforward.k8s.io`,
    },
  });
  const inside = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _, done) {
      socket.write(socketBytes({ first: 0x82, masked: true, length: 'true', payload: chunk }), () => done());
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  // What comes back is not read as SPDY: only that it is taken counts.
  socket.resume().on('close', () => inside.push(null));
  return inside;
}
