/**
 * To which addresses the center may be led by what strangers hand in. This machine itself, link-local addresses and the
 * metadata services of clouds are refused, in whatever form they are written, unless an address is allowed by name.
 */
import { BlockList, isIP } from 'node:net';
import { SkerryError } from '@skerry/base';

interface Refused {
  readonly what: string;
  readonly subnets: readonly (readonly [address: string, prefix: number])[];
}

const refused: readonly Refused[] = [
  {
    what: 'the metadata service of a cloud',
    subnets: [
      ['169.254.169.254', 32],
      ['169.254.170.2', 32],
      ['100.100.100.200', 32],
      ['192.0.0.192', 32],
      ['fd00:ec2::254', 128],
      ['fd20:ce::254', 128],
    ],
  },
  {
    what: 'a loopback address',
    subnets: [
      ['127.0.0.0', 8],
      ['::1', 128],
    ],
  },
  {
    what: 'a link-local address',
    subnets: [
      ['169.254.0.0', 16],
      ['fe80::', 10],
    ],
  },
  {
    what: 'no address of a server',
    subnets: [
      ['0.0.0.0', 8],
      ['224.0.0.0', 4],
      ['240.0.0.0', 4],
      ['::', 128],
      ['ff00::', 8],
    ],
  },
];

const lists = refused.map(({ what, subnets }) => ({ what, list: listOf(subnets) }));

export class AddressRules {
  readonly #allowed: BlockList;

  /** `allowed`: addresses and ranges that may be reached although they are of the refused kinds. Fails with `config-invalid`. */
  constructor(allowed: readonly string[]) {
    this.#allowed = listOf(allowed.map(parseSubnet));
  }

  /** Why the address may not be dialled; undefined when it may. */
  fault(address: string): string | undefined {
    const plain = address.replace(/%.*$/, '');
    const family = familyOf(plain);
    if (family === undefined) return `${address} is no IP address`;
    if (this.#allowed.check(plain, family)) return undefined;
    // An IPv4 address inside an IPv6 one (mapped, translated, 6to4) leads to the same place.
    for (const form of [plain, ...embeddedIpv4(plain)]) {
      if (this.#allowed.check(form, familyOf(form) ?? 'ipv4')) return undefined;
      const hit = lists.find(({ list }) => list.check(form, familyOf(form) ?? 'ipv4'));
      if (hit) return `${address} is ${hit.what}`;
    }
    return undefined;
  }
}

function parseSubnet(text: string): readonly [string, number] {
  const [address = '', bits] = text.split('/');
  const family = familyOf(address);
  const max = family === 'ipv6' ? 128 : 32;
  const prefix = bits === undefined ? max : Number(bits);
  if (family === undefined || !Number.isInteger(prefix) || prefix < 0 || prefix > max)
    throw new SkerryError('config-invalid', `${text} is no IP address or range`);
  return [address, prefix];
}

function listOf(subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, familyOf(address) ?? 'ipv4');
  return list;
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6';
}

/** `::ffff:a.b.c.d`, `::a.b.c.d`, `64:ff9b::a.b.c.d` and `2002:abcd:…`: the IPv4 address within. */
function embeddedIpv4(address: string): string[] {
  if (isIP(address) !== 6) return [];
  const groups = expand(address);
  const ipv4 = (high: number, low: number) => [high >> 8, high & 255, low >> 8, low & 255].join('.');
  const startsWith = (...prefix: number[]) => prefix.every((group, at) => groups[at] === group);
  const last = ipv4(groups[6] ?? 0, groups[7] ?? 0);
  if (startsWith(0, 0, 0, 0, 0, 0xffff) || startsWith(0, 0, 0, 0, 0xffff, 0)) return [last];
  if (startsWith(0, 0, 0, 0, 0, 0) && (groups[6] ?? 0) !== 0) return [last];
  if (startsWith(0x64, 0xff9b)) return [last];
  if (startsWith(0x2002)) return [ipv4(groups[1] ?? 0, groups[2] ?? 0)];
  return [];
}

function expand(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text = dotted
    ? `${dotted[1]}${hex(Number(dotted[2]), Number(dotted[3]))}:${hex(Number(dotted[4]), Number(dotted[5]))}`
    : address;
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  if (tail === undefined) return groups(head);
  const middle = 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array.from({ length: Math.max(middle, 0) }, () => 0), ...groups(tail)];
}

function hex(high: number, low: number): string {
  return ((high << 8) | low).toString(16);
}
