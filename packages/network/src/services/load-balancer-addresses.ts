/**
 * Puts the addresses of load balancers that the center has given this machine on the interface that stands in their
 * network, and tells the neighbours by ARP that they are here now. What was put there is remembered in a file, so that a
 * restart takes away what moved meanwhile; what was there already stays without being announced anew.
 *
 * Kept while the link is cut. An address whose machine falls silent then goes to the next machine of the pool (see
 * `stand-in.ts`), after that one has asked for it on the network and nobody has answered; it is given up when its machine
 * is heard again, and when the center has another word. What the machine that has it still can't know then is that it is
 * alone: where a pool's network breaks in two, both parts have one.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  isRecord,
  describeError,
  sleep,
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

/** An address that can't be put anywhere is tried again: an interface may come up late. */
const retryMs = 10_000;
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
    const { services, stateFile, clock, knowledge } = this.#options;
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
        if (!this.#isDirty) {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          continue;
        }
        this.#isDirty = false;
        if (!(await this.#settle())) {
          this.#isDirty = true;
          await sleep(clock, retryMs, signal);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', wake);
      endTelling?.();
      end();
    }
  }

  /** By address: whether it is another machine's, for which this one stands in. */
  #wanted(): Map<string, boolean> {
    const { services, nodeName, pool } = this.#options;
    const placements = services
      .list()
      .filter(({ spec }) => spec?.type === 'LoadBalancer')
      .flatMap(({ metadata }) => parsePlacements(metadata.annotations?.[placementAnnotation]));
    return new Map(
      placements
        .filter((one) => one.pool === pool && (one.node === nodeName || this.#standsIn(one)))
        .map(({ address, node }) => [address, node !== nodeName]),
    );
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
    const wanted = this.#wanted();
    let isWhole = true;
    for (const [address, device] of this.#held) {
      if (wanted.has(address)) continue;
      await run('ip', 'address', 'delete', `${address}/32`, 'dev', device).catch(ignoreAbsent);
      this.#held.delete(address);
      log.info('load balancer address given up', { address, device });
    }
    for (const [address, isOthers] of wanted) {
      try {
        await this.#hold(address, { isOthers });
        this.#told.delete(address);
      } catch (error) {
        isWhole = false;
        if (!this.#told.has(address)) {
          this.#told.add(address);
          log.warn('load balancer address not held', { address, error: describeError(error) });
        }
      }
    }
    await writeHeld(stateFile, this.#held);
    return isWhole;
  }

  async #hold(address: string, { isOthers }: { readonly isOthers: boolean }): Promise<void> {
    const { run, log, stateFile } = this.#options;
    const known = this.#held.get(address);
    const present = await deviceOf(run, address);
    if (present !== undefined && present === known) return;
    if (present !== undefined) throw new Error(`interface ${present} has it, and it is not ours`);
    const device = await deviceTowards(run, address);
    if (isOthers) await expectNobody(run, { address, device });
    this.#held.set(address, device);
    // Remembered before it is there: what a crash leaves is found.
    await writeHeld(stateFile, this.#held);
    await run('ip', 'address', 'add', `${address}/32`, 'dev', device);
    log.info('load balancer address taken', { address, device });
    if (!address.includes(':')) {
      await run('arping', '-q', '-c', announcements, '-A', '-I', device, address).catch((error: unknown) =>
        log.warn('load balancer address not announced', { address, error: describeError(error) }),
      );
    }
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
    throw new Error('its machine is silent, and not shown to be without it', { cause: error });
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
