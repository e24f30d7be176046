/**
 * Flows of datagrams that the kernel remembers to where nothing listens any more. A connection of TCP ends by itself; a
 * client that keeps sending datagrams from one port keeps the flow alive, and with it the endpoint that it once led to, or
 * the lack of one. Pure: answers the arguments of `conntrack` for each thing to be forgotten.
 */
import type { ChosenEndpoints } from '#services/choose-endpoints.ts';
import type { Family, ServicePort } from '#services/service-ports.ts';

/** What a port of a Service leads to by datagrams. */
export interface Flows {
  readonly family: Family;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly nodePort: number | undefined;
  readonly endpoints: readonly string[];
}

/** More at once, and the rest is left to time out: a flow that nothing answers lives 30 s. */
const removalsMax = 500;

export function flowsOf(port: ServicePort, { cluster, local }: ChosenEndpoints): Flows | undefined {
  if (port.protocol !== 'udp') return undefined;
  return {
    family: port.family,
    port: port.port,
    addresses: [port.clusterIp, ...port.externalIps, ...port.loadBalancerIps],
    nodePort: port.nodePort,
    endpoints: [...new Set([...cluster, ...local].map(({ address }) => address))],
  };
}

export function staleFlows(old: readonly Flows[], next: readonly Flows[]): string[][] {
  const removals: string[][] = [];
  for (const before of old) {
    const after = next.find(({ family, port }) => family === before.family && port === before.port);
    const kept = new Set(after?.endpoints ?? []);
    for (const endpoint of before.endpoints) {
      if (!kept.has(endpoint)) removals.push(...removalsOf(before, ['--dst-nat', endpoint]));
    }
  }
  for (const after of next) {
    const before = old.find(({ family, port }) => family === after.family && port === after.port);
    if (after.endpoints.length > 0 && (before?.endpoints.length ?? 0) === 0) {
      removals.push(...removalsOf(after, []));
    }
  }
  return removals.slice(0, removalsMax);
}

function removalsOf({ family, port, addresses, nodePort }: Flows, to: readonly string[]): string[][] {
  const base = ['-D', '-f', family === 'ip' ? 'ipv4' : 'ipv6', '-p', 'udp'];
  return [
    ...addresses.map((address) => [...base, '--orig-dst', address, '--orig-port-dst', String(port), ...to]),
    ...(nodePort === undefined ? [] : [[...base, '--orig-port-dst', String(nodePort), ...to]]),
  ];
}
