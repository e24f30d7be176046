/** Ranges of clusters, of one family or one of each: which overlap, and which are still free. */
import { cidrFaults, readNetwork } from '@skerry/api';

interface Range {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** Undefined where the text is no range of addresses. */
function parseRange(cidr: string): Range | undefined {
  const network = readNetwork(cidr);
  if (!network) return undefined;
  const { address, prefixLength } = network;
  const size = 1n << BigInt(address.length * 8 - prefixLength);
  const start = address.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const first = (start / size) * size;
  return { family: address.length === 4 ? 4 : 6, first, last: first + size - 1n };
}

function overlap(a: Range, b: Range): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** A range in use, and by whom: for messages. */
export interface UsedRange {
  readonly cidr: string;
  readonly by: string;
}

/** Prefix lengths that a range of IPv6 may have: those of pods are divided among nodes, those of Services are not. */
export interface SixthPrefix {
  readonly min: number;
  readonly max: number;
}

/** Why a range, or one of each family with a comma between them, can't be used; undefined when it can. */
export function rangeFault(text: string, used: readonly UsedRange[], sixth: SixthPrefix): string | undefined {
  const [four = '', six, ...more] = text.split(',');
  if (more.length > 0) return `${text} must be one range, or one of IPv4 and one of IPv6`;
  return (
    shapeFault(four) ??
    takenFault(four, used) ??
    (six === undefined ? undefined : (sixthFault(six, sixth) ?? takenFault(six, used)))
  );
}

function shapeFault(cidr: string): string | undefined {
  if (parseRange(cidr)?.family !== 4) return `${cidr} is no IPv4 range such as 10.20.0.0/16`;
  const bits = Number(cidr.split('/')[1]);
  return bits < 8 || bits > 28
    ? `${cidr}: a range must have from 16 to 16 million addresses (/8 to /28)`
    : undefined;
}

function sixthFault(cidr: string, { min, max }: SixthPrefix): string | undefined {
  if (parseRange(cidr)?.family !== 6 || cidrFaults(cidr).length > 0)
    return `${cidr} is no IPv6 range such as fd00:10:20::/64`;
  const bits = Number(cidr.split('/')[1]);
  return bits < min || bits > max
    ? `${cidr}: a range must have a prefix length of ${min} to ${max}`
    : undefined;
}

function takenFault(cidr: string, used: readonly UsedRange[]): string | undefined {
  const range = parseRange(cidr);
  const taken = used.find((other) => {
    const parsed = parseRange(other.cidr);
    return range !== undefined && parsed !== undefined && overlap(range, parsed);
  });
  return taken && `${cidr} overlaps ${taken.cidr}, ${taken.by}`;
}

/** The first free /16 of 10.0.0.0/8 at or after the given second octet. */
export function freeRange(used: readonly UsedRange[], firstOctet: number): string | undefined {
  for (let octet = firstOctet; octet < 256; octet++) {
    const cidr = `10.${octet}.0.0/16`;
    if (takenFault(cidr, used) === undefined) return cidr;
  }
  return undefined;
}
