import { canonicalAddress, readNetwork } from '@skerry/api';
import { SkerryError } from '@skerry/base';

/** Of nodes' subnets, by family, unless told. */
const subnetBitsOf = { IPv4: 24, IPv6: 64 };
/** Subnets of one range: nobody has more nodes, and looking through more takes too long. */
const subnetsMax = 2 ** 16;

/** A range cut into equal subnets. */
export class CidrRange {
  readonly #base: bigint;
  readonly #bits: number;
  readonly #subnetBits: number;
  readonly #count: number;
  readonly #used = new Map<string, string>();
  #next = 0;

  /** `cidr` as `10.244.0.0/16`; throws `cidr-invalid`. */
  constructor(cidr: string, options: { readonly subnetBits?: number } = {}) {
    const network = readNetwork(cidr);
    const family = cidr.includes(':') ? 'IPv6' : 'IPv4';
    const subnetBits = options.subnetBits ?? subnetBitsOf[family];
    const count = network ? 2 ** (subnetBits - network.prefixLength) : 0;
    if (!network || count < 1 || count > subnetsMax) {
      throw new SkerryError(
        'cidr-invalid',
        `the pod range ${cidr} is not an ${family} range that holds 1 to ${subnetsMax} /${subnetBits} subnets; give one such as ${family === 'IPv4' ? '10.244.0.0/16' : 'fd00:10:244::/56'}`,
      );
    }
    this.#bits = network.address.length * 8;
    const value = network.address.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const rest = BigInt(this.#bits - network.prefixLength);
    this.#base = (value >> rest) << rest;
    this.#subnetBits = subnetBits;
    this.#count = count;
  }

  /** Marks a subnet as some owner's, wherever it comes from. */
  occupy(cidr: string, owner: string): void {
    if (!this.#used.has(cidr)) this.#used.set(cidr, owner);
  }

  /** Frees what belongs to the owner. */
  release(cidr: string, owner: string): void {
    if (this.#used.get(cidr) === owner) this.#used.delete(cidr);
  }

  /** A free subnet, now the owner's; undefined when all are taken. Freed ones come again as late as possible. */
  allocate(owner: string): string | undefined {
    for (let tried = 0; tried < this.#count; tried++) {
      const cidr = this.#subnet(this.#next);
      this.#next = (this.#next + 1) % this.#count;
      if (this.#used.has(cidr)) continue;
      this.#used.set(cidr, owner);
      return cidr;
    }
    return undefined;
  }

  #subnet(index: number): string {
    const address = this.#base + (BigInt(index) << BigInt(this.#bits - this.#subnetBits));
    const part = (count: number, bits: number, radix: number) =>
      Array.from({ length: count }, (_, at) =>
        ((address >> BigInt((count - 1 - at) * bits)) & BigInt(2 ** bits - 1)).toString(radix),
      );
    const text = this.#bits === 32 ? part(4, 8, 10).join('.') : part(8, 16, 16).join(':');
    return `${canonicalAddress(text)}/${this.#subnetBits}`;
  }
}
