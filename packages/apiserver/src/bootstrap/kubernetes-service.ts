import { isApiError, type AnyObject } from '@skerry/api';
import { familyOf } from '#allocation/network.ts';
import type { ServerAccess } from '#security.ts';

const services = { group: '', resource: 'services' };
const endpointsOf = { group: '', resource: 'endpoints' };
const slices = { group: 'discovery.k8s.io', resource: 'endpointslices' };

const skipMirror = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };

/**
 * Keeps the `default/kubernetes` Service, its EndpointSlice and its Endpoints, by which pods and old clients find this
 * server. Without a routable address (a node's hub answers at the Service's address then) they list none.
 */
export async function ensureKubernetesService(
  { read, write }: Pick<ServerAccess, 'read' | 'write'>,
  {
    address,
    port,
    clusterIP,
  }: { readonly address?: string; readonly port: number; readonly clusterIP: string },
): Promise<void> {
  // What only this machine reaches is no address for others, and no object may list it.
  const endpoint = { port, address: address && isLoopback(address) ? undefined : address };
  if (!read.get(services, 'kubernetes', 'default')) {
    await createdOrThere(
      write.create(services, {
        metadata: {
          name: 'kubernetes',
          namespace: 'default',
          labels: { component: 'apiserver', provider: 'kubernetes' },
        },
        spec: {
          type: 'ClusterIP',
          clusterIP,
          sessionAffinity: 'None',
          ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: endpoint.port }],
        },
      }),
    );
  }
  const slice = read.get(slices, 'kubernetes', 'default');
  const endpoints = endpoint.address ? [{ addresses: [endpoint.address], conditions: { ready: true } }] : [];
  const ports = [{ name: 'https', protocol: 'TCP', port: endpoint.port }];
  if (!slice) {
    await createdOrThere(
      write.create(slices, {
        metadata: {
          name: 'kubernetes',
          namespace: 'default',
          labels: { 'kubernetes.io/service-name': 'kubernetes' },
        },
        addressType: familyOf(endpoint.address ?? clusterIP),
        endpoints,
        ports,
      }),
    );
  } else if (JSON.stringify([slice.endpoints ?? [], slice.ports]) !== JSON.stringify([endpoints, ports])) {
    await write.update(slices, { ...slice, endpoints, ports });
  }
  await ensureEndpoints({ read, write }, endpoint);
}

async function ensureEndpoints(
  { read, write }: Pick<ServerAccess, 'read' | 'write'>,
  { address, port }: { readonly address?: string; readonly port: number },
): Promise<void> {
  const subsets = address
    ? [{ addresses: [{ ip: address }], ports: [{ name: 'https', port, protocol: 'TCP' }] }]
    : [];
  const old = read.get(endpointsOf, 'kubernetes', 'default');
  if (!old) {
    const metadata = { name: 'kubernetes', namespace: 'default', labels: skipMirror };
    await createdOrThere(write.create(endpointsOf, { metadata, subsets }));
  } else if (JSON.stringify(old.subsets ?? []) !== JSON.stringify(subsets)) {
    await write.update(endpointsOf, { ...old, subsets });
  }
}

async function createdOrThere(creating: Promise<AnyObject>): Promise<void> {
  try {
    await creating;
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
