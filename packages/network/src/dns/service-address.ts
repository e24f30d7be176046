/**
 * The address of the `kube-dns` Service on this machine: it lies on an interface of ours that leads nowhere, so that pods
 * reach the name server of their own node, and the node itself does too. The same address is on every node.
 *
 * Questions that come in from outside the machine, over the interfaces that its default routes or its hardware belong to,
 * are dropped before anyone sees them: a name server that answers the world is a weapon against third parties.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { runIp } from '#run-ip.ts';
import { runNft } from '#nftables/run-nft.ts';

export const dnsInterface = 'skerry-dns';
export const dnsTable = 'skerry_dns';

const ports = '{ 53, 9153 }';

/** Puts the interface there, with these addresses alone. */
export async function ensureServiceAddress(addresses: readonly string[]): Promise<void> {
  if (!(await hasInterface())) await addInterface();
  for (const old of addressesNow()) {
    if (!addresses.includes(old)) await runIp(['address', 'delete', withLength(old), 'dev', dnsInterface]);
  }
  for (const address of addresses)
    await runIp(['address', 'replace', withLength(address), 'dev', dnsInterface, ...whole(address)]);
  await runIp(['link', 'set', dnsInterface, 'up']);
}

/** `/sys` may show another network than the one that this process is in. */
function hasInterface(): Promise<boolean> {
  return runIp(['link', 'show', 'dev', dnsInterface]).then(
    () => true,
    () => false,
  );
}

/** Some kernels are built without dummy interfaces; a bridge that nothing is plugged into does the same. */
async function addInterface(): Promise<void> {
  try {
    await runIp(['link', 'add', dnsInterface, 'type', 'dummy']);
  } catch {
    await runIp(['link', 'add', dnsInterface, 'type', 'bridge']);
  }
}

/** Whether they are there still: others administer the machine too. */
export function hasServiceAddress(addresses: readonly string[]): boolean {
  const now = addressesNow();
  return addresses.every((address) => now.includes(address));
}

export async function removeServiceAddress(): Promise<void> {
  await runNft(removal());
  if (await hasInterface()) await runIp(['link', 'delete', dnsInterface]);
}

/** Rules that keep others' questions out, as a script for nft. */
export function guardRules(addresses: readonly string[], outside: readonly string[]): string {
  const lines = addresses.flatMap((address) => {
    const family = address.includes(':') ? 'ip6' : 'ip';
    const from = `iifname { ${outside.map((name) => JSON.stringify(name)).join(', ')} }`;
    return ['tcp', 'udp'].map(
      (protocol) => `    ${from} ${family} daddr ${address} ${protocol} dport ${ports} drop`,
    );
  });
  return [
    removal(),
    `table inet ${dnsTable} {`,
    '  comment "cluster DNS is for this machine alone";',
    '  chain guard {',
    '    type filter hook prerouting priority -300;',
    ...(outside.length > 0 ? lines : []),
    '  }',
    '}',
    '',
  ].join('\n');
}

/** Interfaces that lead out of the machine. */
export async function outsideInterfaces(): Promise<string[]> {
  const names = Object.keys(networkInterfaces());
  const hardware = names.filter((name) => existsSync(`/sys/class/net/${name}/device`));
  const routed = [
    ...defaultsOf(
      await readFile('/proc/net/route', 'utf8').catch(() => ''),
      (fields) => fields[1] === '00000000' && fields[7] === '00000000',
      0,
    ),
    ...defaultsOf(
      await readFile('/proc/net/ipv6_route', 'utf8').catch(() => ''),
      (fields) => /^0+$/.test(fields[0] ?? '') && fields[1] === '00',
      9,
    ),
  ].filter((name) => name !== 'lo');
  return [...new Set([...hardware, ...routed])].toSorted((a, b) => a.localeCompare(b));
}

function defaultsOf(
  table: string,
  isDefault: (fields: readonly string[]) => boolean,
  nameAt: number,
): string[] {
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(isDefault)
    .map((fields) => fields[nameAt] ?? '');
}

/** Adding it first makes the removal of what isn't there no error. */
function removal(): string {
  return `add table inet ${dnsTable}\ndelete table inet ${dnsTable}\n`;
}

function addressesNow(): string[] {
  const all = networkInterfaces()[dnsInterface] ?? [];
  return all.map(({ address }) => address).filter((address) => !address.startsWith('fe80:'));
}

/** At once: on an interface that leads nowhere the kernel would wait for ever before it uses an IPv6 address. */
function whole(address: string): string[] {
  return address.includes(':') ? ['nodad'] : [];
}

function withLength(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}
