import { expect, test } from 'vitest';
import { AddressRanges } from '#crossing/address-ranges.ts';
import {
  destinationOf,
  kernelHeader,
  packetFromKernel,
  PacketBatch,
  packetsOf,
  sourceOf,
} from '#crossing/packets.ts';

/** An IPv4 packet as it appears on the wire. */
function packet(from: string, to: string, payload = 'data'): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(20), Buffer.from(payload)]);
  bytes[0] = 0x45;
  bytes.writeUInt16BE(bytes.length, 2);
  from.split('.').forEach((octet, index) => (bytes[12 + index] = Number(octet)));
  to.split('.').forEach((octet, index) => (bytes[16 + index] = Number(octet)));
  return bytes;
}

/** The same of IPv6; addresses as 32 digits. */
function widePacket(from: string, to: string, payload = 'data'): Buffer {
  const head = Buffer.alloc(8);
  head[0] = 0x60;
  head.writeUInt16BE(payload.length, 4);
  return Buffer.concat([head, Buffer.from(from + to, 'hex'), Buffer.from(payload)]);
}

const header = headerOf(4);
const one = packet('10.12.1.2', '10.13.0.3');
const [here, there] = ['fd00001000120001000000000000000a', 'fd00001000120002000000000000000b'];
const wide = widePacket(here, there);

function headerOf(family: 4 | 6): Buffer {
  return kernelHeader({ to: '0e:53:ff:00:00:01', from: '0e:53:ff:00:00:02', family });
}

test('the kernel hands out packets of both families, and what is none is left', () => {
  expect(packetFromKernel(Buffer.concat([header, one]))?.equals(one)).toBe(true);
  expect(packetFromKernel(Buffer.concat([headerOf(6), wide]))?.equals(wide)).toBe(true);
  const arp = Buffer.concat([header, one]);
  arp.writeUInt16BE(0x0806, 20);
  const otherNetwork = Buffer.concat([header, one]);
  otherNetwork[6] = 9;
  const cut = Buffer.concat([header, one.subarray(0, 22)]);
  const wrongFamily = Buffer.concat([header, wide]);
  const wideCut = Buffer.concat([headerOf(6), wide.subarray(0, wide.length - 1)]);
  for (const bytes of [arp, otherNetwork, cut, wrongFamily, wideCut, header, Buffer.alloc(0)])
    expect(packetFromKernel(bytes)).toBeUndefined();
});

test('packets travel together and come out as they were', () => {
  const batch = new PacketBatch();
  const packets = [
    one,
    wide,
    packet('10.12.1.2', '10.13.0.4', 'x'.repeat(1_400)),
    packet('10.12.9.9', '10.13.0.5', ''),
  ];
  for (const each of packets) batch.add(each);
  expect([...packetsOf(batch.take())].map((each) => each.toString('hex'))).toEqual(
    packets.map((each) => each.toString('hex')),
  );
  expect(batch.isEmpty).toBe(true);
});

test('a batch takes what a relay takes, loses what is beyond it, and begins anew', () => {
  const batch = new PacketBatch();
  const large = packet('10.12.1.2', '10.13.0.4', 'x'.repeat(40_000));
  batch.add(large);
  expect(batch.hasRoomFor(large)).toBe(false);
  batch.add(large);
  expect(batch.take()).toHaveLength(2 + large.length);
  batch.add(one);
  expect([...packetsOf(batch.take())].map((each) => each.toString('hex'))).toEqual([one.toString('hex')]);
});

test('a message that ends in the middle of a packet, or has none, yields what is whole', () => {
  const batch = new PacketBatch();
  batch.add(one);
  batch.add(one);
  const message = batch.take();
  expect([...packetsOf(message.subarray(0, message.length - 1))]).toHaveLength(1);
  expect([...packetsOf(Buffer.from('ffff', 'hex'))]).toEqual([]);
  expect([...packetsOf(Buffer.from('0004deadbeef', 'hex'))]).toEqual([]);
});

test.each<[readonly string[], string, boolean]>([
  [['10.12.1.0/24'], '10.12.1.2', true],
  [['10.12.1.0/24'], '10.12.2.2', false],
  [['10.13.0.0/24', '10.12.0.0/23'], '10.12.1.2', true],
  [['192.168.0.0/16'], '192.169.0.1', false],
  [['255.255.255.255/32'], '255.255.255.255', true],
  [['0.0.0.0/0'], '10.1.1.1', true],
  [['no range', 'fd00::/8'], '10.12.1.2', false],
  [['fd00:10:12:1::/64', '10.12.1.0/24'], here, true],
  [['fd00:10:12:2::/64'], here, false],
  [['::/0'], here, true],
])('%j has %s: %s', (ranges, address, expected) => {
  const bytes = address === here ? widePacket(here, here) : packet(address, address);
  expect(new AddressRanges(ranges).has(sourceOf(bytes))).toBe(expected);
  expect(new AddressRanges(ranges).has(destinationOf(bytes))).toBe(expected);
});
