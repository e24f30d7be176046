/**
 * IP addresses and networks as texts. Fields of old kinds accept every spelling that they always did except those that
 * programs read differently (leading zeros, IPv4 in IPv6); newer fields want the one canonical spelling.
 */
import type { FieldError } from '#status.ts';
import { invalidValue, quoted } from '#validation/faults.ts';

/** An address as sixteen bytes, as numbers; an IPv4 address has four. */
export type Address = readonly number[];

interface ReadAddress {
  readonly bytes: Address;
  readonly leadingZeros: boolean;
  /** `::ffff:1.2.3.4` */
  readonly mapped: boolean;
}

const addressFault = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const networkFault = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Reads generously: leading zeros are decimal. Undefined when the text is no address. */
export function readAddress(text: string): ReadAddress | undefined {
  return text.includes(':') ? readIPv6(text) : readIPv4(text);
}

function readIPv4(text: string): ReadAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255))
    // More than three digits are read where they are zeros.
    return parts.length === 4 && parts.every((part) => /^0*\d{1,3}$/.test(part) && Number(part) <= 255)
      ? { bytes: parts.map(Number), leadingZeros: true, mapped: false }
      : undefined;
  return {
    bytes: parts.map(Number),
    leadingZeros: parts.some((part) => part.length > 1 && part.startsWith('0')),
    mapped: false,
  };
}

