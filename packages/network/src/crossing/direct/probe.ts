/**
 * How two gateways find out that datagrams reach one from the other: one asks, the other answers with the same number. Both
 * prove that they have a secret which only these two can work out from their keys, so that nobody else makes one of them
 * send anywhere: an answer counts only for a question that was asked at that address. What they say to each other otherwise
 * is sealed already.
 *
 * An answer is never longer than its question. A question may be as long as the longest message, which shows that such pass.
 * Pure.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { publicKeyOf, sharedSecret, type GatewayKey } from '#crossing/gateway-key.ts';

/** First byte of a datagram. */
export const directType = { question: 16, answer: 17, message: 18 } as const;
/** Of a message between gateways on the direct way: a packet, its length, and the seal. */
export const directMessageMax = 1_600;
/** Packets that go together are no more than that, so that what the network loses is one of them and not forty. */
export const directBatchBytes = 1_500;

export const numberBytes = 8;
const nameBytes = 8;
const proofBytes = 16;
const probeBytes = 1 + numberBytes + nameBytes + proofBytes;

/** Of two gateways, the same at both. */
export function probeSecret(own: GatewayKey, peerPublicKey: Buffer): Buffer {
  const secret = sharedSecret(own.privateKey, publicKeyOf(peerPublicKey));
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), 'skerry direct way 1', 32));
}

/** By which the other end finds whose probe it is: of the sender's public key. */
export function probeName(publicKey: Buffer): Buffer {
  return createHash('sha256').update('skerry gateway').update(publicKey).digest().subarray(0, nameBytes);
}

export interface Probe {
  readonly type: typeof directType.question | typeof directType.answer;
  readonly number: Buffer;
  /** The sender's. */
  readonly name: Buffer;
}

export function writeProbe(probe: Probe, secret: Buffer, { isLong = false } = {}): Buffer {
  const bytes = Buffer.alloc(isLong ? 1 + directMessageMax : probeBytes);
  bytes[0] = probe.type;
  probe.number.copy(bytes, 1);
  probe.name.copy(bytes, 1 + numberBytes);
  proofOf(probe, secret).copy(bytes, probeBytes - proofBytes);
  return bytes;
}

/** Undefined for what is none; whose it says it is, is to be proved by `isProved`. */
export function readProbe(datagram: Buffer): Probe | undefined {
  const type = datagram[0];
  if (datagram.length < probeBytes || (type !== directType.question && type !== directType.answer))
    return undefined;
  const nameAt = 1 + numberBytes;
  return { type, number: datagram.subarray(1, nameAt), name: datagram.subarray(nameAt, nameAt + nameBytes) };
}

export function isProved(probe: Probe, datagram: Buffer, secret: Buffer): boolean {
  return timingSafeEqual(proofOf(probe, secret), datagram.subarray(probeBytes - proofBytes, probeBytes));
}

function proofOf({ type, number, name }: Probe, secret: Buffer): Buffer {
  return createHmac('sha256', secret)
    .update(Buffer.from([type]))
    .update(number)
    .update(name)
    .digest()
    .subarray(0, proofBytes);
}
