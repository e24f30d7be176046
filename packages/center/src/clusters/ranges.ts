/** IPv4 ranges of clusters: which overlap, and which are still free. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** Undefined where the text is no range of IPv4 addresses. */
export function parseRange(cidr: string): Range | undefined {
  const [address = '', bits = '', ...rest] = cidr.split('/');
  const start = parseAddress(address);
  const prefix = Number(bits);
  if (start === undefined || rest.length > 0 || !/^\d{1,2}$/.test(bits) || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  const first = Math.floor(start / size) * size;
  return { first, last: first + size - 1 };
}

export function parseAddress(address: string): number | undefined {
  const octets = address.split('.');
  if (
    octets.length !== 4 ||
    !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256)
  )
    return undefined;
  return octets.reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export function overlap(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** A range in use, and by whom: for messages. */
export interface UsedRange {
  readonly cidr: string;
  readonly by: string;
}

/** Why a range can't be used; undefined when it can. */
export function rangeFault(cidr: string, used: readonly UsedRange[]): string | undefined {
  const range = parseRange(cidr);
  if (!range) return `${cidr} is no IPv4 range such as 10.20.0.0/16`;
  const bits = Number(cidr.split('/')[1]);
  if (bits < 8 || bits > 28) return `${cidr}: a range must have from 16 to 16 million addresses (/8 to /28)`;
  const taken = used.find((other) => {
    const parsed = parseRange(other.cidr);
    return parsed !== undefined && overlap(range, parsed);
  });
  return taken && `${cidr} overlaps ${taken.cidr}, ${taken.by}`;
}

/** The first free /16 of 10.0.0.0/8 at or after the given second octet. */
export function freeRange(used: readonly UsedRange[], firstOctet: number): string | undefined {
  for (let octet = firstOctet; octet < 256; octet++) {
    const cidr = `10.${octet}.0.0/16`;
    if (rangeFault(cidr, used) === undefined) return cidr;
  }
  return undefined;
}
