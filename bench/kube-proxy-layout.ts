/**
 * Services in the kernel as kube-proxy's nftables mode lays them out: a map leads to the chain of a Service, that one by a
 * random number to the chain of an endpoint. One endpoint's change is a new chain, the Service's chain anew, and the old
 * endpoint's chain gone, in one transaction. The maps and hooks that a change doesn't touch are left out.
 * https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-nftables
 */
import { createHash } from 'node:crypto';
import type { NftSession } from '@skerry/network';
import type { BenchService } from './groups/services.ts';

const table = 'ip bench_kube_proxy';

export class KubeProxyLayout {
  readonly #session: NftSession;

  constructor(session: NftSession) {
    this.#session = session;
  }

  fill(services: readonly BenchService[]): Promise<void> {
    return this.#session.load(
      [
        `add table ${table}`,
        `add map ${table} service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }`,
        `add chain ${table} mark-for-masquerade`,
        `add rule ${table} mark-for-masquerade mark set mark or 0x4000`,
        ...services.flatMap((service) => [
          ...service.endpoints.flatMap((address) => endpointLines(service, address)),
          `add chain ${table} ${serviceChain(service)}`,
          ...serviceLines(service),
          `add element ${table} service-ips { ${service.clusterIP} . tcp . 80 : goto ${serviceChain(service)} }`,
        ]),
        '',
      ].join('\n'),
    );
  }

  change(old: BenchService, next: BenchService): Promise<void> {
    const gone = old.endpoints.filter((address) => !next.endpoints.includes(address));
    const fresh = next.endpoints.filter((address) => !old.endpoints.includes(address));
    return this.#session.load(
      [
        ...fresh.flatMap((address) => endpointLines(next, address)),
        `flush chain ${table} ${serviceChain(next)}`,
        ...serviceLines(next),
        ...gone.flatMap((address) => [
          `flush chain ${table} ${endpointChain(old, address)}`,
          `delete chain ${table} ${endpointChain(old, address)}`,
        ]),
        '',
      ].join('\n'),
    );
  }
}

function serviceLines(service: BenchService): string[] {
  const chain = `${table} ${serviceChain(service)}`;
  const choices = service.endpoints.map(
    (address, index) => `${index} : goto ${endpointChain(service, address)}`,
  );
  return [
    `add rule ${chain} ip daddr ${service.clusterIP} tcp dport 80 ip saddr != 10.0.0.0/8 jump mark-for-masquerade`,
    `add rule ${chain} numgen random mod ${choices.length} vmap { ${choices.join(', ')} }`,
  ];
}

function endpointLines(service: BenchService, address: string): string[] {
  const chain = `${table} ${endpointChain(service, address)}`;
  return [
    `add chain ${chain}`,
    `add rule ${chain} ip saddr ${address} jump mark-for-masquerade`,
    `add rule ${chain} meta l4proto tcp dnat to ${address}:8080`,
  ];
}

function serviceChain({ name }: BenchService): string {
  return `service-${hashOf(name)}-default/${name}/tcp/http`;
}

function endpointChain({ name }: BenchService, address: string): string {
  return `endpoint-${hashOf(name + address)}-default/${name}/tcp/http__${address}/8080`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();
}
