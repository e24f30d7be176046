/**
 * How two gateways that know each other's public keys agree on keys for their packets: the key exchange of WireGuard (Noise
 * IK, https://www.wireguard.com/protocol/) without the hiding of identities, since the center that passes the messages knows
 * who sends them. Both prove that they hold their private keys, and who gets at those later still can't read what was sent
 * before: ephemeral keys are part of each secret. An initiation counts once, by its time.
 *
 * Pure but for the ephemeral keys.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, type KeyObject } from 'node:crypto';
import {
  generateGatewayKey,
  publicKeyBytes,
  publicKeyOf,
  sharedSecret,
  type GatewayKey,
} from '#crossing/gateway-key.ts';

export const cipher = 'chacha20-poly1305';
export const tagBytes = 16;
export const nonceBytes = 12;
export const messageType = { initiation: 1, answer: 2, data: 3 } as const;

const protocol = 'skerry crossing 1';
const initiationBytes = 1 + 4 + publicKeyBytes + 8 + tagBytes;
const answerBytes = 1 + 4 + 4 + publicKeyBytes + tagBytes;

/** Keys of a session, of this end. */
export interface SessionKeys {
  readonly sendKey: Buffer;
  readonly receiveKey: Buffer;
  /** By which each end finds the session of a packet. */
  readonly ownIndex: number;
  readonly peerIndex: number;
}

export interface Parties {
  readonly own: GatewayKey;
  readonly peer: Buffer;
}

export interface Initiation {
  readonly message: Buffer;
  readonly ownIndex: number;
  /** The keys when the answer is the peer's to this initiation; undefined otherwise. */
  finish(answer: Buffer): SessionKeys | undefined;
}

export function initiate({ own, peer }: Parties, facts: { index: number; nowMs: number }): Initiation {
  const ephemeral = generateGatewayKey();
  const peerKey = publicKeyOf(peer);
  const start = digest(protocol, own.publicBytes, peer);
  const message = Buffer.alloc(initiationBytes);
  message[0] = messageType.initiation;
  message.writeUInt32BE(facts.index, 1);
  ephemeral.publicBytes.copy(message, 5);
  const secrets = [sharedSecret(ephemeral.privateKey, peerKey), sharedSecret(own.privateKey, peerKey)];
  const [chain, key] = derive(start, secrets);
  const head = message.subarray(0, 5 + publicKeyBytes);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(facts.nowMs));
  seal(key, time, head).copy(message, head.length);

  return {
    message,
    ownIndex: facts.index,
    finish(answer) {
      if (answer.length !== answerBytes || answer[0] !== messageType.answer) return undefined;
      if (answer.readUInt32BE(5) !== facts.index) return undefined;
      try {
        const answered = publicKeyOf(answer.subarray(9, 9 + publicKeyBytes));
        const [next, answerKey] = derive(chain, [
          sharedSecret(ephemeral.privateKey, answered),
          sharedSecret(own.privateKey, answered),
        ]);
        const aad = digest('', message, answer.subarray(0, 9 + publicKeyBytes));
        open(answerKey, answer.subarray(9 + publicKeyBytes), aad);
        const [sendKey, receiveKey] = derive(next, []);
        return { sendKey, receiveKey, ownIndex: facts.index, peerIndex: answer.readUInt32BE(1) };
      } catch {
        return undefined;
      }
    },
  };
}

export interface Answered {
  readonly message: Buffer;
  readonly keys: SessionKeys;
  /** Of the initiation; one that is not newer than the last is a repetition. */
  readonly timeMs: number;
}

/** Answers an initiation of the peer; undefined when it is none. */
export function answer({ own, peer }: Parties, initiation: Buffer, index: number): Answered | undefined {
  if (initiation.length !== initiationBytes || initiation[0] !== messageType.initiation) return undefined;
  try {
    const head = initiation.subarray(0, 5 + publicKeyBytes);
    const ephemeral = publicKeyOf(head.subarray(5));
    const peerKey: KeyObject = publicKeyOf(peer);
    const [chain, key] = derive(digest(protocol, peer, own.publicBytes), [
      sharedSecret(own.privateKey, ephemeral),
      sharedSecret(own.privateKey, peerKey),
    ]);
    const time = open(key, initiation.subarray(head.length), head);
    const answering = generateGatewayKey();
    const message = Buffer.alloc(answerBytes);
    message[0] = messageType.answer;
    message.writeUInt32BE(index, 1);
    initiation.copy(message, 5, 1, 5);
    answering.publicBytes.copy(message, 9);
    const [next, answerKey] = derive(chain, [
      sharedSecret(answering.privateKey, ephemeral),
      sharedSecret(answering.privateKey, peerKey),
    ]);
    const aad = digest('', initiation, message.subarray(0, 9 + publicKeyBytes));
    seal(answerKey, Buffer.alloc(0), aad).copy(message, 9 + publicKeyBytes);
    const [receiveKey, sendKey] = derive(next, []);
    return {
      message,
      keys: { sendKey, receiveKey, ownIndex: index, peerIndex: initiation.readUInt32BE(1) },
      timeMs: Number(time.readBigUInt64BE()),
    };
  } catch {
    return undefined;
  }
}

function derive(salt: Buffer, secrets: readonly Buffer[]): [Buffer, Buffer] {
  const bytes = Buffer.from(hkdfSync('sha256', Buffer.concat(secrets), salt, protocol, 64));
  return [bytes.subarray(0, 32), bytes.subarray(32)];
}

function digest(...parts: (string | Buffer)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** A key of a handshake seals one thing, so that its nonce is always the same. */
const onlyNonce = Buffer.alloc(nonceBytes);

function seal(key: Buffer, plain: Buffer, aad: Buffer): Buffer {
  const sealing = createCipheriv(cipher, key, onlyNonce, { authTagLength: tagBytes });
  sealing.setAAD(aad, { plaintextLength: plain.length });
  const sealed = sealing.update(plain);
  return Buffer.concat([sealed, sealing.final(), sealing.getAuthTag()]);
}

/** Throws when it was not sealed so. */
function open(key: Buffer, sealed: Buffer, aad: Buffer): Buffer {
  const opening = createDecipheriv(cipher, key, onlyNonce, { authTagLength: tagBytes });
  const bytes = sealed.subarray(0, sealed.length - tagBytes);
  opening.setAAD(aad, { plaintextLength: bytes.length });
  opening.setAuthTag(sealed.subarray(bytes.length));
  const plain = opening.update(bytes);
  opening.final();
  return plain;
}
