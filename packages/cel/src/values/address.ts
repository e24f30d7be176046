/** IP addresses and networks, strictly: no leading zeros, no zones, no IPv4 within IPv6. */
export interface Address {
  /** 4 or 16. */
  readonly bytes: readonly number[];
}

export interface Network {
  readonly address: Address;
  readonly prefix: number;
}

export function parseAddress(text: string): Address | { readonly fault: string } {
  const refuse = (why: string): { fault: string } => ({
    fault: `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): ${why}`,
  });
  if (!text.includes(':')) {
    const bytes = parseIpv4(text);
    return bytes ? { bytes } : refuse(ipv4Fault(text));
  }
  if (text.includes('%'))
    return { fault: `IP address ${JSON.stringify(text)} with zone value is not allowed` };
  const bytes = parseIpv6(text);
  if (!bytes) return refuse('unexpected character');
  return isMapped(bytes)
    ? { fault: `IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed` }
    : { bytes };
}

/** In the words of Go's net/netip. */
function ipv4Fault(text: string): string {
  if (!text.includes('.')) return 'unable to parse IP';
  const parts = text.split('.');
  if (parts.some((part) => !/^\d*$/.test(part))) return 'unexpected character';
  if (parts.includes('')) return 'IPv4 field must have at least one digit';
  if (parts.some((part) => /^0\d/.test(part))) return 'IPv4 field has octet with leading zero';
  if (parts.some((part) => Number(part) > 255)) return 'IPv4 field has value >255';
  return parts.length > 4 ? 'IPv4 address too long' : 'IPv4 address too short';
}

function isMapped(bytes: readonly number[]): boolean {
  return bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = parts.map((part) => (/^(?:0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => groupsOf(half));
  if (!head || (halves.length === 2 && !tail)) return undefined;
  if (halves.length === 1) return head.length === 16 ? head : undefined;
  const missing = 16 - head.length - tail!.length;
  if (missing < 2) return undefined;
  return [...head, ...Array.from<number>({ length: missing }).fill(0), ...tail!];
}

/** Bytes of `1:2:3`, whose end may be `1.2.3.4`. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (group.includes('.') && index === groups.length - 1) {
      const last = parseIpv4(group);
      if (!last) return undefined;
      bytes.push(...last);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes.length <= 16 ? bytes : undefined;
}

/** The one canonical text (RFC 5952). */
export function formatAddress({ bytes }: Address): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes[2 * index]! * 256 + bytes[2 * index + 1]!);
  const run = longestZeros(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

export function parseNetwork(text: string): Network | { readonly fault: string } {
  const refuse = (why: string): { fault: string } => ({
    fault: `network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): ${why}`,
  });
  const slash = text.lastIndexOf('/');
  if (slash === -1) return refuse("no '/'");
  const address = parseAddress(text.slice(0, slash));
  if ('fault' in address)
    return address.fault.startsWith('IPv4-mapped')
      ? { fault: `IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed` }
      : refuse(address.fault.replace(/^.*from string: /, ''));
  const bits = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(bits)) return refuse(`bad bits after slash: ${JSON.stringify(bits)}`);
  if (Number(bits) > address.bytes.length * 8) return refuse('prefix length out of range');
  return { address, prefix: Number(bits) };
}

export function masked({ address, prefix }: Network): Network {
  const bytes = address.bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  return { address: { bytes }, prefix };
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, index) => byte === b.bytes[index]);
}

export function networkContains(network: Network, address: Address): boolean {
  if (network.address.bytes.length !== address.bytes.length) return false;
  return sameAddress(masked(network).address, masked({ address, prefix: network.prefix }).address);
}
