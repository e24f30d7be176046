/** Whether a packet's address is in one of some ranges, in a few look-ups however many there are. */
import { isIP } from 'node:net';
import { readNetwork } from '@skerry/api';

/** The 32 bits of one of IPv4, or the 128 of one of IPv6, as a packet has them. */
export type Address = number | bigint;

export class AddressRanges {
  /** By length of prefix: the ranges of it. */
  readonly #byPrefix = new Map<number, Set<number>>();
  readonly #wideByPrefix = new Map<number, Set<bigint>>();

  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const network = readNetwork(range);
      if (!network) continue;
      const { address, prefixLength } = network;
      const bits = bitsOf(address);
      if (typeof bits === 'number') add(this.#byPrefix, prefixLength, masked(bits, prefixLength));
      else add(this.#wideByPrefix, prefixLength, maskedWide(bits, prefixLength));
    }
  }

  has(address: Address): boolean {
    if (typeof address === 'number') {
      for (const [prefix, ranges] of this.#byPrefix) if (ranges.has(masked(address, prefix))) return true;
      return false;
    }
    for (const [prefix, ranges] of this.#wideByPrefix)
      if (ranges.has(maskedWide(address, prefix))) return true;
    return false;
  }
}

/** Undefined for what is no address. */
export function parseAddress(text: string): Address | undefined {
  const version = isIP(text);
  if (version === 0) return undefined;
  const network = readNetwork(`${text}/${version === 4 ? 32 : 128}`);
  return network && bitsOf(network.address);
}

function bitsOf(bytes: readonly number[]): Address {
  return bytes.length === 4
    ? bytes.reduce((bits, byte) => bits * 256 + byte, 0)
    : bytes.reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n);
}

function masked(address: number, prefix: number): number {
  return prefix === 0 ? 0 : (address >>> (32 - prefix)) * 2 ** (32 - prefix);
}

function maskedWide(address: bigint, prefix: number): bigint {
  return address >> BigInt(128 - prefix);
}

function add<T>(byPrefix: Map<number, Set<T>>, prefix: number, range: T): void {
  const held = byPrefix.get(prefix) ?? new Set();
  held.add(range);
  byPrefix.set(prefix, held);
}