function readIPv6(text: string): ReadAddress | undefined {
  if (!/^[0-9a-fA-F:.]+$/.test(text)) return undefined;
  let tail: ReadAddress | undefined;
  let head = text;
  const dot = text.indexOf('.');
  if (dot >= 0) {
    const colon = text.lastIndexOf(':');
    tail = readIPv4(text.slice(colon + 1));
    if (!tail) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = tail.bytes;
    head = `${text.slice(0, colon + 1)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const halves = head.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const [left = [], right = []] = groups;
  const count = left.length + right.length;
  if (![...left, ...right].every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  if (halves.length === 2 ? count > 7 : count !== 8) return undefined;
  const all = [...left, ...Array.from({ length: 8 - count }, () => '0'), ...right];
  const bytes = all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return { bytes, leadingZeros: tail?.leadingZeros ?? false, mapped };
}

/** The one spelling that programs write: `2001:db8::1`; IPv4 in IPv6 as IPv4. */
export function canonicalAddress(text: string): string {
  const read = readAddress(text);
  return read ? addressText(read.mapped ? read.bytes.slice(12) : read.bytes) : text;
}

function addressText(bytes: Address): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2]! << 8) | bytes[index * 2 + 1]!);
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const texts = groups.map((group) => group.toString(16));
  if (best.length < 2) return texts.join(':');
  return `${texts.slice(0, best.start).join(':')}::${texts.slice(best.start + best.length).join(':')}`;
}

export function isIPv4(text: string): boolean {
  const read = text.includes(':') ? undefined : readIPv4(text);
  return read !== undefined && !read.leadingZeros;
}

export function isIPv6(text: string): boolean {
  return text.includes(':') && readIPv6(text) !== undefined;
}

/** Whether the texts are one IPv4 and one IPv6 address, or network. */
export function isDualStack(texts: readonly string[]): boolean {
  const six = texts.filter((text) => text.includes(':')).length;
  return six > 0 && six < texts.length;
}

function strictReasons(text: string): string[] {
  const read = readAddress(text);
  if (!read) return [addressFault];
  if (read.leadingZeros) return ['must not have leading 0s'];
  return read.mapped ? ['must not be an IPv4-mapped IPv6 address'] : [];
}

/** Reasons against an address in a field of an old kind. */
export function ipFaults(text: string): string[] {
  return strictReasons(text);
}

/** For fields of old kinds: what an object already has in the field (`before`) may stay. */
export function checkLegacyIP(
  faults: FieldError[],
  path: string,
  text: string,
  before: readonly string[] = [],
): void {
  if (before.includes(text)) return;
  for (const why of strictReasons(text)) faults.push(invalidValue(path, text, why));
}

/** For newer fields: the canonical spelling alone. */
export function checkIP(faults: FieldError[], path: string, text: string): void {
  const reasons = strictReasons(text);
  for (const why of reasons) faults.push(invalidValue(path, text, why));
  const canonical = canonicalAddress(text);
  if (reasons.length === 0 && canonical !== text)
    faults.push(invalidValue(path, text, `must be in canonical form (${quoted(canonical)})`));
}

export interface Network {
  readonly address: Address;
  readonly prefixLength: number;
}

/** Undefined when the text is no network. */
export function readNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const read = readAddress(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (!read || !/^\d{1,3}$/.test(bits) || Number(bits) > read.bytes.length * 8) return undefined;
  return { address: read.bytes, prefixLength: Number(bits) };
}

function masked({ address, prefixLength }: Network): Address {
  return address.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
}

/** `10.9.8.7/24` → `10.9.8.0/24` */
export function canonicalNetwork(text: string): string {
  const network = readNetwork(text);
  return network ? `${addressText(masked(network))}/${network.prefixLength}` : text;
}

function networkReasons(text: string): string[] {
  const network = readNetwork(text);
  if (!network) return [networkFault];
  const [address = '', bits = ''] = text.split('/');
  const read = readAddress(address);
  if (read?.leadingZeros || (bits.length > 1 && bits.startsWith('0')))
    return ['must not have leading 0s in IP or prefix length'];
  if (read?.mapped) return ['must not have an IPv4-mapped IPv6 address'];
  return addressText(masked(network)) === addressText(network.address)
    ? []
    : ['must not have bits set beyond the prefix length'];
}

export function cidrFaults(text: string): string[] {
  return networkReasons(text);
}

export function checkLegacyCIDR(
  faults: FieldError[],
  path: string,
  text: string,
  before: readonly string[] = [],
): void {
  if (before.includes(text)) return;
  for (const why of networkReasons(text)) faults.push(invalidValue(path, text, why));
}

export function checkCIDR(faults: FieldError[], path: string, text: string): void {
  const reasons = networkReasons(text);
  for (const why of reasons) faults.push(invalidValue(path, text, why));
  const canonical = canonicalNetwork(text);
  if (reasons.length === 0 && canonical !== text)
    faults.push(invalidValue(path, text, `must be in canonical form (${quoted(canonical)})`));
}

/** An address that other machines can reach: of an endpoint, or outside of the cluster. */
export function checkEndpointIP(faults: FieldError[], path: string, text: string): void {
  const read = readAddress(text);
  if (!read) {
    faults.push(invalidValue(path, text, 'must be a valid IP address'));
    return;
  }
  const bytes = read.mapped ? read.bytes.slice(12) : read.bytes;
  const [a = 0, b = 0, c = 0] = bytes;
  const four = bytes.length === 4;
  if (bytes.every((byte) => byte === 0))
    faults.push(invalidValue(path, text, `may not be unspecified (${text})`));
  if (four ? a === 127 : bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1)
    faults.push(invalidValue(path, text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  if (four ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80)
    faults.push(invalidValue(path, text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  if (four ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 0x02)
    faults.push(
      invalidValue(path, text, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'),
    );
}

/** What a server says about an address in an unusual spelling. */
export function addressWarnings(path: string, text: string): string[] {
  const read = readAddress(text);
  if (!read) return [];
  const canonical = canonicalAddress(text);
  if (read.leadingZeros || read.mapped)
    return [`${path}: non-standard IP address ${quoted(text)} is invalid: use ${quoted(canonical)}`];
  if (text.includes(':') && canonical !== text)
    return [
      `${path}: IPv6 address ${quoted(text)} should be in RFC 5952 canonical format (${quoted(canonical)})`,
    ];
  return [];
}

export function networkWarnings(path: string, text: string): string[] {
  const network = readNetwork(text);
  if (!network) return [];
  const [address = '', bits = ''] = text.split('/');
  const read = readAddress(address);
  const canonical = canonicalNetwork(text);
  const warnings: string[] = [];
  if (addressText(masked(network)) !== addressText(network.address))
    warnings.push(
      `${path}: CIDR value ${quoted(text)} is ambiguous in this context (should be ${quoted(canonical)} or ${quoted(`${canonicalAddress(address)}/${network.address.length * 8}`)}?)`,
    );
  const odd = read?.leadingZeros || read?.mapped || (bits.length > 1 && bits.startsWith('0'));
  if (odd)
    warnings.push(`${path}: non-standard CIDR value ${quoted(text)} is invalid: use ${quoted(canonical)}`);
  const spelled = `${canonicalAddress(address)}/${network.prefixLength}`;
  if (warnings.length === 0 && text.includes(':') && spelled !== text)
    warnings.push(
      `${path}: IPv6 CIDR value ${quoted(text)} should be in RFC 5952 canonical format (${quoted(spelled)})`,
    );
  return warnings;
}
