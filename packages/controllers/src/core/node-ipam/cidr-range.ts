import { canonicalAddress, readNetwork } from '@skerry/api';
import { SkerryError } from '@skerry/base';

/** Of nodes' subnets, by family, unless told. */
const subnetBitsOf = { IPv4: 24, IPv6: 64 };
/** Subnets of one range: nobody has more nodes, and looking through more takes too long. */
const subnetsMax = 2 ** 16;

/** What is told of a range; nothing by default. */
export interface CidrMeter {
  /** `tried` others before it were taken. */
  allocated(tried: number): void;
  occupied(): void;
  released(): void;
}

const silent: CidrMeter = { allocated() {}, occupied() {}, released() {} };

/** A range cut into equal subnets. */
export class CidrRange {
  readonly #base: bigint;
  readonly #bits: number;
  /** Bits behind the range's own. */
  readonly #rest: bigint;
  readonly #subnetBits: number;
  readonly count: number;
  readonly #meter: CidrMeter;
  readonly #used = new Map<string, string>();
  #next = 0;

  /** `cidr` as `10.244.0.0/16`; throws `cidr-invalid`. */
  constructor(cidr: string, options: { readonly subnetBits?: number; readonly meter?: CidrMeter } = {}) {
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
    this.#meter = options.meter ?? silent;
    this.#bits = network.address.length * 8;
    this.#rest = BigInt(this.#bits - network.prefixLength);
    this.#base = this.#firstOf(network.address);
    this.#subnetBits = subnetBits;
    this.count = count;
  }

  /** Subnets that are somebody's. */
  get usedCount(): number {
    return this.#used.size;
  }

  /** Marks a subnet of the range as some owner's, wherever it comes from. */
  occupy(cidr: string, owner: string): void {
    if (this.#used.has(cidr) || !this.#holds(cidr)) return;
    this.#used.set(cidr, owner);
    this.#meter.occupied();
  }

  /** Frees what belongs to the owner. */
  release(cidr: string, owner: string): void {
    if (this.#used.get(cidr) !== owner) return;
    this.#used.delete(cidr);
    this.#meter.released();
  }

  /** A free subnet, now the owner's; undefined when all are taken. Freed ones come again as late as possible. */
  allocate(owner: string): string | undefined {
    for (let tried = 0; tried < this.count; tried++) {
      const cidr = this.#subnet(this.#next);
      this.#next = (this.#next + 1) % this.count;
      if (this.#used.has(cidr)) continue;
      this.#used.set(cidr, owner);
      this.#meter.allocated(tried);
      return cidr;
    }
    return undefined;
  }

  #holds(cidr: string): boolean {
    const network = readNetwork(cidr);
    return network?.address.length === this.#bits / 8 && this.#firstOf(network.address) === this.#base;
  }

  /** The first address of a range of this size. */
  #firstOf(address: readonly number[] | Uint8Array): bigint {
    const value = [...address].reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    return (value >> this.#rest) << this.#rest;
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
