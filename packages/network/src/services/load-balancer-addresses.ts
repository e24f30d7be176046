/**
 * Puts the addresses of load balancers that the center has given this machine on the interface that stands in their
 * network, and tells the neighbours that they are here now (see `announced-address.ts`). What was put there is remembered in
 * a file, so that a restart takes away what moved meanwhile; what was there already stays without being announced anew.
 * Whether all are still there is looked at now and then: an interface that goes down loses its IPv6 addresses.
 *
 * None is taken that anybody still answers for on the network: the center gives away the addresses of a machine that it does
 * not hear, and that one may have lost its link alone. It then serves on until it dies, or hears that it no longer has them.
 *
 * Kept while the link is cut. An address whose machine falls silent then goes to the next machine of the pool (see
 * `stand-in.ts`); it is given up when its machine is heard again, and when the center has another word. What the machine
 * that has it still can't know then is that it is alone: where a pool's network breaks in two, both parts have one.
 */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  Backoff,
  isRecord,
  describeError,
  type Clock,
  type Logger,
  type Service as Runnable,
} from '@skerry/base';
import type { Service } from '@skerry/api';
import type { FollowedObjects } from '#followed-objects.ts';
import type { LocalKnowledge } from '#local-endpoints/local-knowledge.ts';
import {
  deviceTowards,
  isSix,
  presentAddresses,
  putAddress,
  removeAddress,
  whileAnnouncing,
  type AddressAt,
  type RunProgram,
} from '#services/announced-address.ts';
import { parsePlacements, placementAnnotation } from '#services/service-ports.ts';
import { standInFor } from '#services/stand-in.ts';

export interface LoadBalancerAddressesOptions {
  readonly nodeName: string;
  readonly pool: string | undefined;
  readonly services: Pick<FollowedObjects<Service>, 'addHandler' | 'known' | 'list'>;
  /** Names of the machines of the pool. */
  readonly members: () => readonly string[];
  /** What they say of themselves; without it no address moves while the link is cut. */
  readonly knowledge?: Pick<LocalKnowledge, 'isCut' | 'isSilent' | 'onChange'> | undefined;
  readonly stateFile: string;
  readonly run: RunProgram;
  readonly clock: Clock;
  readonly log: Logger;
}

/** An address that can't be had is tried again: an interface may come up late, or the machine that has it go. */
const retry = { baseMs: 1_000, maxMs: 20_000 };
/** Addresses that are asked for and announced at the same time. */
const atOnceMax = 16;
/** Between looks whether all are still there. */
const lookMs = 30_000;

export function createLoadBalancerAddresses(options: LoadBalancerAddressesOptions): Runnable {
  return { name: 'load balancer addresses', run: (signal) => new LoadBalancerAddresses(options).run(signal) };
}

class LoadBalancerAddresses {
  readonly #options: LoadBalancerAddressesOptions;
  /** Interface by address. */
  readonly #held = new Map<string, string>();
  readonly #told = new Set<string>();
  #isDirty = true;
  #wake: (() => void) | undefined;

