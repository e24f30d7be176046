/** Addresses and families of Services, on a cluster of one family and on one of two. */
import type { Case, Cluster, Step } from '../case.ts';

const services = '/api/v1/namespaces/{{ns}}/services';
const merge = 'application/merge-patch+json';
const ports = [{ port: 80 }];

const service = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports, ...spec },
});
const post = (name: string, spec: object = {}, query = ''): Step => ({
  method: 'POST',
  path: `${services}${query}`,
  body: service(name, spec),
});
const put = (name: string, spec: object = {}): Step => ({
  method: 'PUT',
  path: `${services}/${name}`,
  body: service(name, spec),
});
const patch = (name: string, spec: object): Step => ({
  method: 'PATCH',
  path: `${services}/${name}`,
  type: merge,
  body: { spec },
});
const remove = (name: string): Step => ({ method: 'DELETE', path: `${services}/${name}`, onlyCode: true });

const selector = { app: 'a' };
const families = [['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4'], ['IPv4', 'IPv4'], ['IPv5']];
const policies = ['SingleStack', 'PreferDualStack', 'RequireDualStack', 'Whatever'];

/** Each with each, made and gone again, so that the next finds the name free. */
const combinations = (more: object): Step[] =>
  [undefined, ...policies].flatMap((ipFamilyPolicy) =>
    [undefined, ...families].flatMap((ipFamilies) => [
      post('s', { ...more, ipFamilyPolicy, ipFamilies }),
      remove('s'),
    ]),
  );

const changes: readonly (readonly [name: string, from: object, ...to: Step[]])[] = [
  [
    'one becomes two and one again',
    {},
    patch('s', { ipFamilyPolicy: 'PreferDualStack' }),
    patch('s', { ipFamilyPolicy: 'RequireDualStack' }),
    put('s', {}),
    patch('s', { ipFamilies: ['IPv4'] }),
    patch('s', { ipFamilyPolicy: 'SingleStack' }),
    put('s', {}),
  ],
  [
    'the second is given up by fields',
    { ipFamilyPolicy: 'PreferDualStack' },
    patch('s', { ipFamilies: ['IPv6'] }),
    patch('s', { ipFamilies: ['IPv6', 'IPv4'] }),
    patch('s', { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] }),
    patch('s', { ipFamilies: ['IPv4', 'IPv6'] }),
    patch('s', { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] }),
    patch('s', { clusterIPs: null, clusterIP: null }),
    patch('s', { ipFamilyPolicy: null, ipFamilies: null }),
  ],
  [
    'addresses are changed',
    {},
    patch('s', { clusterIP: '10.96.7.7' }),
    patch('s', { clusterIPs: ['10.96.7.7'] }),
    patch('s', { clusterIP: '' }),
    patch('s', { clusterIP: 'None', clusterIPs: ['None'] }),
    patch('s', { clusterIPs: ['{{0.spec.clusterIP}}', 'fd00:10:96::77'] }),
    patch('s', {
      clusterIPs: ['{{0.spec.clusterIP}}', 'fd00:10:96::77'],
      ipFamilyPolicy: 'PreferDualStack',
    }),
    patch('s', { clusterIPs: ['{{0.spec.clusterIP}}', 'fd00:10:96::78'] }),
    patch('s', { clusterIPs: ['{{0.spec.clusterIP}}'] }),
    patch('s', { clusterIPs: ['{{0.spec.clusterIP}}'], ipFamilyPolicy: 'SingleStack' }),
    patch('s', { clusterIPs: ['{{0.spec.clusterIP}}'], ipFamilies: null }),
  ],
  [
    'to a name and back',
    { ipFamilyPolicy: 'PreferDualStack', selector },
    patch('s', { type: 'ExternalName', externalName: 'a.example' }),
    patch('s', { ipFamilyPolicy: 'SingleStack' }),
    patch('s', { type: 'ClusterIP', externalName: null }),
    patch('s', { type: 'ExternalName', externalName: 'a.example', clusterIP: '', clusterIPs: null }),
  ],
  [
    'headless ones choose anew',
    { clusterIP: 'None', selector },
    patch('s', { ipFamilies: ['IPv6'] }),
    patch('s', { ipFamilyPolicy: 'PreferDualStack' }),
    patch('s', { ipFamilyPolicy: 'SingleStack' }),
    patch('s', { selector: null }),
    put('s', { clusterIP: 'None' }),
    put('s', { clusterIP: 'None', ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6', 'IPv4'] }),
    put('s', {}),
  ],
  [
    'headless without a selector',
    { clusterIP: 'None' },
    patch('s', { ipFamilyPolicy: 'SingleStack' }),
    patch('s', { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] }),
    patch('s', { ipFamilyPolicy: 'RequireDualStack' }),
    patch('s', { selector }),
  ],
  [
    'node ports',
    { type: 'NodePort', ports: [{ name: 'a', port: 80, nodePort: 30_123 }] },
    put('s', { type: 'NodePort', ports: [{ name: 'a', port: 81 }] }),
    put('s', {
      type: 'NodePort',
      ports: [
        { name: 'b', port: 81, nodePort: 30_123 },
        { name: 'a', port: 82 },
      ],
    }),
    put('s', {
      type: 'NodePort',
      ports: [
        { name: 'b', port: 53, nodePort: 30_123 },
        { name: 'a', port: 53, protocol: 'UDP', nodePort: 30_123 },
      ],
    }),
    patch('s', { type: 'LoadBalancer' }),
    patch('s', { externalTrafficPolicy: 'Local' }),
    patch('s', { healthCheckNodePort: 30_124 }),
    patch('s', { allocateLoadBalancerNodePorts: false }),
    patch('s', { type: 'ClusterIP' }),
    patch('s', { type: 'NodePort', ports: [{ name: 'a', port: 80, nodePort: 80 }] }),
  ],
];

