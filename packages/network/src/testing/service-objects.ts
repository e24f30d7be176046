/** Services and slices for tests, short to write. */
import type { Endpoint, EndpointSlice, Service } from '@skerry/api';

export function service(spec: Service['spec'] = {}, metadata: Service['metadata'] = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default', uid: 'w', resourceVersion: '1', ...metadata },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.9',
      clusterIPs: ['10.96.0.9'],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      ...spec,
    },
  };
}

export interface SliceOptions {
  readonly name?: string;
  readonly service?: string;
  readonly pool?: string;
  readonly port?: number;
  readonly portName?: string;
  readonly protocol?: string;
  readonly byHand?: boolean;
}

export function slice(endpoints: readonly Partial<Endpoint>[], options: SliceOptions = {}): EndpointSlice {
  const { name = 'web-1', pool, port = 8080, portName = 'http', protocol = 'TCP', byHand } = options;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      resourceVersion: '1',
      labels: {
        'kubernetes.io/service-name': options.service ?? 'web',
        ...(byHand ? {} : { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' }),
        ...(pool ? { 'apps.openyurt.io/nodepool': pool } : {}),
      },
    },
    addressType: endpoints[0]?.addresses?.[0]?.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: endpoints.map((endpoint) => ({
      addresses: ['10.0.0.1'],
      nodeName: 'n1',
      conditions: { ready: true, serving: true, terminating: false },
      ...endpoint,
    })),
    ports: [{ name: portName, port, protocol }],
  };
}

export const notReady = { ready: false, serving: false, terminating: false };
export const draining = { ready: false, serving: true, terminating: true };
