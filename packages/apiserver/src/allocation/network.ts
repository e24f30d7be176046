import { canonicalAddress, readAddress, readNetwork } from '@skerry/api';

export type Family = 'IPv4' | 'IPv6';

/** A network that Services have addresses of, as numbers. */
export interface ServiceNetwork {
  /** `10.96.0.0/16` */
  readonly cidr: string;
  readonly family: Family;
  /** The address of the network itself. */
  readonly base: bigint;
  /** What may be given away, both included. */
  readonly first: bigint;
  readonly last: bigint;
  /** So many from the first on are left, as long as there are others, to those who name their address. */
  readonly lowBand: bigint;
}

/** Undefined for what is no network, or one without an address to give away. */
export function serviceNetwork(cidr: string): ServiceNetwork | undefined {
  const network = readNetwork(cidr);
  if (!network) return undefined;
  const family: Family = network.address.length === 4 ? 'IPv4' : 'IPv6';
  const bits = BigInt(network.address.length * 8 - network.prefixLength);
  const size = 1n << bits;
  const base = (numberOf(network.address) >> bits) << bits;
  // The last address of an IPv4 network is for broadcasts.
  const last = base + size - (family === 'IPv4' ? 2n : 1n);
  if (last <= base) return undefined;
  return { cidr, family, base, first: base + 1n, last, lowBand: lowBandOf(size) };
}

/** Rules: https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/ */
function lowBandOf(size: bigint): bigint {
  if (size <= 16n) return 0n;
  const share = size / 16n;
  return share < 16n ? 16n : share > 256n ? 256n : share;
}

/** Undefined for what is no address. */
export function parseAddress(text: string): { family: Family; value: bigint } | undefined {
  const read = readAddress(text);
  if (!read) return undefined;
  const bytes = read.mapped ? read.bytes.slice(12) : read.bytes;
  return { family: bytes.length === 4 ? 'IPv4' : 'IPv6', value: numberOf(bytes) };
}

/** In the one spelling that programs write. */
export function formatAddress(family: Family, value: bigint): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16),
  );
  return canonicalAddress(groups.join(':'));
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

function numberOf(bytes: readonly number[]): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
