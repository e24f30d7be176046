/** What follows from a node's pod ranges alone, so that nobody has to tell it to others. */
import { canonicalAddress } from '@skerry/api';

/**
 * First address of a range: `10.12.3.0` of `10.12.3.0/24`, `fd00:10:12:3::` of `fd00:10:12:3::/64`. It belongs to the node's
 * end of the tunnel between nodes.
 */
export function baseAddress(range: string): string {
  return range.slice(0, range.indexOf('/'));
}

/** Address of that end on the tunnel's link layer, of the IPv4 range; locally administered, and never that of a network card. */
export function tunnelMac(range: string): string {
  const octets = baseAddress(range)
    .split('.')
    .map((octet) => Number(octet).toString(16).padStart(2, '0'));
  return ['0e', '53', ...octets].join(':');
}

/**
 * Next hop of IPv6 packets at that end, of the IPv4 range: nobody is asked for it, and a link-local one is never taken for an
 * address that something else leads to.
 */
export function tunnelHop(range: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = baseAddress(range).split('.').map(Number);
  return canonicalAddress(`fe80::${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`);
}

export function isIpv4(addressOrRange: string): boolean {
  return !addressOrRange.includes(':');
}

export type Family = 4 | 6;
export const families: readonly Family[] = [4, 6];

export function familyOf(addressOrRange: string): Family {
  return isIpv4(addressOrRange) ? 4 : 6;
}
