/**
 * XSalsa20 and Poly1305, which Node's OpenSSL doesn't have: the two halves of a `secretbox`.
 * Specifications: https://cr.yp.to/snuffle/spec.pdf, https://cr.yp.to/snuffle/xsalsa-20110204.pdf, https://cr.yp.to/mac/poly1305-20050329.pdf
 *
 * Written to be read: a megabyte takes some tens of milliseconds, and what is sealed is far smaller. The one comparison
 * whose time could tell an attacker something is left to the caller, who has one that takes the same time for all.
 */
const rounds = 20;
const blockBytes = 64;
/** "expand 32-byte k" */
const constants = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}

/** The four words of the constant on the diagonal, eight of the key, four of the input. */
function stateOf(key: Uint8Array, input: Uint8Array): Uint32Array {
  const state = new Uint32Array(16);
  for (let index = 0; index < 4; index++) {
    state[index * 5] = constants[index]!;
    state[1 + index] = wordAt(key, index * 4);
    state[11 + index] = wordAt(key, 16 + index * 4);
    state[6 + index] = wordAt(input, index * 4);
  }
  return state;
}

function quarter(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  x[b]! ^= rotated(x[a]! + x[d]!, 7);
  x[c]! ^= rotated(x[b]! + x[a]!, 9);
  x[d]! ^= rotated(x[c]! + x[b]!, 13);
  x[a]! ^= rotated(x[d]! + x[c]!, 18);
}

function rotated(value: number, by: number): number {
  return (value << by) | ((value | 0) >>> (32 - by));
}

function mix(x: Uint32Array): void {
  for (let round = 0; round < rounds; round += 2) {
    for (let column = 0; column < 4; column++)
      quarter(
        x,
        column * 5,
        ((column + 1) % 4) * 4 + column,
        ((column + 2) % 4) * 4 + column,
        ((column + 3) % 4) * 4 + column,
      );
    for (let row = 0; row < 4; row++)
      quarter(x, row * 5, row * 4 + ((row + 1) % 4), row * 4 + ((row + 2) % 4), row * 4 + ((row + 3) % 4));
  }
}

/** A key for one nonce, made of its first sixteen bytes. */
function hsalsa(key: Uint8Array, input: Uint8Array): Uint8Array {
  const x = stateOf(key, input);
  mix(x);
  const out = new Uint8Array(32);
  for (let index = 0; index < 4; index++) {
    putWord(out, index * 4, x[index * 5]!);
    putWord(out, 16 + index * 4, x[6 + index]!);
  }
  return out;
}

/** `bytes` of the key stream of a 24-byte nonce. */
export function xsalsaStream(key: Uint8Array, nonce: Uint8Array, bytes: number): Uint8Array {
  const inner = hsalsa(key, nonce.subarray(0, 16));
  const input = new Uint8Array(16);
  input.set(nonce.subarray(16, 24));
  const stream = new Uint8Array(Math.ceil(bytes / blockBytes) * blockBytes);
  for (let block = 0; block * blockBytes < bytes; block++) {
    // Blocks are counted in 64 bits; no value has 2^32 of them.
    putWord(input, 8, block);
    const state = stateOf(inner, input);
    const x = state.slice();
    mix(x);
    for (let index = 0; index < 16; index++)
      putWord(stream, block * blockBytes + index * 4, (x[index]! + state[index]!) | 0);
  }
  return stream.subarray(0, bytes);
}

const prime = (1n << 130n) - 5n;
const clamp = 0x0ffffffc0ffffffc0ffffffc0fffffffn;
const low128 = (1n << 128n) - 1n;

/** The 16-byte tag of a message under a 32-byte key that is used once. */
export function poly1305(key: Uint8Array, message: Uint8Array): Uint8Array {
  const r = littleEndian(key.subarray(0, 16)) & clamp;
  const s = littleEndian(key.subarray(16, 32));
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16);
    sum = ((sum + littleEndian(block) + (1n << BigInt(8 * block.length))) * r) % prime;
  }
  const tag = Buffer.alloc(16);
  const total = (sum + s) & low128;
  tag.writeBigUInt64LE(total & 0xffff_ffff_ffff_ffffn, 0);
  tag.writeBigUInt64LE(total >> 64n, 8);
  return tag;
}

function littleEndian(bytes: Uint8Array): bigint {
  const padded = Buffer.alloc(16);
  padded.set(bytes);
  return padded.readBigUInt64LE(0) | (padded.readBigUInt64LE(8) << 64n);
}
