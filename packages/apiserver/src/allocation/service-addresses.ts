/**
 * The addresses of Services. Which are taken is in the cluster's IPAddress objects and nowhere else: an address is had by
 * making the object of its name, so that two can't have the same, and objects that others make keep theirs. The networks are
 * those that the server was started with and those of ServiceCIDRs that are ready.
 */
import { ApiError, isApiError, type AnyObject } from '@skerry/api';
import { assert, describeError, type Logger } from '@skerry/base';
import {
  formatAddress,
  parseAddress,
  serviceNetwork,
  type Family,
  type ServiceNetwork,
} from '#allocation/network.ts';
import { addressesOf, specOf } from '#allocation/service-spec.ts';
import type { ObjectRef, ServerAccess } from '#security.ts';

const services: ObjectRef = { group: '', resource: 'services' };
export const ipAddresses: ObjectRef = { group: 'networking.k8s.io', resource: 'ipaddresses' };
const serviceCidrs: ObjectRef = { group: 'networking.k8s.io', resource: 'servicecidrs' };

const managedByLabel = 'ipaddress.kubernetes.io/managed-by';
const familyLabel = 'ipaddress.kubernetes.io/ip-family';
const manager = 'ipallocator.k8s.io';

/** Objects that a repair makes at a time: the store takes the writes of a turn together. */
const repairsAtOnce = 100;

export interface ServiceAddressesOptions {
  /** One network, or one of each family; the first one's family is the default. */
  readonly cidrs: readonly string[];
  readonly random: () => number;
  readonly log: Logger;
  readonly access: Pick<ServerAccess, 'read' | 'write'>;
}

export interface Owner {
  readonly namespace: string;
  readonly name: string;
}

/** Why an address can't be had. */
export class AddressError extends Error {}

export class ServiceAddresses {
  readonly families: readonly Family[];
  /** The first one of the first network; it belongs to the Service `default/kubernetes`. */
  readonly apiServerAddress: string;
  readonly #options: ServiceAddressesOptions;
  readonly #given: readonly ServiceNetwork[];

