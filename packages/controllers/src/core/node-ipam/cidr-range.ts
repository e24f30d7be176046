import { SkerryError } from '@skerry/base';

/** An IPv4 range cut into equal subnets. */
export class CidrRange {
  readonly #baseAddress: number;
  readonly #subnetBits: number;
  readonly #count: number;
  readonly #used = new Map<string, string>();
  #next = 0;

  /** `cidr` as `10.244.0.0/16`; throws `cidr-invalid`. */
  constructor(cidr: string, { subnetBits = 24 }: { readonly subnetBits?: number } = {}) {
    const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
    const numbers = (match ?? []).slice(1).map(Number);
    const bits = numbers[4] ?? 33;
    if (!match || numbers.slice(0, 4).some((octet) => octet > 255) || bits > subnetBits) {
      throw new SkerryError(
        'cidr-invalid',
        `the pod range ${cidr} is not an IPv4 range that holds /${subnetBits} subnets; give one such as 10.244.0.0/16`,
      );
    }
    const [a = 0, b = 0, c = 0, d = 0] = numbers;
    const size = 2 ** (32 - bits);
    const address = ((a * 256 + b) * 256 + c) * 256 + d;
    this.#baseAddress = Math.floor(address / size) * size;
    this.#subnetBits = subnetBits;
    this.#count = 2 ** (subnetBits - bits);
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
    const address = this.#baseAddress + index * 2 ** (32 - this.#subnetBits);
    const octets = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
    return `${octets.join('.')}/${this.#subnetBits}`;
  }
}
