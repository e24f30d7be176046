import { FakeClock } from '@skerry/base/testing';
import { beforeEach, expect, test } from 'vitest';
import { generateGatewayKey } from '#crossing/gateway-key.ts';
import { SealedPeer } from '#crossing/sealed-peer.ts';

const keys = { a: generateGatewayKey(), b: generateGatewayKey() };
type Name = keyof typeof keys;

let clock: FakeClock;
let lost: (from: Name, message: Buffer) => boolean;
let sent: { from: Name; message: Buffer }[];
let got: Record<Name, string[]>;
let ends: Record<Name, SealedPeer>;
let underWay: (() => void)[];
let undelivered: string[];

beforeEach(() => {
  clock = new FakeClock();
  lost = () => false;
  sent = [];
  got = { a: [], b: [] };
  underWay = [];
  undelivered = [];
  let seed = 0;
  const end = (own: Name, other: Name) =>
    new SealedPeer({
      parties: { own: keys[own], peer: keys[other].publicBytes },
      send(message) {
        sent.push({ from: own, message });
        if (!lost(own, message)) underWay.push(() => ends[other].receive(Buffer.from(message)));
      },
      onPlain: (plain) => got[own].push(plain.toString()),
      onDown: (waiting) => undelivered.push(...waiting.map((plain) => plain.toString())),
      clock,
      random: () => (seed = (seed + 0.137) % 1),
    });
  ends = { a: end('a', 'b'), b: end('b', 'a') };
});

/** Messages arrive until none is under way. */
function settle(): void {
  for (let next = underWay.shift(); next; next = underWay.shift()) next();
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    await clock.advance(250);
    ends.a.tick();
    ends.b.tick();
    settle();
  }
}

function say(from: Name, text: string): void {
  ends[from].send(Buffer.from(text));
  settle();
}

test('what one end sends arrives at the other, both ways, and nobody between can read it', () => {
  say('a', 'the first packet');
  say('b', 'the answer');
  expect(got).toEqual({ a: ['the answer'], b: ['the first packet'] });
  expect(sent.some(({ message }) => message.includes('packet'))).toBe(false);
});

test('both may begin at once', () => {
  ends.a.send(Buffer.from('from a'));
  ends.b.send(Buffer.from('from b'));
  settle();
  say('a', 'more');
  say('b', 'more');
  expect(got).toEqual({ a: ['from b', 'more'], b: ['from a', 'more'] });
});

test('what waits for a session goes as it was given, though its memory is used again meanwhile', () => {
  const memory = Buffer.from('first');
  ends.a.send(memory);
  memory.write('other');
  settle();
  expect(got.b).toEqual(['first']);
});

test('a message that comes again, or changed, is not taken', () => {
  say('a', 'one');
  say('a', 'two');
  const again = sent.filter(({ from }) => from === 'a').map(({ message }) => message);
  for (const message of again) ends.b.receive(Buffer.from(message));
  const changed = Buffer.from(again.at(-1) ?? '');
  changed[changed.length - 1]! ^= 1;
  ends.b.receive(changed);
  settle();
  say('a', 'three');
  expect(got.b).toEqual(['one', 'two', 'three']);
});

test('who has another key than the published one gets nothing', () => {
  const stranger = new SealedPeer({
    parties: { own: generateGatewayKey(), peer: keys.b.publicBytes },
    send: (message) => ends.b.receive(message),
    onPlain: () => undefined,
    onDown: () => undefined,
    clock,
    random: () => 0.5,
  });
  stranger.send(Buffer.from('let me in'));
  say('a', 'hello');
  expect(got.b).toEqual(['hello']);
});

test.each(['', '01', '02', '03', '0100000001', 'ff'.repeat(77), '01'.repeat(61), '03'.repeat(40)])(
  'garbage is no message: %s',
  (hex) => {
    say('a', 'one');
    ends.b.receive(Buffer.from(hex, 'hex'));
    say('a', 'two');
    expect(got.b).toEqual(['one', 'two']);
  },
);

test('keys are renewed under traffic, without a packet lost, and old ones are used no more', async () => {
  say('a', 'old');
  const old = sent.at(-1)?.message ?? Buffer.alloc(0);
  await pass(119_000);
  for (let round = 0; round < 8; round++) {
    await pass(1_000);
    say('a', `a${round}`);
    say('b', `b${round}`);
  }
  expect(got.b.slice(1)).toEqual(Array.from({ length: 8 }, (_, round) => `a${round}`));
  expect(got.a).toEqual(Array.from({ length: 8 }, (_, round) => `b${round}`));
  const last = sent.filter(({ from, message }) => from === 'a' && message[0] === 3).at(-1)?.message;
  expect(last?.readUInt32BE(1)).not.toBe(old.readUInt32BE(1));
});

test('an idle session costs nothing, and a new one is made when there is something to say again', async () => {
  say('a', 'one');
  await pass(2_000);
  const quiet = sent.length;
  await pass(400_000);
  expect(sent).toHaveLength(quiet);
  say('a', 'two');
  expect(got.b).toEqual(['one', 'two']);
});

test('a peer that answers nothing under traffic counts as down within seconds, and is tried again', async () => {
  say('a', 'one');
  lost = (from) => from === 'b';
  await pass(1_500);
  let passedMs = 0;
  for (; passedMs < 20_000 && !ends.a.isDown; passedMs += 250) {
    ends.a.send(Buffer.from('lost'));
    await pass(250);
  }
  expect(ends.a.isDown).toBe(true);
  lost = () => false;
  await pass(6_000);
  expect(ends.a.isDown).toBe(false);
  say('a', 'back');
  await pass(1_000);
  expect(got.b).toContain('back');
});

test('a peer that hears much and has nothing to say stays up', async () => {
  for (let round = 0; round < 40; round++) {
    say('a', `${round}`);
    await pass(500);
  }
  expect(ends.a.isDown).toBe(false);
  expect(got.b).toHaveLength(40);
});

test('the relay says that a peer is gone: it is down at once', () => {
  say('a', 'one');
  ends.a.gone();
  expect(ends.a.isDown).toBe(true);
});

test('a peer that has started anew, and knows nothing of the session, is spoken to again', async () => {
  say('a', 'one');
  const before = ends.b;
  ends.b = new SealedPeer({
    parties: { own: keys.b, peer: keys.a.publicBytes },
    send: (message) => underWay.push(() => ends.a.receive(Buffer.from(message))),
    onPlain: (plain) => got.b.push(plain.toString()),
    onDown: () => undefined,
    clock,
    random: () => 0.77,
  });
  expect(ends.b).not.toBe(before);
  await clock.advance(1_000);
  say('a', 'lost');
  await pass(5_000);
  say('a', 'heard');
  expect(got.b).toEqual(['one', 'heard']);
});

test('what waited for a session that does not come is handed back', async () => {
  lost = () => true;
  ends.a.send(Buffer.from('waiting'));
  await pass(5_000);
  expect(ends.a.isDown).toBe(true);
  expect(undelivered).toEqual(['waiting']);
});
