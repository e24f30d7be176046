/**
 * Puts the addresses of load balancers that the center has given this machine on the interface that stands in their
 * network, and tells the neighbours by ARP that they are here now. What was put there is remembered in a file, so that a
 * restart takes away what moved meanwhile; what was there already stays without being announced anew.
 *
 * None is taken that anybody still answers for on the network: the center gives away the addresses of a machine that it does
 * not hear, and that one may have lost its link alone. It then serves on until it dies, or hears that it no longer has them.
 *
 * Kept while the link is cut. An address whose machine falls silent then goes to the next machine of the pool (see
 * `stand-in.ts`); it is given up when its machine is heard again, and when the center has another word. What the machine
 * that has it still can't know then is that it is alone: where a pool's network breaks in two, both parts have one.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
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
import { parsePlacements, placementAnnotation } from '#services/service-ports.ts';
import { standInFor } from '#services/stand-in.ts';

/** Runs a program and answers what it printed. */
export type RunProgram = (...command: string[]) => Promise<string>;

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
const announcements = '3';
/** How often, and for how many seconds, an address is asked for before it is taken for another machine. */
const probes = '2';
const probeSeconds = '3';

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
        await this.#woken(isWhole ? undefined : backoff.next());
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
      await run('ip', 'address', 'delete', `${address}/32`, 'dev', device).catch(ignoreAbsent);
      this.#held.delete(address);
      log.info('load balancer address given up', { address, device });
    }
    const all = [...wanted];
    let isWhole = true;
    for (let at = 0; at < all.length; at += atOnceMax) {
      const taken = await this.#take(all.slice(at, at + atOnceMax));
      isWhole &&= taken;
    }
    await writeHeld(stateFile, this.#held);
    return isWhole;
  }

  async #take(addresses: readonly string[]): Promise<boolean> {
    const free = await Promise.all(
      addresses.map((address) => this.#tried(address, () => this.#freeDevice(address))),
    );
    const wanted = free.flatMap((found, index) => {
      const address = addresses[index];
      return found && found !== 'held' && address ? [{ address, device: found }] : [];
    });
    for (const { address, device } of wanted) this.#held.set(address, device);
    // Remembered before they are there: what a crash leaves is found.
    if (wanted.length > 0) await writeHeld(this.#options.stateFile, this.#held);
    const put = await Promise.all(
      wanted.map(({ address, device }) => this.#tried(address, () => this.#put(address, device))),
    );
    return [...free, ...put].every((done) => done !== undefined);
  }

  /** Undefined where it failed, which is said once. */
  async #tried<T>(address: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const done = await work();
      this.#told.delete(address);
      return done;
    } catch (error) {
      if (!this.#told.has(address)) {
        this.#told.add(address);
        this.#options.log.warn('load balancer address not held', { address, error: describeError(error) });
      }
      return undefined;
    }
  }

  /** The interface that it belongs on; rejects where somebody else has it. */
  async #freeDevice(address: string): Promise<string> {
    const { run } = this.#options;
    const present = await deviceOf(run, address);
    if (present !== undefined && present === this.#held.get(address)) return 'held';
    if (present !== undefined) throw new Error(`interface ${present} has it, and it is not ours`);
    const device = await deviceTowards(run, address);
    if (!address.includes(':')) await expectNobody(run, { address, device });
    return device;
  }

  async #put(address: string, device: string): Promise<true> {
    const { run, log } = this.#options;
    await run('ip', 'address', 'add', `${address}/32`, 'dev', device);
    log.info('load balancer address taken', { address, device });
    if (!address.includes(':')) {
      await run('arping', '-q', '-c', announcements, '-A', '-I', device, address).catch((error: unknown) =>
        log.warn('load balancer address not announced', { address, error: describeError(error) }),
      );
    }
    return true;
  }
}

/** Whether nobody answers for an address: `arping -D` is then content. */
async function expectNobody(
  run: RunProgram,
  { address, device }: { readonly address: string; readonly device: string },
): Promise<void> {
  try {
    await run('arping', '-q', '-D', '-c', probes, '-w', probeSeconds, '-I', device, address);
  } catch (error) {
    throw new Error(`another machine may still answer for it at ${device}`, { cause: error });
  }
}

/** Takes away what an earlier run put on interfaces. */
export async function removeLoadBalancerAddresses(stateFile: string, run: RunProgram): Promise<void> {
  for (const [address, device] of await readHeld(stateFile)) {
    await run('ip', 'address', 'delete', `${address}/32`, 'dev', device).catch(ignoreAbsent);
  }
}

/** The interface that has an address now. */
async function deviceOf(run: RunProgram, address: string): Promise<string | undefined> {
  const text = await run('ip', '-j', 'address', 'show', 'to', address);
  return namesIn(text, 'ifname')[0];
}

/** The interface in whose network an address is; it must be reached without a router. */
async function deviceTowards(run: RunProgram, address: string): Promise<string> {
  const text = await run('ip', '-j', 'route', 'get', address);
  const [route] = parseArray(text);
  const device = route?.['dev'];
  if (typeof device !== 'string') throw new Error('no interface leads there');
  if (route?.['gateway'] !== undefined || route?.['via'] !== undefined)
    throw new Error(
      `it is in the network of no interface of this machine; the range of the pool is another's`,
    );
  return device;
}

function namesIn(text: string, key: string): string[] {
  return parseArray(text).flatMap((one) => (typeof one[key] === 'string' ? [one[key]] : []));
}

function parseArray(text: string): Record<string, unknown>[] {
  const parsed: unknown = text.trim() === '' ? [] : JSON.parse(text);
  return Array.isArray(parsed) ? parsed.filter(isRecord) : [];
}

function ignoreAbsent(error: unknown): void {
  if (!/Cannot assign requested address|Cannot find device/.test(describeError(error))) throw error;
}

async function readHeld(file: string): Promise<Map<string, string>> {
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
    return new Map(
      Object.entries(isRecord(parsed) ? parsed : {}).map(([key, value]) => [key, String(value)]),
    );
  } catch {
    return new Map();
  }
}

async function writeHeld(file: string, held: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify(Object.fromEntries(held)), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
