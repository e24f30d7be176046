/** The objects by which the fuzzed server finds its node: a pod for each manner of a runtime, and a Service of all. */
import { containerNames, mutePort, nodeName } from './node-stand-in.ts';
import { runtimeManners } from './runtime-stand-in.ts';

export interface NodeObject {
  readonly path: string;
  readonly object: { readonly metadata: { readonly name: string } };
  /** Written to the status when the object is there. */
  readonly status?: object;
}

export const servicePorts = { good: 80, mute: mutePort } as const;

const core = '/api/v1/namespaces/default';
const address = '10.0.0.7';

export function nodeObjects(): NodeObject[] {
  const containers = containerNames.map((name) => ({ name, image: 'x', ports: [{ containerPort: 80 }] }));
  const ports = Object.entries(servicePorts).map(([name, port]) => ({ name, port }));
  return [
    { path: '/api/v1/nodes', object: { metadata: { name: nodeName } } },
    ...runtimeManners.map((name) => ({
      path: `${core}/pods`,
      object: { metadata: { name, labels: { app: 'x' } }, spec: { nodeName, containers } },
      status: { podIP: address, podIPs: [{ ip: address }], phase: 'Running' },
    })),
    {
      path: `${core}/services`,
      object: { metadata: { name: 's' }, spec: { selector: { app: 'x' }, ports } },
    },
    {
      path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
      object: {
        metadata: { name: 's-1', labels: { 'kubernetes.io/service-name': 's' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [address], nodeName, conditions: { ready: true } }],
        ports,
      },
    },
  ] as NodeObject[];
}
