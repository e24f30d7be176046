import type { Example } from './example.ts';

export const networkExamples: readonly Example[] = [
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    resource: 'ingresses',
    minimal: { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
    full: {
      spec: {
        ingressClassName: 'nginx',
        tls: [{ hosts: ['a.example'], secretName: 't' }],
        rules: [
          {
            host: 'a.example',
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: 's', port: { name: 'http' } } },
                },
                {
                  path: '/r',
                  pathType: 'Exact',
                  backend: { resource: { apiGroup: 'example.com', kind: 'Bucket', name: 'b' } },
                },
              ],
            },
          },
          { host: '*.b.example' },
        ],
      },
    },
    change: { spec: { ingressClassName: 'x' } },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: 'lb.example' }] } },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    resource: 'ingressclasses',
    clusterScoped: true,
    minimal: { spec: { controller: 'example.com/ingress' } },
    full: {
      spec: {
        controller: 'example.com/ingress',
        parameters: {
          apiGroup: 'example.com',
          kind: 'P',
          name: 'p',
          scope: 'Namespace',
          namespace: 'default',
        },
      },
    },
    change: { spec: { parameters: { apiGroup: 'example.com', kind: 'P', name: 'p' } } },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    resource: 'networkpolicies',
    minimal: { spec: { podSelector: {} } },
    full: {
      spec: {
        podSelector: { matchLabels: { app: 'a' } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            from: [
              { podSelector: { matchLabels: { app: 'b' } }, namespaceSelector: {} },
              { ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.128/25'] } },
            ],
            ports: [{ port: 80 }, { port: 'http', protocol: 'UDP' }, { port: 1000, endPort: 2000 }],
          },
        ],
        egress: [{}],
      },
    },
    change: { spec: { podSelector: { matchLabels: { app: 'b' } } } },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    resource: 'ipaddresses',
    clusterScoped: true,
    names: ['192.0.2.33', '2001:db8::33'],
    minimal: { spec: { parentRef: { resource: 'services', namespace: 'x', name: 'y' } } },
    full: { spec: { parentRef: { group: 'example.com', resource: 'things', namespace: 'x', name: 'y' } } },
    change: { metadata: { annotations: { a: 'b' } } },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    resource: 'servicecidrs',
    clusterScoped: true,
    minimal: { spec: { cidrs: ['10.112.0.0/24'] } },
    full: { spec: { cidrs: ['10.113.0.0/24', '2001:db8:1::/112'] } },
    change: { metadata: { annotations: { a: 'b' } } },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'R',
          message: 'm',
          lastTransitionTime: '2020-01-01T00:00:00Z',
        },
      ],
    },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    resource: 'endpointslices',
    minimal: { addressType: 'IPv4', endpoints: [] },
    full: {
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: ['10.1.1.1'],
          conditions: { ready: true, serving: true, terminating: false },
          hostname: 'h',
          nodeName: 'n1',
          zone: 'z',
          targetRef: { kind: 'Pod', name: 'p', namespace: 'default' },
          hints: { forZones: [{ name: 'z' }] },
        },
      ],
      ports: [
        { name: 'http', port: 80, protocol: 'TCP', appProtocol: 'http' },
        { port: 53, protocol: 'UDP' },
      ],
    },
    change: { ports: [{ port: 81 }] },
  },
];
