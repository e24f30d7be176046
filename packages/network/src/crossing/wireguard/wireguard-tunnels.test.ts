import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WireGuardDevices, WireGuardSettings } from '#crossing/wireguard/wireguard-device.ts';
import { WireGuardTunnels } from '#crossing/wireguard/wireguard-tunnels.ts';

let clock: FakeClock;
/** The kernel's end of every device. */
let kernel: Socket;
let heard: string[];
let there: Map<string, WireGuardSettings>;
let fails: boolean;
let tries: number;
let sent: { node: string; message: Buffer }[];
let tunnels: WireGuardTunnels;

beforeEach(async () => {
  clock = new FakeClock();
  heard = [];
  there = new Map();
  fails = false;
  tries = 0;
  sent = [];
  kernel = createSocket('udp4');
  kernel.on('message', (datagram) => heard.push(datagram.toString()));
  kernel.bind(0, '127.0.0.1');
  await once(kernel, 'listening');
  const devices: Pick<WireGuardDevices, 'add' | 'set' | 'remove' | 'listenPort'> = {
    add: () => (tries++, fails ? Promise.reject(new Error('no')) : Promise.resolve()),
    set: async (device, settings) => void there.set(device, settings),
    remove: async (device) => void there.delete(device),
    listenPort: async () => kernel.address().port,
  };
  tunnels = new WireGuardTunnels({
    devices: devices as WireGuardDevices,
    batchBytesMax: () => 60_000,
    send: (node, message) => sent.push({ node, message: Buffer.from(message) }),
    clock,
    log: silentLogger,
  });
});

afterEach(async () => {
  await tunnels.close();
  kernel.close();
});

const wanted = (node: string, ranges = ['10.13.0.0/24']) => ({ node, publicKey: `key of ${node}`, ranges });
const portOf = (device: string) => there.get(device)?.peer.port ?? 0;

/** As the kernel says it to the port that stands for the peer. */
async function say(device: string, ...texts: string[]): Promise<void> {
  const before = sent.length;
  for (const text of texts) kernel.send(text, portOf(device), '127.0.0.1');
  await eventually(async () => {
    await clock.advance(1);
    expect(sent.length).toBeGreaterThan(before);
  });
}

test('each gateway has a device of its own, with its key and ranges, as long as it is one', async () => {
  await tunnels.update('own', [wanted('b1'), wanted('b2')]);
  expect([...there].map(([device, { privateKey, peer }]) => [device, privateKey, peer.publicKey])).toEqual([
    ['skerry-wg0', 'own', 'key of b1'],
    ['skerry-wg1', 'own', 'key of b2'],
  ]);
  await tunnels.update('own', [wanted('b2', ['10.13.0.0/24', '10.13.1.0/24'])]);
  expect([...there.keys()]).toEqual(['skerry-wg1']);
  expect(there.get('skerry-wg1')?.peer.ranges).toEqual(['10.13.0.0/24', '10.13.1.0/24']);
});

test('what the kernel seals goes over the relay, and what comes from there goes to the kernel', async () => {
  await tunnels.update('own', [wanted('b1')]);
  await say('skerry-wg0', 'sealed');
  expect(sent[0]).toEqual({ node: 'b1', message: Buffer.from('\u0004\u0000\u0006sealed') });
  tunnels.receive('b1', Buffer.from('\u0004\u0000\u0003one\u0000\u0003two'));
  await eventually(() => expect(heard).toEqual(['one', 'two']));
  tunnels.receive('b1', Buffer.from('\u0004\u00ff\u00ffcut'));
  tunnels.receive('nobody', Buffer.from('\u0004\u0000\u0003one'));
  tunnels.receive('b1', Buffer.from('\u0004\u0000\u0005three'));
  await eventually(() => expect(heard).toEqual(['one', 'two', 'three']));
});

test('packets go by the first gateway that answers, and by the first again when it does', async () => {
  await tunnels.update('own', [wanted('b1'), wanted('b2')]);
  const device = () => tunnels.deviceTo(['b1', 'b2']);
  expect(device()).toBe('skerry-wg0');
  await say('skerry-wg0', 'anybody there?');
  await clock.advance(14_000);
  tunnels.tick();
  expect(device()).toBe('skerry-wg0');
  await clock.advance(1_000);
  tunnels.tick();
  expect(device()).toBe('skerry-wg1');
  tunnels.receive('b1', Buffer.from('\u0004\u0000\u0003yes'));
  expect(device()).toBe('skerry-wg0');
  tunnels.gone('b1');
  tunnels.gone('b2');
  expect(device()).toBeUndefined();
});

test('an idle tunnel says nothing, and stays up', async () => {
  await tunnels.update('own', [wanted('b1')]);
  await clock.advance(600_000);
  tunnels.tick();
  expect(tunnels.deviceTo(['b1'])).toBe('skerry-wg0');
  expect(sent).toEqual([]);
});

test('a device that can not be had is tried again some seconds later, and nothing goes by it', async () => {
  fails = true;
  for (let look = 0; look < 4; look++) await tunnels.update('own', [wanted('b1')]);
  expect(tries).toBe(1);
  expect(tunnels.deviceTo(['b1'])).toBeUndefined();
  fails = false;
  await clock.advance(5_000);
  await tunnels.update('own', [wanted('b1')]);
  expect(tunnels.deviceTo(['b1'])).toBe('skerry-wg0');
});
