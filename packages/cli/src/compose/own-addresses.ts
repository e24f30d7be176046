/** The addresses that a machine says are its own. */
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Vault } from '@skerry/hub';

/** Whether the kernel has IPv6, and has it switched on. */
export async function speaksIpv6(): Promise<boolean> {
  const isOff = await readFile('/proc/sys/net/ipv6/conf/all/disable_ipv6', 'utf8').catch(() => '1');
  return isOff.trim() === '0';
}

/**
 * That of the interface which has an IPv4 address; of link-local ones others have no use, and those of load balancers, which
 * stand there too, go elsewhere one day. These are alone in their networks (/128), as are those that DHCP gives.
 */
export function ipv6AddressBeside(
  address: string,
  ofLoadBalancers: () => ReadonlySet<string>,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string | undefined {
  const held = Object.values(interfaces).find((each) => each?.some((one) => one.address === address)) ?? [];
  const able = held.filter(
    (one) => isIPv6(one.address) && !one.address.startsWith('fe80:') && one.address !== address,
  );
  const inNetwork = able.find(({ cidr }) => !cidr?.endsWith('/128'));
  if (inNetwork || able.length === 0) return inNetwork?.address;
  const borrowed = ofLoadBalancers();
  return able.find((one) => !borrowed.has(one.address))?.address;
}

const addressKey = 'node-address';
const addressPatienceMs = 3_000;

/**
 * The machine's main address. A machine that comes up cut off may have no way to the center yet, nor a server of names: then it
 * is the one that it had, or whatever it has.
 */
export async function ownAddress(
  { host, port }: { readonly host: string; readonly port: number },
  vault: Vault | undefined,
): Promise<string> {
  const late = AbortSignal.timeout(addressPatienceMs);
  const gaveUp = new Promise<undefined>((resolve) =>
    late.addEventListener('abort', () => resolve(undefined)),
  );
  const found = await Promise.race([addressTowards(host, port).catch(() => undefined), gaveUp]);
  if (found) {
    if (vault?.get(addressKey) !== found) vault?.set(addressKey, found);
    return found;
  }
  const outward = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(
      ({ internal, address }) => !internal && !address.startsWith('169.254.') && !address.startsWith('fe80:'),
    );
  return vault?.get(addressKey) ?? outward?.address ?? '127.0.0.1';
}

/** The machine's own address on the way to the center: what a datagram there would carry; none is sent. */
function addressTowards(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', reject);
    socket.connect(port, host, () => {
      const { address } = socket.address();
      socket.close();
      resolve(address);
    });
  });
}
