import type { MetricRegistry, Sampled } from '@skerry/base';
import { parseAddress, serviceNetwork } from '#allocation/network.ts';
import { ipAddresses } from '#allocation/service-addresses.ts';
import type { ObjectReader, ObjectRef } from '#security.ts';

const apiServices: ObjectRef = { group: 'apiregistration.k8s.io', resource: 'apiservices' };
const serviceCidrs: ObjectRef = { group: 'networking.k8s.io', resource: 'servicecidrs' };
const services: ObjectRef = { group: '', resource: 'services' };

interface Conditioned {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

interface PortedSpec {
  readonly ports?: readonly { readonly nodePort?: number }[];
  readonly healthCheckNodePort?: number;
}

/** Numbers that are in objects, counted when they are asked for. */
export function measureObjects(
  metrics: MetricRegistry,
  read: ObjectReader,
  nodePorts: { readonly first: number; readonly last: number },
): void {
  const gauge = (name: string, help: string, labels: readonly string[], sample: () => Sampled): void =>
    metrics.sampled({ name, help, type: 'gauge', labels: [...labels] }, sample);

  gauge('aggregator_unavailable_apiservice', '1 for an APIService that can not be reached.', ['name'], () =>
    read.list(apiServices).map(({ metadata, status }) => {
      const { conditions = [] } = (status ?? {}) as Conditioned;
      const isAvailable = conditions.some(({ type, status: is }) => type === 'Available' && is === 'True');
      return [[metadata?.name ?? ''], isAvailable ? 0 : 1];
    }),
  );

  const ips = 'kube_apiserver_clusterip_allocator';
  gauge(`${ips}_allocated_ips`, 'Addresses of Services that are taken.', ['cidr'], () =>
    usedNetworks(read).map(({ cidr, taken }) => [[cidr], taken]),
  );
  gauge(`${ips}_available_ips`, 'Addresses of Services that are free.', ['cidr'], () =>
    usedNetworks(read).map(({ cidr, size, taken }) => [[cidr], size - taken]),
  );

  const ports = 'kube_apiserver_nodeport_allocator';
  gauge(`${ports}_allocated_ports`, 'Node ports that are taken.', [], () => [[[], portsTaken(read)]]);
  gauge(`${ports}_available_ports`, 'Node ports that are free.', [], () => [
    [[], nodePorts.last - nodePorts.first + 1 - portsTaken(read)],
  ]);
}

function usedNetworks(read: ObjectReader) {
  const addresses = read.list(ipAddresses).map(({ metadata }) => parseAddress(metadata?.name ?? ''));
  const cidrs = read.list(serviceCidrs).flatMap(({ spec }) => (spec as { cidrs?: string[] }).cidrs ?? []);
  return [...new Set(cidrs)].flatMap((cidr) => {
    const network = serviceNetwork(cidr);
    if (!network) return [];
    const { family, first, last } = network;
    const taken = addresses.filter(
      (each) => each?.family === family && each.value >= first && each.value <= last,
    ).length;
    return [{ cidr, size: Number(last - first + 1n), taken }];
  });
}

function portsTaken(read: ObjectReader): number {
  const taken = new Set<number>();
  for (const { spec } of read.list(services)) {
    const { ports = [], healthCheckNodePort } = (spec ?? {}) as PortedSpec;
    for (const port of [...ports.map(({ nodePort }) => nodePort), healthCheckNodePort])
      if (port) taken.add(port);
  }
  return taken.size;
}