  constructor(options: LoadBalancerAddressesOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { services, stateFile, knowledge } = this.#options;
    const backoff = new Backoff(retry);
    for (const [address, device] of await readHeld(stateFile)) this.#held.set(address, device);
    const wake = () => {
      this.#isDirty = true;
      this.#wake?.();
    };
    const changed = (service: Service) => {
      if (service.metadata.annotations?.[placementAnnotation] !== undefined) wake();
    };
    const end = services.addHandler({
      onAdd: changed,
      onUpdate(service, old) {
        changed(old);
        changed(service);
      },
      onDelete: changed,
    });
    const endTelling = knowledge?.onChange(wake);
    signal.addEventListener('abort', wake, { once: true });
    try {
      await services.known(signal);
      while (!signal.aborted) {
        this.#isDirty = false;
        const isWhole = await this.#settle();
        if (isWhole) backoff.reset();
        const lookAgainMs = this.#held.size > 0 ? lookMs : undefined;
        await this.#woken(isWhole ? lookAgainMs : backoff.next());
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', wake);
      endTelling?.();
      end();
    }
  }

  /** Resolves when something has changed, or after the time. */
  async #woken(afterMs: number | undefined): Promise<void> {
    if (this.#isDirty) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = afterMs === undefined ? undefined : this.#options.clock.after(afterMs, resolve);
    await promise;
    timer?.cancel();
    this.#wake = undefined;
  }

  #wanted(): string[] {
    const { services, nodeName, pool } = this.#options;
    const placements = services
      .list()
      .filter(({ spec }) => spec?.type === 'LoadBalancer')
      .flatMap(({ metadata }) => parsePlacements(metadata.annotations?.[placementAnnotation]));
    return placements
      .filter((one) => one.pool === pool && (one.node === nodeName || this.#standsIn(one)))
      .map(({ address }) => address);
  }

  /** Begins while the link is cut, and ends when the machine is heard: the center needs a while to move what it finds lost. */
  #standsIn({ address, node }: { readonly address: string; readonly node?: string | undefined }): boolean {
    const { knowledge, nodeName, members } = this.#options;
    if (node === undefined || !knowledge?.isSilent(node)) return false;
    if (!(knowledge.isCut() || this.#held.has(address))) return false;
    return standInFor(node, members(), (each) => knowledge.isSilent(each)) === nodeName;
  }

  /** Answers whether all is as wanted. */
  async #settle(): Promise<boolean> {
    const { run, log, stateFile } = this.#options;
    const wanted = new Set(this.#wanted());
    for (const [address, device] of this.#held) {
      if (wanted.has(address)) continue;
      await removeAddress({ address, device }, run);
      this.#held.delete(address);
      log.info('load balancer address given up', { address, device });
    }
    const present = wanted.size > 0 ? await presentAddresses(run) : new Map<string, string>();
    const absent = [...wanted].filter(
      (address) => !present.has(address) || present.get(address) !== this.#held.get(address),
    );
    let isWhole = true;
    for (let at = 0; at < absent.length; at += atOnceMax) {
      const taken = await this.#take(absent.slice(at, at + atOnceMax), present);
      isWhole &&= taken;
    }
    await writeHeld(stateFile, this.#held);
    return isWhole;
  }

  async #take(addresses: readonly string[], present: ReadonlyMap<string, string>): Promise<boolean> {
    const { run, stateFile, log } = this.#options;
    const found = await Promise.all(
      addresses.map((address) => this.#tried(address, () => placeFor(address, present, run))),
    );
    const places = found.filter((place) => place !== undefined);
    if (places.length === 0) return found.length === 0;
    // Remembered before they are there: what a crash leaves is found.
    for (const { address, device } of places) this.#held.set(address, device);
    await writeHeld(stateFile, this.#held);
    const devices = new Set(places.flatMap(({ address, device }) => (isSix(address) ? [device] : [])));
    const put = await whileAnnouncing(devices, run, () =>
      Promise.all(
        places.map((place) =>
          this.#tried(place.address, async () => {
            await putAddress(place, this.#options);
            this.#told.delete(place.address);
            log.info('load balancer address taken', { ...place });
            return true;
          }),
        ),
      ),
    );
    places.forEach(({ address }, index) => put[index] ?? this.#held.delete(address));
    return [...found, ...put].every((done) => done !== undefined);
  }

  /** Undefined where it failed, which is said once. */
  async #tried<T>(address: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!this.#told.has(address)) {
        this.#told.add(address);
        this.#options.log.warn('load balancer address not held', { address, error: describeError(error) });
      }
      return undefined;
    }
  }
}

/** Where it belongs; rejects where this machine has it already, not by us. */
async function placeFor(
  address: string,
  present: ReadonlyMap<string, string>,
  run: RunProgram,
): Promise<AddressAt> {
  const holder = present.get(address);
  if (holder !== undefined) throw new Error(`interface ${holder} has it, and it is not ours`);
  return { address, device: await deviceTowards(run, address) };
}

/** Takes away what an earlier run put on interfaces. */
export async function removeLoadBalancerAddresses(stateFile: string, run: RunProgram): Promise<void> {
  for (const [address, device] of await readHeld(stateFile)) await removeAddress({ address, device }, run);
}

/** Addresses of interfaces that are a load balancer's, and so not the machine's own. */
export function heldLoadBalancerAddresses(stateDirectory: string): ReadonlySet<string> {
  try {
    return new Set(parseHeld(readFileSync(loadBalancerAddressesFile(stateDirectory), 'utf8')).keys());
  } catch {
    return new Set();
  }
}

export function loadBalancerAddressesFile(stateDirectory: string): string {
  return join(stateDirectory, 'load-balancer-addresses.json');
}

async function readHeld(file: string): Promise<Map<string, string>> {
  try {
    return parseHeld(await readFile(file, 'utf8'));
  } catch {
    return new Map();
  }
}

function parseHeld(text: string): Map<string, string> {
  const parsed: unknown = JSON.parse(text);
  return new Map(Object.entries(isRecord(parsed) ? parsed : {}).map(([key, value]) => [key, String(value)]));
}

async function writeHeld(file: string, held: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify(Object.fromEntries(held)), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
