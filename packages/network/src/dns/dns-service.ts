/**
 * The Service by which pods know the cluster's DNS: `kube-system/kube-dns`. The server keeps it, with the cluster's domain
 * as an annotation, so that nodes need no setting of their own for either.
 */
import { isIP } from 'node:net';
import type { FollowedObjects } from '#followed-objects.ts';
import type { Service } from '@skerry/api';

export interface DnsService {
  readonly addresses: readonly string[];
  readonly domain: string;
}

export const dnsServiceName = { namespace: 'kube-system', name: 'kube-dns' } as const;
export const clusterDomainAnnotation = 'network.skerry.io/cluster-domain';

const domainDefault = 'cluster.local';
const domainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Where this node should answer; undefined where nobody, or somebody's own name server does. */
export function dnsServiceOf(services: Pick<FollowedObjects<Service>, 'get'>): DnsService | undefined {
  const service = services.get(dnsServiceName.namespace, dnsServiceName.name);
  return service && isOurs(service) ? found(service) : undefined;
}

/** What pods are told to ask, whoever answers there. */
export function dnsOfPods(services: Pick<FollowedObjects<Service>, 'get'>): DnsService {
  const service = services.get(dnsServiceName.namespace, dnsServiceName.name);
  return (service && found(service)) ?? { addresses: [], domain: domainDefault };
}

function isOurs({ spec }: Service): boolean {
  return Object.keys(spec?.selector ?? {}).length === 0;
}

function found({ spec, metadata }: Service): DnsService | undefined {
  const addresses = (spec?.clusterIPs ?? [spec?.clusterIP ?? '']).filter((address) => isIP(address) !== 0);
  if (addresses.length === 0) return undefined;
  const domain = metadata.annotations?.[clusterDomainAnnotation] ?? domainDefault;
  return { addresses, domain: domainPattern.test(domain) ? domain : domainDefault };
}
