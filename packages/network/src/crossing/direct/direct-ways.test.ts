import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectWays } from '#crossing/direct/direct-ways.ts';
import { directMessageMax } from '#crossing/direct/probe.ts';
import { generateGatewayKey, type GatewayKey } from '#crossing/gateway-key.ts';

type Name = 'a' | 'b';
const keys: Record<Name, GatewayKey> = { a: generateGatewayKey(), b: generateGatewayKey() };
const publicKey = (name: Name) => keys[name].publicBytes.toString('base64');

let clock: FakeClock;
let heard: string[];
let ends: Record<Name, DirectWays>;

beforeEach(() => {
  clock = new FakeClock();
  heard = [];
  const end = (own: Name) =>
    new DirectWays({
      onMessage: (from, message) => heard.push(`${own} from ${from}: ${message.toString()}`),
      onChange: () => undefined,
      clock,
      log: silentLogger,
      port: 0,
    });
  ends = { a: end('a'), b: end('b') };
});

afterEach(() => {
  ends.a.close();
  ends.b.close();
});

/** `b` says where it is; the port is what the system gave it. */
async function connect(): Promise<string> {
  await ends.b.update(keys.b, '127.0.0.1:8476', [{ node: 'a', publicKey: publicKey('a') }]);
  const endpoint = `127.0.0.1:${ends.b.portOf(4)}`;
  await ends.a.update(keys.a, undefined, [{ node: 'b', publicKey: publicKey('b'), endpoint }]);
  await eventually(async () => {
    for (const end of Object.values(ends)) end.tick();
    await clock.advance(250);
    expect([ends.a.isUp('b'), ends.b.isUp('a')]).toEqual([true, true]);
  });
  return endpoint;
}

test('messages go directly as soon as the other end answers, in both directions', async () => {
  expect(ends.a.send('b', Buffer.from('early'))).toBe(false);
  await connect();
  expect(ends.a.send('b', Buffer.from('to b'))).toBe(true);
  await eventually(() => expect(heard).toContain('b from a: to b'));
  expect(ends.b.send('a', Buffer.from('to a'))).toBe(true);
  await eventually(() => expect(heard).toContain('a from b: to a'));
});

test('what is longer than was shown to pass, or for another gateway, does not go this way', async () => {
  await connect();
  expect(ends.a.send('b', Buffer.alloc(directMessageMax + 1))).toBe(false);
  expect(ends.a.send('c', Buffer.from('x'))).toBe(false);
});

test('there is no socket where no gateway says where it is, nor when it says so no more', async () => {
  const silent = { node: 'b', publicKey: publicKey('b') };
  await ends.a.update(keys.a, undefined, [silent]);
  expect(ends.a.portOf(4)).toBeUndefined();
  await connect();
  await ends.a.update(keys.a, undefined, [silent]);
  expect([ends.a.portOf(4), ends.a.hasWay]).toEqual([undefined, false]);
});

test('an address that is none counts for nothing', async () => {
  await ends.a.update(keys.a, undefined, [{ node: 'b', publicKey: publicKey('b'), endpoint: 'host:1' }]);
  expect(ends.a.portOf(4)).toBeUndefined();
});

test('over IPv6 too', async () => {
  await ends.b.update(keys.b, '[::1]:8476', [{ node: 'a', publicKey: publicKey('a') }]);
  const endpoint = `[::1]:${ends.b.portOf(6)}`;
  await ends.a.update(keys.a, undefined, [{ node: 'b', publicKey: publicKey('b'), endpoint }]);
  await eventually(async () => {
    ends.a.tick();
    await clock.advance(250);
    expect(ends.a.send('b', Buffer.from('six'))).toBe(true);
  });
  await eventually(() => expect(heard).toContain('b from a: six'));
});
