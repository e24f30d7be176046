import { isApiError } from '@skerry/api';
import { formatAddress, serviceNetwork } from '#allocation/network.ts';
import type { ServerAccess } from '#security.ts';

const services = { group: '', resource: 'services' };
const at = { name: 'kube-dns', namespace: 'kube-system' };
/** Where every installer puts it, and where people look for it. */
const addressNumber = 10n;
const domainAnnotation = 'network.skerry.io/cluster-domain';
/** To proxies: somebody else answers at this Service's address. Here, each node does itself. */
const proxyNameLabel = 'service.kubernetes.io/service-proxy-name';
const proxyName = 'skerry-dns';

/**
 * Keeps the `kube-system/kube-dns` Service, by which pods know whom to ask for names, and nodes where to answer. It has no
 * selector: one with a selector is of a name server that somebody runs as pods, and is left to them.
 */
export async function ensureDnsService(
  { read, write }: Pick<ServerAccess, 'read' | 'write'>,
  { serviceCidr, domain }: { readonly serviceCidr: string; readonly domain: string },
): Promise<void> {
  const existing = read.get(services, at.name, at.namespace);
  if (existing) {
    const { selector = {} } = (existing.spec ?? {}) as { selector?: Record<string, string> };
    const isOurs = Object.keys(selector).length === 0;
    const { labels = {}, annotations = {} } = existing.metadata ?? {};
    const { [proxyNameLabel]: labelled, ...otherLabels } = labels;
    const isMarked = labelled === proxyName;
    if (isOurs === isMarked && (!isOurs || annotations[domainAnnotation] === domain)) return;
    await write.update(services, {
      ...existing,
      metadata: {
        ...existing.metadata,
        labels: isOurs ? { ...labels, [proxyNameLabel]: proxyName } : otherLabels,
        annotations: isOurs ? { ...annotations, [domainAnnotation]: domain } : annotations,
      },
    });
    return;
  }
  const clusterIP = wellKnownAddress(serviceCidr);
  try {
    await write.create(services, dnsService(domain, clusterIP));
  } catch (error) {
    if (isApiError(error, 'AlreadyExists')) return;
    // Another Service may have had the address for long; pods are told whichever this one has.
    if (!clusterIP || !isApiError(error, 'Invalid')) throw error;
    await write.create(services, dnsService(domain, undefined));
  }
}

function wellKnownAddress(serviceCidr: string): string | undefined {
  const network = serviceNetwork(serviceCidr);
  if (!network || network.base + addressNumber > network.last) return undefined;
  return formatAddress(network.family, network.base + addressNumber);
}

function dnsService(domain: string, clusterIP: string | undefined) {
  return {
    metadata: {
      ...at,
      labels: {
        'k8s-app': 'kube-dns',
        'kubernetes.io/cluster-service': 'true',
        'kubernetes.io/name': 'CoreDNS',
        [proxyNameLabel]: proxyName,
      },
      annotations: {
        'prometheus.io/port': '9153',
        'prometheus.io/scrape': 'true',
        [domainAnnotation]: domain,
      },
    },
    spec: {
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ...(clusterIP ? { clusterIP } : {}),
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
        { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 9153 },
      ],
    },
  };
}