const addressed: readonly (readonly [clusterIP: string | undefined, clusterIPs?: readonly string[]])[] = [
  ['10.96.9.1'],
  ['10.96.9.1', ['10.96.9.1', 'fd00:10:96::91']],
  ['fd00:10:96::92'],
  ['fd00:10:96::92', ['fd00:10:96::92', '10.96.9.2']],
  ['10.96.9.3', ['10.96.9.3', '10.96.9.4']],
  ['10.96.9.3', ['fd00:10:96::93']],
  [undefined, ['10.96.9.5']],
  ['10.96.9.5', ['10.96.9.5', 'fd00:10:96::95', '10.96.9.6']],
  ['None', ['None', 'fd00:10:96::96']],
  ['192.0.2.1'],
  ['10.96.0.0'],
  ['10.96.255.255'],
  ['10.96.0.1'],
  ['010.096.9.1'],
  ['nonsense'],
  ['2001:db8::1'],
  ['fd00:10:96::'],
  ['fd00:10:96:0::9:7'],
];

const casesOf = (cluster: Cluster | undefined): Case[] => {
  const of = cluster ? `${cluster}: ` : '';
  const about = (name: string, steps: readonly Step[]): Case => ({
    area: 'services',
    name: `${of}${name}`,
    namespace: true,
    steps,
    ...(cluster ? { cluster } : {}),
  });
  return [
    about('families and policies', combinations({ selector })),
    about('families and policies without an address', combinations({ selector, clusterIP: 'None' })),
    about('families and policies without a selector', combinations({ clusterIP: 'None' })),
    about(
      'families and policies of names',
      combinations({ type: 'ExternalName', externalName: 'a.example' }),
    ),
    about(
      'addresses that are asked for',
      [undefined, 'PreferDualStack'].flatMap((ipFamilyPolicy) =>
        addressed.flatMap(([clusterIP, clusterIPs]) => [
          post('s', { clusterIP, clusterIPs, ipFamilyPolicy }),
          remove('s'),
        ]),
      ),
    ),
    about('dry runs', [
      post('s', {}, '?dryRun=All'),
      post('s', { ipFamilyPolicy: 'PreferDualStack' }, '?dryRun=All'),
      post('s', { clusterIP: '10.96.9.9' }, '?dryRun=All'),
      post('s', { type: 'LoadBalancer' }, '?dryRun=All'),
      post('s', { clusterIP: '192.0.2.1' }, '?dryRun=All'),
    ]),
    about('dry runs of node ports', [
      post('s', nodePort(31_777)),
      ...[31_777, 31_778, 80, undefined].map((port) => post('t', nodePort(port), '?dryRun=All')),
      post('t', checkedOn(31_777), '?dryRun=All'),
      post('t', checkedOn(31_777)),
      post('t', checkedOn(undefined), '?dryRun=All'),
      remove('s'),
    ]),
    ...changes.map(([name, from, ...to]) => about(name, [post('s', from), ...to])),
    about('the objects of addresses', [
      post('s', { ipFamilyPolicy: 'PreferDualStack' }),
      { path: '/apis/networking.k8s.io/v1/ipaddresses/{{0.spec.clusterIP}}' },
      ...(cluster ? [{ path: '/apis/networking.k8s.io/v1/ipaddresses/{{0.spec.clusterIPs.1}}' }] : []),
      patch('s', { ipFamilyPolicy: 'SingleStack' }),
      ...(cluster
        ? [{ path: '/apis/networking.k8s.io/v1/ipaddresses/{{0.spec.clusterIPs.1}}', onlyCode: true }]
        : []),
      post('t', { clusterIP: '{{0.spec.clusterIP}}' }),
      remove('s'),
      { path: '/apis/networking.k8s.io/v1/ipaddresses/{{0.spec.clusterIP}}', onlyCode: true },
      {
        method: 'POST',
        path: '/apis/networking.k8s.io/v1/ipaddresses',
        body: {
          metadata: { name: '10.96.8.8' },
          spec: { parentRef: { group: 'example.com', resource: 'things', name: '{{ns}}' } },
        },
      },
      post('u', { clusterIP: '10.96.8.8' }),
      { method: 'DELETE', path: '/apis/networking.k8s.io/v1/ipaddresses/10.96.8.8' },
      post('u', { clusterIP: '10.96.8.8' }),
      remove('u'),
    ]),
    about('ranges', [{ path: '/apis/networking.k8s.io/v1/servicecidrs/kubernetes' }]),
  ];
};

function nodePort(port: number | undefined): object {
  return { type: 'NodePort', ports: [{ port: 80, ...(port ? { nodePort: port } : {}) }] };
}

function checkedOn(port: number | undefined): object {
  return {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    allocateLoadBalancerNodePorts: false,
    ...(port ? { healthCheckNodePort: port } : {}),
  };
}

export const serviceCases: readonly Case[] = [...casesOf(undefined), ...casesOf('dual-stack')];