  constructor(options: ServiceAddressesOptions) {
    this.#options = options;
    this.#given = options.cidrs.map((cidr) => {
      const network = serviceNetwork(cidr);
      assert(
        network && network.last - network.first >= 5n,
        `service network ${cidr} is no network of 8 or more addresses`,
      );
      return network;
    });
    this.families = this.#given.map(({ family }) => family);
    assert(
      this.families.length > 0 && new Set(this.families).size === this.families.length,
      `service networks ${options.cidrs.join(',')} are not one of each family`,
    );
    const [{ family, first }] = this.#given as [ServiceNetwork];
    this.apiServerAddress = formatAddress(family, first);
  }

  /** Takes any free address of the family. */
  async take(family: Family, owner: Owner, { dryRun }: { readonly dryRun: boolean }): Promise<string> {
    const networks = this.#networks(family);
    // Nobody keeps it, and so it need be none that is free.
    if (dryRun && networks[0]) return formatAddress(family, networks[0].base);
    for (const network of networks) {
      const middle = network.first + network.lowBand;
      const found =
        (await this.#takeBetween(family, middle, network.last, owner)) ??
        (await this.#takeBetween(family, network.first, middle - 1n, owner));
      if (found !== undefined) return found;
    }
    throw new ApiError(
      'InternalError',
      `Internal error occurred: failed to allocate a serviceIP for Service ${JSON.stringify(owner.name)}: range is full`,
    );
  }

  /** Takes this address; rejects with `AddressError` when it can't be had. */
  async claim(address: string, owner: Owner, { dryRun }: { readonly dryRun: boolean }): Promise<void> {
    const parsed = parseAddress(address);
    const isOffered =
      parsed &&
      this.#networks(parsed.family).some(({ first, last }) => parsed.value >= first && parsed.value <= last);
    if (!isOffered) {
      const [network] = dryRun && parsed ? this.#networks(parsed.family) : [];
      // A dry run is told of the network that it was tried on.
      throw new AddressError(
        network
          ? `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${network.cidr}`
          : 'the provided network does not match the current range',
      );
    }
    if (dryRun) return;
    const text = formatAddress(parsed.family, parsed.value);
    if (!this.#isFor(text, owner) || !(await this.#record(text, parsed.family, owner)))
      throw new AddressError('provided IP is already allocated');
  }

  async release(address: string): Promise<void> {
    const parsed = parseAddress(address);
    if (!parsed) return;
    const { access, log } = this.#options;
    await access.write
      .delete(ipAddresses, formatAddress(parsed.family, parsed.value))
      .catch((error: unknown) =>
        log.warn('address of a service not given back', { address, error: describeError(error) }),
      );
  }

  /** Makes IPAddresses and Services agree: those of Services that are gone go, those that are missing are made. */
  async repair(): Promise<void> {
    const { read, write } = this.#options.access;
    const held = new Map<string, { family: Family; owner: Owner }>();
    for (const service of read.list(services)) {
      const owner = ownerOf(service);
      for (const address of addressesOf(specOf(service))) {
        const parsed = parseAddress(address);
        if (parsed) held.set(formatAddress(parsed.family, parsed.value), { family: parsed.family, owner });
      }
    }
    const work: (() => Promise<unknown>)[] = [];
    for (const object of read.list(ipAddresses)) {
      const name = object.metadata?.name ?? '';
      if (!held.delete(name) && object.metadata?.labels?.[managedByLabel] === manager)
        work.push(() => write.delete(ipAddresses, name));
    }
    for (const [name, { family, owner }] of held) work.push(() => this.#record(name, family, owner));
    for (let at = 0; at < work.length; at += repairsAtOnce)
      await Promise.all(work.slice(at, at + repairsAtOnce).map((each) => each()));
  }

  /** Makes anew, until `stop` is called, what somebody deletes while a Service has the address. */
  keep(): () => void {
    const { read } = this.#options.access;
    return read.onChange(ipAddresses, ({ type, name, object }) => {
      const parsed = parseAddress(name);
      if (type !== 'delete' || !parsed) return;
      const { parentRef } = (object.spec ?? {}) as { parentRef?: Owner };
      const service = parentRef && read.get(services, parentRef.name, parentRef.namespace);
      if (!service || !addressesOf(specOf(service)).includes(name)) return;
      void this.#record(name, parsed.family, ownerOf(service)).catch((error: unknown) =>
        this.#options.log.warn('address of a service not kept', {
          address: name,
          error: describeError(error),
        }),
      );
    });
  }

  #networks(family: Family): ServiceNetwork[] {
    const added = this.#options.access.read
      .list(serviceCidrs)
      .filter(isReady)
      .flatMap(({ spec }) => (spec as { cidrs?: string[] } | undefined)?.cidrs ?? [])
      .map(serviceNetwork);
    return [...this.#given, ...added].filter(
      (network, index, all): network is ServiceNetwork =>
        network?.family === family && all.findIndex((other) => other?.cidr === network.cidr) === index,
    );
  }

  /** From a random place on, upwards and around, so that two neighbours in time are none in number. */
  async #takeBetween(family: Family, first: bigint, last: bigint, owner: Owner): Promise<string | undefined> {
    const size = last - first + 1n;
    if (size <= 0n) return undefined;
    const span = size > 0x1f_ffff_ffff_ffffn ? 0x1f_ffff_ffff_ffff : Number(size);
    const start = BigInt(Math.floor(this.#options.random() * span));
    for (let step = 0n; step < size; step++) {
      const text = formatAddress(family, first + ((start + step) % size));
      if (this.#options.access.read.get(ipAddresses, text) || !this.#isFor(text, owner)) continue;
      if (await this.#record(text, family, owner)) return text;
    }
    return undefined;
  }

  /** Even before that Service exists, nobody else may have its address. */
  #isFor(address: string, { namespace, name }: Owner): boolean {
    return address !== this.apiServerAddress || (namespace === 'default' && name === 'kubernetes');
  }

  /** False when another has it. */
  async #record(name: string, family: Family, owner: Owner): Promise<boolean> {
    const metadata = { name, labels: { [familyLabel]: family, [managedByLabel]: manager } };
    const spec = { parentRef: { group: '', resource: 'services', ...owner } };
    try {
      await this.#options.access.write.create(ipAddresses, { metadata, spec });
      return true;
    } catch (error) {
      if (isApiError(error, 'AlreadyExists')) return false;
      throw error;
    }
  }
}

function ownerOf({ metadata }: AnyObject): Owner {
  return { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
}

function isReady({ metadata, status }: AnyObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
  return (
    !metadata?.deletionTimestamp && conditions.some((each) => each.type === 'Ready' && each.status === 'True')
  );
}
