/**
 * Packets sealed under the keys of one session. A nonce is a counter and never used twice under a key; the receiver takes
 * each once, in any order within a window.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { cipher, messageType, nonceBytes, tagBytes, type SessionKeys } from '#crossing/handshake.ts';
import { ReplayWindow } from '#crossing/replay-window.ts';

const headBytes = 1 + 4 + 8;

export class Session {
  readonly keys: SessionKeys;
  readonly startedMs: number;
  /** As objects: from bytes, each packet would make one anew. */
  readonly #sendKey: KeyObject;
  readonly #receiveKey: KeyObject;
  readonly #window = new ReplayWindow();
  readonly #nonce = Buffer.alloc(nonceBytes);
  #counter = 0;
  #sentBytes = 0;

  constructor(keys: SessionKeys, startedMs: number) {
    this.keys = keys;
    this.startedMs = startedMs;
    this.#sendKey = createSecretKey(keys.sendKey);
    this.#receiveKey = createSecretKey(keys.receiveKey);
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  seal(plain: Buffer): Buffer {
    const counter = this.#counter++;
    const message = Buffer.allocUnsafe(headBytes + plain.length + tagBytes);
    message[0] = messageType.data;
    message.writeUInt32BE(this.keys.peerIndex, 1);
    writeCounter(message, counter, 5);
    writeCounter(this.#nonce, counter, 4);
    const sealing = createCipheriv(cipher, this.#sendKey, this.#nonce, { authTagLength: tagBytes });
    sealing.update(plain).copy(message, headBytes);
    sealing.final();
    sealing.getAuthTag().copy(message, headBytes + plain.length);
    this.#sentBytes += message.length;
    return message;
  }

  /** Undefined for what the peer did not seal in this session, and for what it sealed and was taken before. */
  open(message: Buffer): Buffer | undefined {
    if (message.length < headBytes + tagBytes) return undefined;
    const counter = message.readUInt32BE(5) * 2 ** 32 + message.readUInt32BE(9);
    if (!this.#window.isFresh(counter)) return undefined;
    const nonce = Buffer.alloc(nonceBytes);
    message.copy(nonce, 4, 5, headBytes);
    const opening = createDecipheriv(cipher, this.#receiveKey, nonce, { authTagLength: tagBytes });
    opening.setAuthTag(message.subarray(message.length - tagBytes));
    try {
      const plain = opening.update(message.subarray(headBytes, message.length - tagBytes));
      opening.final();
      this.#window.take(counter);
      return plain;
    } catch {
      return undefined;
    }
  }
}

/** By which the receiver finds the session; undefined for what is no data. */
export function sessionIndexOf(message: Buffer): number | undefined {
  return message[0] === messageType.data && message.length >= headBytes ? message.readUInt32BE(1) : undefined;
}

function writeCounter(bytes: Buffer, counter: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(counter / 2 ** 32), at);
  bytes.writeUInt32BE(counter % 2 ** 32, at + 4);
}
