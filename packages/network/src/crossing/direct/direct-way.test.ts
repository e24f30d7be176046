import { FakeClock } from '@skerry/base/testing';
import { beforeEach, expect, test } from 'vitest';
import { DirectWay, type Address } from '#crossing/direct/direct-way.ts';
import { directMessageMax, directType, probeName, probeSecret, readProbe } from '#crossing/direct/probe.ts';
import { generateGatewayKey } from '#crossing/gateway-key.ts';

type Name = 'a' | 'b';
const keys = { a: generateGatewayKey(), b: generateGatewayKey() };
/** `b` is reached at its address; `a` is behind a router, which gives it one when it speaks. */
const at: Record<Name, Address> = {
  a: { host: '198.51.100.1', port: 40_001 },
  b: { host: '203.0.113.7', port: 8_476 },
};
const elsewhere = { host: '192.0.2.66', port: 6_666 };

let clock: FakeClock;
let ends: Record<Name, DirectWay>;
let sent: { from: Name; to: Address; datagram: Buffer }[];
let changes: string[];
let isLost: (from: Name, datagram: Buffer) => boolean;

beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  changes = [];
  isLost = () => false;
  const end = (own: Name, other: Name, endpoint?: Address): DirectWay =>
    new DirectWay({
      secret: probeSecret(keys[own], keys[other].publicBytes),
      name: probeName(keys[own].publicBytes),
      endpoint,
      send: (datagram, to) => sent.push({ from: own, to, datagram }),
      onChange: () => changes.push(`${own} ${ends[own].isUp ? 'up' : 'down'}`),
      clock,
    });
  ends = { a: end('a', 'b', at.b), b: end('b', 'a') };
});

function deliver(to: Name, datagram: Buffer, from: Address): void {
  const probe = readProbe(datagram);
  if (probe) ends[to].receive(probe, datagram, from);
}

/** Datagrams arrive until none is under way; those that are answered. */
function settle(): typeof sent {
  const seen: typeof sent = [];
  for (let next = sent.shift(); next; next = sent.shift()) {
    seen.push(next);
    const { from, to, datagram } = next;
    const other = from === 'a' ? 'b' : 'a';
    if (to.host === at[other].host && !isLost(from, datagram)) deliver(other, datagram, at[from]);
  }
  return seen;
}

async function pass(ms: number, { isUsed = true } = {}): Promise<typeof sent> {
  const seen: typeof sent = [];
  for (let passed = 0; passed < ms; passed += 250) {
    await clock.advance(250);
    for (const end of Object.values(ends)) {
      if (isUsed) end.use();
      end.tick();
    }
    seen.push(...settle());
  }
  return seen;
}

test('one end that can be reached is enough: the other is answered where it asks from', async () => {
  expect(ends.a.use()).toBeUndefined();
  await pass(1_000);
  expect([ends.a.use(), ends.b.use()]).toEqual([at.b, at.a]);
  expect(changes.toSorted()).toEqual(['a up', 'b up']);
});

test('a way on which the longest messages do not pass is none', async () => {
  isLost = (_, datagram) => datagram.length > directMessageMax;
  await pass(30_000);
  expect(changes).toEqual([]);
});

test('a way that falls silent is given up within some seconds, and is back when it is answered again', async () => {
  await pass(1_000);
  isLost = () => true;
  await pass(6_000);
  expect([ends.a.isUp, ends.b.isUp]).toEqual([false, false]);
  isLost = () => false;
  await pass(30_000);
  expect([ends.a.isUp, ends.b.isUp]).toEqual([true, true]);
});

test('a lost answer or two change nothing', async () => {
  await pass(1_000);
  isLost = () => true;
  await pass(2_000);
  isLost = () => false;
  await pass(2_000);
  expect(changes).toHaveLength(2);
});

test('while nothing passes little is asked, and where nobody answers ever less', async () => {
  await pass(1_000);
  await pass(10_000);
  const idle = await pass(100_000, { isUsed: false });
  const asked = (seen: typeof sent) =>
    seen.filter(({ from, datagram }) => from === 'a' && datagram[0] === directType.question).length;
  expect(asked(idle)).toBeLessThan(16);
  expect(ends.a.isUp).toBe(true);
  isLost = () => true;
  await pass(200_000);
  const searching = await pass(100_000);
  expect(asked(searching)).toBeLessThan(12);
});

test('nobody else leads it astray', async () => {
  await pass(1_000);
  ends.a.tick();
  const [question] = sent;
  await clock.advance(1_000);
  ends.a.tick();
  const asked = sent.find(({ from }) => from === 'a')?.datagram ?? question?.datagram ?? Buffer.alloc(0);
  settle();
  // A question of the right end that somebody sends again is answered, and leads nowhere else.
  deliver('b', asked, elsewhere);
  expect(sent.every(({ datagram }) => datagram.length <= asked.length)).toBe(true);
  settle();
  await pass(3_000);
  expect(ends.b.use()).toEqual(at.a);
  // Nor does one with another key, or what is changed on the way.
  const stranger = generateGatewayKey();
  const forged = new DirectWay({
    secret: probeSecret(stranger, keys.b.publicBytes),
    name: probeName(keys.a.publicBytes),
    endpoint: at.b,
    send: (datagram) => deliver('b', datagram, elsewhere),
    onChange: () => undefined,
    clock,
  });
  forged.tick();
  const changed = Buffer.from(asked);
  changed[3]! ^= 1;
  deliver('b', changed, elsewhere);
  expect(sent).toEqual([]);
  for (let length = 0; length < 40; length++) deliver('b', Buffer.alloc(length, 16), elsewhere);
  expect(sent).toEqual([]);
});

test('a question that is sent again and again from anywhere is no way to make others send', async () => {
  ends.a.tick();
  const [{ datagram: question } = { datagram: Buffer.alloc(0) }] = sent.splice(0);
  for (let index = 0; index < 100; index++) deliver('b', question, { ...elsewhere, port: 7_000 + index });
  expect(sent.filter(({ datagram }) => datagram[0] === directType.question)).toHaveLength(1);
});

test('an answer that nobody asked for, or that comes from elsewhere, proves nothing', async () => {
  ends.a.tick();
  const [{ datagram: question } = { datagram: Buffer.alloc(0) }] = sent.splice(0);
  deliver('b', question, at.a);
  const answer = sent.find(({ datagram }) => datagram[0] === 17)?.datagram ?? Buffer.alloc(0);
  sent = [];
  deliver('a', answer, elsewhere);
  expect(ends.a.isUp).toBe(false);
  deliver('a', answer, at.b);
  expect(ends.a.isUp).toBe(true);
});
