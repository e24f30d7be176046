/**
 * The packets of pods on their way through this process. From and to the kernel they travel in VXLAN, one each; between
 * gateways many in one sealed message, each after two bytes of length.
 */
import type { Address } from '#crossing/address-ranges.ts';

export const crossingId = 5_364;

const vxlanHeaderBytes = 8;
const ethernetHeaderBytes = 14;
const ipAt = vxlanHeaderBytes + ethernetHeaderBytes;
const ipv4HeaderBytes = 20;
const ipv6HeaderBytes = 40;
const etherTypes = { 4: 0x0800, 6: 0x86dd } as const;

/** What is before the IP packet in what the kernel takes: VXLAN's header and Ethernet's. */
export function kernelHeader({
  to,
  from,
  family,
}: {
  readonly to: string;
  readonly from: string;
  readonly family: 4 | 6;
}): Buffer {
  const header = Buffer.alloc(ipAt);
  header[0] = 0x08;
  header.writeUIntBE(crossingId, 4, 3);
  macBytes(to).copy(header, vxlanHeaderBytes);
  macBytes(from).copy(header, vxlanHeaderBytes + 6);
  header.writeUInt16BE(etherTypes[family], vxlanHeaderBytes + 12);
  return header;
}

/** The IP packet in what came from the kernel; undefined for all else. */
export function packetFromKernel(datagram: Buffer): Buffer | undefined {
  if (datagram.length < ipAt + ipv4HeaderBytes || (datagram[0]! & 0x08) === 0) return undefined;
  if (datagram.readUIntBE(4, 3) !== crossingId) return undefined;
  const packet = datagram.subarray(ipAt);
  const family = familyOfPacket(packet);
  return family !== undefined && datagram.readUInt16BE(ipAt - 2) === etherTypes[family] ? packet : undefined;
}

/** Undefined for what is no whole packet. */
export function familyOfPacket(packet: Buffer): 4 | 6 | undefined {
  if (packet.length < ipv4HeaderBytes) return undefined;
  const version = packet[0]! >> 4;
  if (version === 4) return packet.readUInt16BE(2) <= packet.length ? 4 : undefined;
  if (version !== 6 || packet.length < ipv6HeaderBytes) return undefined;
  return ipv6HeaderBytes + packet.readUInt16BE(4) <= packet.length ? 6 : undefined;
}

export function sourceOf(packet: Buffer): Address {
  return packet[0]! >> 4 === 4 ? packet.readUInt32BE(12) : wideAddress(packet, 8);
}

export function destinationOf(packet: Buffer): Address {
  return packet[0]! >> 4 === 4 ? packet.readUInt32BE(16) : wideAddress(packet, 24);
}

function wideAddress(packet: Buffer, at: number): bigint {
  return (packet.readBigUInt64BE(at) << 64n) | packet.readBigUInt64BE(at + 8);
}

/** Collects packets into one message, in the same memory again and again: a buffer for each would keep the collector busy. */
export class PacketBatch {
  /** Below what a relay takes in one piece, with room for seal and name. */
  static readonly bytesMax = 60 * 1024;
  readonly #bytes = Buffer.allocUnsafeSlow(PacketBatch.bytesMax);
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** `bytesMax` where less is to go together. */
  hasRoomFor(packet: Buffer, bytesMax = PacketBatch.bytesMax): boolean {
    return this.#length + 2 + packet.length <= bytesMax;
  }

  /** A packet for which there is no room is lost. */
  add(packet: Buffer): void {
    if (!this.hasRoomFor(packet)) return;
    this.#bytes.writeUInt16BE(packet.length, this.#length);
    packet.copy(this.#bytes, this.#length + 2);
    this.#length += 2 + packet.length;
  }

  /** The message, as it is until the next packet is added; the batch is empty afterwards. */
  take(): Buffer {
    const message = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return message;
  }
}

/** The packets of a message, up to the first thing in it that is none. */
export function* packetsOf(message: Buffer): Generator<Buffer> {
  for (const packet of datagramsOf(message)) {
    if (familyOfPacket(packet) === undefined) return;
    yield packet;
  }
}

/** What a batch was made of, whatever it is. */
export function* datagramsOf(message: Buffer): Generator<Buffer> {
  for (let at = 0; at + 2 <= message.length;) {
    const length = message.readUInt16BE(at);
    const datagram = message.subarray(at + 2, at + 2 + length);
    if (datagram.length !== length || length === 0) return;
    yield datagram;
    at += 2 + length;
  }
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}
