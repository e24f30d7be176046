/** Addresses of load balancers in the pool, and which machine has them. */
import type { Node, Service } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { expect } from 'vitest';
import { type CutRegion, patient } from './cut-region.ts';

/**
 * Addresses of load balancers that the center gives to these machines, as long as all of the pool are well. Of both families; the
 * first decides whose they are at first.
 */
const balanced: Readonly<Record<string, readonly [string, string]>> = {
  'east-4': ['192.168.0.212', 'fd53::212'],
  'east-5': ['192.168.0.202', 'fd53::202'],
};
export const bothFamilies = [
  '--cluster-cidr=10.12.0.0/16,fd00:10:12::/56',
  '--service-cidr=10.96.0.0/16,fd00:10:96::/112',
];

/** A load balancer's addresses on each of these machines. */
export async function offerAddresses(region: CutRegion, machines: readonly string[]): Promise<void> {
  await giveIpv6(region);
  const annotation = 'network.skerry.io/load-balancer-addresses';
  const range = `${annotation}=${Object.values(balanced).flat().join(',')}`;
  await region.cluster.kubectlOk('annotate', 'nodepool', 'east', range);
  for (const machine of machines)
    await region.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `on-${machine}`, annotations: { [annotation]: balanced[machine]?.join(',') } },
      spec: {
        type: 'LoadBalancer',
        ipFamilyPolicy: 'RequireDualStack',
        ipFamilies: ['IPv4', 'IPv6'],
        selector: { is: 'near' },
        ports: [{ port: 80, targetPort: 8080 }],
      },
    });
  await eventually(async () => {
    for (const machine of machines) expect(await answeredBy(region, machine)).toBe(machine);
  }, patient);
}

export async function electedFor(region: CutRegion, machine: string): Promise<string | undefined> {
  const { metadata } = await region.cluster.json<Service>('get', 'service', `on-${machine}`);
  const text = metadata.annotations?.['network.skerry.io/load-balancer'] ?? '[]';
  return (JSON.parse(text) as { node?: string }[])[0]?.node;
}

/** On the network between the machines and their router, and on their Nodes. */
async function giveIpv6(region: CutRegion): Promise<void> {
  const machines = Object.keys(await region.roundsOf());
  const add = (where: string, address: string, device: string) =>
    region.regions.inside(where, 'ip', 'address', 'add', `${address}/64`, 'dev', device, 'nodad');
  await add('east-nat', 'fd53::1', 'lan');
  for (const [index, machine] of machines.entries()) await add(machine, `fd53::${10 + index}`, 'eth0');
  await eventually(async () => {
    const { items } = await region.cluster.json<{ items: Node[] }>('get', 'nodes');
    for (const { status } of items)
      expect(status?.addresses?.some(({ address }) => address.startsWith('fd53:'))).toBe(true);
  }, patient);
}

/** The one machine that has the addresses which were a machine's, and is on the network, where the router gets an answer there. */
export async function answeredBy(region: CutRegion, formerly: string): Promise<string> {
  const answers = new Set<string>();
  for (const address of balanced[formerly] ?? []) {
    const holders: string[] = [];
    for (const machine of Object.keys(await region.roundsOf())) {
      const { output } = await region.regions.inside(
        machine,
        'ip',
        '-o',
        'address',
        'show',
        'up',
        '-tentative',
      );
      if (output.includes(` ${address}/`)) holders.push(machine);
    }
    const url = `http://${address.includes(':') ? `[${address}]` : address}/`;
    const asked = ['timeout', '3', 'busybox', 'wget', '-q', '-O', '-', url];
    const { output } = await region.regions.inside('east-nat', ...(asked as [string, ...string[]]));
    answers.add(output.trim() === 'near' ? holders.join(' ') : 'nobody');
  }
  return [...answers].join(', ');
}
