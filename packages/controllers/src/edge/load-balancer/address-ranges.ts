/**
 * Ranges of addresses that a pool's machines may put on their network for load balancers, as people write them, of both
 * families; pure. A range that is wrong counts for nothing, and is told of.
 */
import { isIP } from 'node:net';
import { canonicalAddress, readNetwork } from '@skerry/api';

/** On a pool: its ranges. On a Service: the addresses that it asks for. */
export const addressesAnnotation = 'network.skerry.io/load-balancer-addresses';
/** A mistyped prefix must not make a pool of millions, each of which is looked at in turn. */
const addressesPerRangeMax = 65_536n;

export type IPFamily = 'IPv4' | 'IPv6';

export interface AddressRange {
  readonly family: IPFamily;
  readonly first: bigint;
  readonly last: bigint;
}

/** A network whose addresses no load balancer may have, and what it is instead. */
export interface ReservedNetwork {
  readonly network: string;
  readonly is: string;
}

const unusable: readonly ReservedNetwork[] = [
  { network: '0.0.0.0/8', is: 'addresses of no machine' },
  { network: '127.0.0.0/8', is: 'loopback addresses' },
  { network: '169.254.0.0/16', is: 'link-local addresses' },
  { network: '224.0.0.0/3', is: 'multicast and reserved addresses' },
  { network: '::/127', is: 'addresses of no machine' },
  { network: 'fe80::/10', is: 'link-local addresses' },
  { network: 'ff00::/8', is: 'multicast addresses' },
];

export function familyOf(address: string): IPFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** `192.168.0.200-192.168.0.219, 2001:db8:1::/120`; what is wrong is told, and the rest counts. */
export function parseRanges(
  text: string | undefined,
  reserved: readonly ReservedNetwork[] = [],
): { readonly ranges: readonly AddressRange[]; readonly faults: readonly string[] } {
  const ranges: (AddressRange & { readonly part: string })[] = [];
  const faults: string[] = [];
  for (const part of (text ?? '').split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const range = parseRange(part);
    const fault = typeof range === 'string' ? range : conflictOf(part, range, { ranges, reserved });
    if (typeof range === 'string' || fault !== undefined) faults.push(fault ?? '');
    else ranges.push({ ...range, part });
  }
  return { ranges, faults };
}

function parseRange(part: string): AddressRange | string {
  const [from = '', to, ...rest] = part.split('-').map((one) => one.trim());
  const [base = '', bits, ...more] = from.split('/');
  const start = parseAddress(base);
  const end = to === undefined ? start : parseAddress(to);
  if (!start || !end || rest.length + more.length > 0 || (to !== undefined && bits !== undefined))
    return `"${part}" is no range of addresses: write 192.168.0.200-192.168.0.219, 192.168.0.192/28 or 2001:db8::/120`;
  if (start.family !== end.family)
    return `"${part}" begins with an ${start.family} address and ends with an ${end.family} address`;
  const { family } = start;
  const width = widthOf(family);
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= width))
    return `"${part}" has no prefix length from 0 to ${width}`;
  const size = 1n << BigInt(width - Number(bits ?? width));
  const first = (start.number / size) * size;
  const last = to === undefined ? first + size - 1n : end.number;
  if (last < first) return `"${part}" ends before it begins`;
  if (last - first >= addressesPerRangeMax)
    return `"${part}" has more than ${addressesPerRangeMax} addresses; name fewer`;
  return { family, first, last };
}

function conflictOf(
  part: string,
  range: AddressRange,
  {
    ranges,
    reserved,
  }: { ranges: readonly (AddressRange & { part: string })[]; reserved: readonly ReservedNetwork[] },
): string | undefined {
  const twin = ranges.find((other) => areOverlapping(range, other));
  if (twin) return `"${part}" overlaps "${twin.part}", which is named before it`;
  for (const { network, is } of [...unusable, ...reserved]) {
    const other = networkRange(network);
    if (other && areOverlapping(range, other)) return `"${part}" overlaps ${network}, which is ${is}`;
  }
  return undefined;
}

function networkRange(text: string): AddressRange | undefined {
  const network = readNetwork(text.trim());
  if (!network) return undefined;
  const family = network.address.length === 4 ? 'IPv4' : 'IPv6';
  const size = 1n << BigInt(widthOf(family) - network.prefixLength);
  const first = (numberOf(network.address) / size) * size;
  return { family, first, last: first + size - 1n };
}

function areOverlapping(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

export function isInRanges(address: string, ranges: readonly AddressRange[]): boolean {
  const parsed = parseAddress(address);
  if (!parsed) return false;
  const { family, number } = parsed;
  return ranges.some((range) => range.family === family && number >= range.first && number <= range.last);
}

/** The lowest of a family that is free, in its canonical spelling; undefined where none is. */
export function freeAddress(
  ranges: readonly AddressRange[],
  family: IPFamily,
  isTaken: (address: string) => boolean,
): string | undefined {
  for (const { first, last } of ranges.filter((range) => range.family === family)) {
    for (let number = first; number <= last; number++) {
      const address = textOf(number, family);
      if (!isTaken(address)) return address;
    }
  }
  return undefined;
}

/** Undefined for what is none, and for one with a scope (`fe80::1%eth0`) or of IPv4 in IPv6. */
function parseAddress(text: string): { readonly family: IPFamily; readonly number: bigint } | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined;
  const family = familyOf(text);
  if (familyOf(canonicalAddress(text)) !== family) return undefined;
  const network = readNetwork(`${text}/${widthOf(family)}`);
  return network && { family, number: numberOf(network.address) };
}

function widthOf(family: IPFamily): 32 | 128 {
  return family === 'IPv4' ? 32 : 128;
}

function numberOf(bytes: readonly number[]): bigint {
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function textOf(number: bigint, family: IPFamily): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join('.');
  const groups = number.toString(16).padStart(32, '0').match(/.{4}/g) ?? [];
  return canonicalAddress(groups.join(':'));
}
