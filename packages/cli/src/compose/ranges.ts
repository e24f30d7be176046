/** Ranges of addresses as a cluster is told of them: one of IPv4, and one of IPv6 behind it where it has both. */
import { canonicalAddress, cidrFaults, readNetwork, type Network } from '@skerry/api';

export interface PrefixLengths {
  readonly min: number;
  readonly max: number;
}

/** `10.96.0.0/16,fd00::/112` → its parts. */
export function rangesOf(text: string): string[] {
  return text.split(',').map((range) => range.trim());
}

/** What is wrong with it, as the end of a sentence; undefined when nothing is. */
export function rangesFault(text: string, sixth: PrefixLengths): string | undefined {
  const [four = '', six, ...more] = rangesOf(text);
  const network = readNetwork(four);
  if (!network || network.address.length !== 4 || network.prefixLength < 8 || network.prefixLength > 28)
    return 'must be an IPv4 range such as 10.12.0.0/16, or one and an IPv6 range: 10.12.0.0/16,fd00:10:12::/56';
  if (six === undefined) return undefined;
  if (more.length > 0) return 'must be one range, or one of IPv4 and one of IPv6';
  const second = readNetwork(six);
  if (!second || second.address.length !== 16) return `must have an IPv6 range behind the comma, not ${six}`;
  if (cidrFaults(six)[0]) return `${six} ${cidrFaults(six)[0]}`;
  return second.prefixLength < sixth.min || second.prefixLength > sixth.max
    ? `${six} must have a prefix length of ${sixth.min} to ${sixth.max}`
    : undefined;
}

export function rangesOverlap(left: string, right: string): boolean {
  return rangesOf(left).some((one) => rangesOf(right).some((other) => overlap(one, other)));
}

/** The second family may come later; what is there is in use. */
export function isExtended(before: string, now: string): boolean {
  const [had, has] = [rangesOf(before), rangesOf(now)];
  return had.length === 1 && has.length === 2 && had[0] === has[0];
}

/** The first address that Services have: that of the API server. */
export function firstAddress(text: string): string {
  const network = readNetwork(rangesOf(text)[0] ?? '');
  if (!network) return '';
  const [a = 0, b = 0, c = 0, d = 0] = network.address;
  const bits = 32 - network.prefixLength;
  const base = Math.floor((((a * 256 + b) * 256 + c) * 256 + d) / 2 ** bits) * 2 ** bits;
  return canonicalAddress([24, 16, 8, 0].map((shift) => Math.floor((base + 1) / 2 ** shift) % 256).join('.'));
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [readNetwork(one), readNetwork(other)];
  if (!a || !b || a.address.length !== b.address.length) return false;
  const bits = Math.min(a.prefixLength, b.prefixLength);
  return bitsOf(a).slice(0, bits) === bitsOf(b).slice(0, bits);
}

function bitsOf({ address }: Network): string {
  return address.map((byte) => byte.toString(2).padStart(8, '0')).join('');
}
