/** IP addresses and networks. Documentation: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-ip-address-library */
import { fn, type Library, method } from '#check/declarations.ts';
import {
  type Address,
  formatAddress,
  masked,
  type Network,
  networkContains,
  parseAddress,
  parseNetwork,
  sameAddress,
} from '#values/address.ts';
import { Fault, Opaque, type Outcome, type Value } from '#values/value.ts';
import { boolType, intType, opaqueType, stringType } from '#types/type.ts';

export const ipType = opaqueType('net.IP');
export const cidrType = opaqueType('net.CIDR');

class Ip extends Opaque {
  readonly type = ipType;
  readonly address: Address;

  constructor(address: Address) {
    super();
    this.address = address;
  }

  override equals(other: Opaque): boolean {
    return other instanceof Ip && sameAddress(this.address, other.address);
  }

  override get size(): number {
    return this.address.bytes.length;
  }
}

class Cidr extends Opaque {
  readonly type = cidrType;
  readonly network: Network;

  constructor(network: Network) {
    super();
    this.network = network;
  }

  override equals(other: Opaque): boolean {
    return (
      other instanceof Cidr &&
      this.network.prefix === other.network.prefix &&
      sameAddress(this.network.address, other.network.address)
    );
  }

  override get size(): number {
    return Math.ceil(this.network.prefix / 8);
  }
}

function readIp(text: Value | undefined): Ip | Fault {
  const address = parseAddress(text as string);
  return 'fault' in address ? new Fault(address.fault) : new Ip(address);
}

function readCidr(text: Value | undefined): Cidr | Fault {
  const network = parseNetwork(text as string);
  if (!('fault' in network)) return new Cidr(network);
  return new Fault(`network address parse error during conversion from string: ${network.fault}`);
}

const addressOf = (value: Value | undefined): Address => (value as Ip).address;
const networkOf = (value: Value | undefined): Network => (value as Cidr).network;

function test(
  name: string,
  id: string,
  ipv4: (bytes: readonly number[]) => boolean,
  ipv6: (bytes: readonly number[]) => boolean,
): Library {
  return [
    method(name, id, [ipType], boolType, ([ip]) => {
      const { bytes } = addressOf(ip);
      return bytes.length === 4 ? ipv4(bytes) : ipv6(bytes);
    }),
  ];
}

const isZero = (bytes: readonly number[]): boolean => bytes.every((byte) => byte === 0);
const isLoopback4 = ([first]: readonly number[]): boolean => first === 127;
const isLoopback6 = (bytes: readonly number[]): boolean =>
  bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
const isLinkLocal4 = ([first, second]: readonly number[]): boolean => first === 169 && second === 254;
const isLinkLocal6 = ([first, second = 0]: readonly number[]): boolean =>
  first === 0xfe && (second & 0xc0) === 0x80;
const isMulticast4 = ([first = 0]: readonly number[]): boolean => (first & 0xf0) === 0xe0;
const isMulticast6 = ([first]: readonly number[]): boolean => first === 0xff;

function containsNetwork(outer: Network, inner: Network): boolean {
  return outer.prefix <= inner.prefix && networkContains(outer, inner.address);
}

function ifRead<T extends Opaque>(value: T | Fault, apply: (value: T) => Outcome): Outcome {
  return value instanceof Fault ? value : apply(value);
}

export const addressLibrary: Library = [
  fn('ip', 'string_to_ip', [stringType], ipType, ([text]) => readIp(text)),
  fn('isIP', 'is_ip', [stringType], boolType, ([text]) => !(readIp(text) instanceof Fault)),
  fn('ip.isCanonical', 'ip_is_canonical', [stringType], boolType, ([text]) =>
    ifRead(readIp(text), ({ address }) => formatAddress(address) === text),
  ),
  fn('string', 'ip_to_string', [ipType], stringType, ([ip]) => formatAddress(addressOf(ip))),
  method('family', 'ip_family', [ipType], intType, ([ip]) => (addressOf(ip).bytes.length === 4 ? 4n : 6n)),
  ...test('isUnspecified', 'ip_is_unspecified', isZero, isZero),
  ...test('isLoopback', 'ip_is_loopback', isLoopback4, isLoopback6),
  ...test(
    'isLinkLocalMulticast',
    'ip_is_link_local_multicast',
    ([a, b, c]) => a === 224 && b === 0 && c === 0,
    ([a, b = 0]) => a === 0xff && (b & 0x0f) === 0x02,
  ),
  ...test('isLinkLocalUnicast', 'ip_is_link_local_unicast', isLinkLocal4, isLinkLocal6),
  ...test(
    'isGlobalUnicast',
    'ip_is_global_unicast',
    (bytes) =>
      !isZero(bytes) &&
      bytes.some((byte) => byte !== 255) &&
      !isLoopback4(bytes) &&
      !isMulticast4(bytes) &&
      !isLinkLocal4(bytes),
    (bytes) => !isZero(bytes) && !isLoopback6(bytes) && !isMulticast6(bytes) && !isLinkLocal6(bytes),
  ),
  fn('cidr', 'string_to_cidr', [stringType], cidrType, ([text]) => readCidr(text)),
  fn('isCIDR', 'is_cidr', [stringType], boolType, ([text]) => !(readCidr(text) instanceof Fault)),
  fn('string', 'cidr_to_string', [cidrType], stringType, ([cidr]) => {
    const { address, prefix } = networkOf(cidr);
    return `${formatAddress(address)}/${prefix}`;
  }),
  method('containsIP', 'cidr_contains_ip_string', [cidrType, stringType], boolType, ([cidr, text]) =>
    ifRead(readIp(text), ({ address }) => networkContains(networkOf(cidr), address)),
  ),
  method('containsIP', 'cidr_contains_ip_ip', [cidrType, ipType], boolType, ([cidr, ip]) =>
    networkContains(networkOf(cidr), addressOf(ip)),
  ),
  method('containsCIDR', 'cidr_contains_cidr_string', [cidrType, stringType], boolType, ([cidr, text]) =>
    ifRead(readCidr(text), ({ network }) => containsNetwork(networkOf(cidr), network)),
  ),
  method('containsCIDR', 'cidr_contains_cidr', [cidrType, cidrType], boolType, ([cidr, other]) =>
    containsNetwork(networkOf(cidr), networkOf(other)),
  ),
  method('ip', 'cidr_ip', [cidrType], ipType, ([cidr]) => new Ip(networkOf(cidr).address)),
  method('prefixLength', 'cidr_prefix_length', [cidrType], intType, ([cidr]) =>
    BigInt(networkOf(cidr).prefix),
  ),
  method('masked', 'cidr_masked', [cidrType], cidrType, ([cidr]) => new Cidr(masked(networkOf(cidr)))),
];
