import { isApiError, type AnyObject } from '@skerry/api';
import type { ServerAccess } from '#security.ts';

const services = { group: '', resource: 'services' };
const slices = { group: 'discovery.k8s.io', resource: 'endpointslices' };

/**
 * Keeps the `default/kubernetes` Service and its EndpointSlice, by which pods find this server. Without a routable address
 * (a node's hub answers at the Service's address then) the slice lists none.
 */
export async function ensureKubernetesService(
  { read, write }: Pick<ServerAccess, 'read' | 'write'>,
  endpoint: { readonly address?: string; readonly port: number },
): Promise<void> {
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
        addressType: 'IPv4',
        endpoints,
        ports,
      }),
    );
  } else if (JSON.stringify([slice.endpoints ?? [], slice.ports]) !== JSON.stringify([endpoints, ports])) {
    await write.update(slices, { ...slice, endpoints, ports });
  }
}

async function createdOrThere(creating: Promise<AnyObject>): Promise<void> {
  try {
    await creating;
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  }
}
