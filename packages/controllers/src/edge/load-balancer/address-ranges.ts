/** Ranges of addresses that a pool's machines may put on their network for load balancers, as people write them; pure. */
import { isIPv4 } from 'node:net';

export const rangesAnnotation = 'network.skerry.io/load-balancer-addresses';
/** A mistyped prefix must not make a pool of millions, each of which is looked at in turn. */
const addressesPerRangeMax = 65_536;

export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

/** `192.168.0.200-192.168.0.219, 192.168.1.0/28`; what is wrong is told, and the rest counts. */
export function parseRanges(text: string | undefined): {
  readonly ranges: readonly AddressRange[];
  readonly faults: readonly string[];
} {
  const ranges: AddressRange[] = [];
  const faults: string[] = [];
  for (const part of (text ?? '').split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const range = parseRange(part);
    if (typeof range === 'string') faults.push(range);
    else ranges.push(range);
  }
  return { ranges, faults };
}

function parseRange(part: string): AddressRange | string {
  const [from = '', to] = part.split('-').map((one) => one.trim());
  const [base = '', bits] = from.split('/');
  if (!isIPv4(base) || (to !== undefined && (!isIPv4(to) || bits !== undefined)))
    return `"${part}" is no range of IPv4 addresses: write 192.168.0.200-192.168.0.219 or 192.168.0.192/28`;
  const start = numberOf(base);
  if (bits !== undefined && !(/^\d{1,2}$/.test(bits) && Number(bits) <= 32))
    return `"${part}" has no prefix length from 0 to 32`;
  const size = bits === undefined ? 1 : 2 ** (32 - Number(bits));
  const first = Math.floor(start / size) * size;
  const last = to === undefined ? first + size - 1 : numberOf(to);
  if (last < first) return `"${part}" ends before it begins`;
  if (last - first >= addressesPerRangeMax)
    return `"${part}" has more than ${addressesPerRangeMax} addresses; name fewer`;
  return { first, last };
}

export function isInRanges(address: string, ranges: readonly AddressRange[]): boolean {
  if (!isIPv4(address)) return false;
  const number = numberOf(address);
  return ranges.some(({ first, last }) => number >= first && number <= last);
}

/** The lowest that is free; undefined where none is. */
export function freeAddress(
  ranges: readonly AddressRange[],
  isTaken: (address: string) => boolean,
): string | undefined {
  for (const { first, last } of ranges) {
    for (let number = first; number <= last; number++) {
      const address = textOf(number);
      if (!isTaken(address)) return address;
    }
  }
  return undefined;
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
