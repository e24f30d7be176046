/**
 * One address of a load balancer on an interface of this machine: asked for on the network first, and announced once it is
 * there, so that neighbours that knew another machine by it learn of this one at once.
 *
 * - IPv4: `arping -D`, then the address, then `arping -A`.
 * - IPv6: the kernel does both. An address that it is given is tentative while it asks whether somebody has it (duplicate
 *   address detection), and where the interface's `ndisc_notify` is on it then sends an unsolicited neighbour advertisement
 *   that overrides what neighbours remember. The setting is on while an address is being taken, and then as it was.
 *   https://docs.kernel.org/networking/ip-sysctl.html (`ndisc_notify`, `dad_transmits`, `accept_dad`)
 *
 * An IPv6 address is deprecated from the beginning: it is answered for, and the machine's own connections never go out
 * under it, as they otherwise would, since it is more like many destinations than the machine's own.
 */
import { describeError, isRecord, sleep, type Clock, type Logger } from '@skerry/base';

/** Runs a program and answers what it printed. */
export type RunProgram = (...command: string[]) => Promise<string>;

export interface Machine {
  readonly run: RunProgram;
  readonly clock: Clock;
  readonly log: Logger;
}

/** An address, and the interface that it is on or is to be on. */
export interface AddressAt {
  readonly address: string;
  readonly device: string;
}

const announcements = '3';
/** How often, and for how many seconds, an IPv4 address is asked for before it is taken for another machine. */
const probes = '2';
const probeSeconds = '3';
/** The kernel asks for about two seconds: up to one passes before its first question, one after its last. */
const detectionMaxMs = 10_000;
const detectionLookMs = 200;
/** On while an address is taken: without questions there is no advertisement either. */
const settings = ['ndisc_notify', 'dad_transmits', 'accept_dad'] as const;

export function isSix(address: string): boolean {
  return address.includes(':');
}

/** Rejects where another machine answers for it; then it is not on the interface. */
export async function putAddress(place: AddressAt, machine: Machine): Promise<void> {
  if (isSix(place.address)) await putSix(place, machine);
  else await putFour(place, machine);
}

/** What isn't there is as well. */
export async function removeAddress({ address, device }: AddressAt, run: RunProgram): Promise<void> {
  try {
    await run('ip', 'address', 'delete', withBits(address), 'dev', device);
  } catch (error) {
    if (!/Cannot assign requested address|Cannot find device|address not found/i.test(describeError(error)))
      throw error;
  }
}

/** Addresses of this machine and their interfaces, without those that turned out to be another's. */
export async function presentAddresses(run: RunProgram): Promise<ReadonlyMap<string, string>> {
  const present = new Map<string, string>();
  for (const { ifname, addr_info: held } of parseArray(await run('ip', '-j', 'address', 'show'))) {
    for (const one of Array.isArray(held) ? held.filter(isRecord) : []) {
      const { local, dadfailed } = one;
      if (typeof local === 'string' && typeof ifname === 'string' && dadfailed !== true)
        present.set(local, ifname);
    }
  }
  return present;
}

/** The interface in whose network an address is; it must be reached without a router. */
export async function deviceTowards(run: RunProgram, address: string): Promise<string> {
  const [route] = parseArray(await run('ip', '-j', 'route', 'get', address));
  const device = route?.['dev'];
  if (typeof device !== 'string') throw new Error('no interface leads there');
  if (route?.['gateway'] !== undefined || route?.['via'] !== undefined)
    throw new Error(
      `it is in the network of no interface of this machine; the range of the pool is another's`,
    );
  return device;
}

/**
 * Work during which the kernel asks for IPv6 addresses that an interface gets, and announces them; a kernel that lacks a
 * setting does without.
 */
export async function whileAnnouncing<T>(
  devices: ReadonlySet<string>,
  run: RunProgram,
  work: () => Promise<T>,
): Promise<T> {
  const before: [key: string, value: string][] = [];
  for (const device of devices) {
    for (const setting of settings) {
      // A dot in an interface's name is written as a slash.
      const key = `net/ipv6/conf/${device}/${setting}`;
      const value = (await run('sysctl', '-n', key).catch(() => '')).trim();
      if (!/^-?\d+$/.test(value) || Number(value) > 0) continue;
      await run('sysctl', '-q', '-w', `${key}=1`);
      before.push([key, value]);
    }
  }
  try {
    return await work();
  } finally {
    for (const [key, value] of before) await run('sysctl', '-q', '-w', `${key}=${value}`).catch(() => '');
  }
}

async function putFour({ address, device }: AddressAt, { run, log }: Machine): Promise<void> {
  try {
    await run('arping', '-q', '-D', '-c', probes, '-w', probeSeconds, '-I', device, address);
  } catch (error) {
    throw new Error(`another machine may still answer for it at ${device}`, { cause: error });
  }
  await run('ip', 'address', 'add', withBits(address), 'dev', device);
  await run('arping', '-q', '-c', announcements, '-A', '-I', device, address).catch((error: unknown) =>
    log.warn('load balancer address not announced', { address, error: describeError(error) }),
  );
}

async function putSix(place: AddressAt, { run, clock }: Machine): Promise<void> {
  const { address, device } = place;
  // What an earlier try left there would not be asked for again.
  await removeAddress(place, run);
  await run('ip', 'address', 'add', withBits(address), 'dev', device, 'preferred_lft', '0');
  const endMs = clock.monotonic() + detectionMaxMs;
  for (;;) {
    const state = await detectionOf(place, run);
    if (state === 'own') return;
    if (state === 'asking' && clock.monotonic() < endMs) {
      await sleep(clock, detectionLookMs);
      continue;
    }
    await removeAddress(place, run);
    throw new Error(
      state === 'asking'
        ? `the kernel has not found out in ${detectionMaxMs / 1_000} s whether another machine has it at ${device}`
        : `another machine answers for it at ${device}`,
    );
  }
}

async function detectionOf(
  { address, device }: AddressAt,
  run: RunProgram,
): Promise<'asking' | 'own' | "another's"> {
  const rows = parseArray(await run('ip', '-j', 'address', 'show', 'dev', device, 'to', address));
  const [held] = rows.flatMap(({ addr_info: all }) =>
    Array.isArray(all) ? all.filter(isRecord).filter(({ local }) => local === address) : [],
  );
  if (held === undefined || held['dadfailed'] === true) return "another's";
  return held['tentative'] === true ? 'asking' : 'own';
}

function withBits(address: string): string {
  return `${address}/${isSix(address) ? 128 : 32}`;
}

function parseArray(text: string): Record<string, unknown>[] {
  const parsed: unknown = text.trim() === '' ? [] : JSON.parse(text);
  return Array.isArray(parsed) ? parsed.filter(isRecord) : [];
}
