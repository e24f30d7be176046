/** What people get wrong in what leads to pods, and in how many there are. */
import type { Case } from '../../case.ts';
import { core, inGroup, judged } from './asking.ts';

const service = (spec: object, meta: object = {}) => ({
  metadata: { name: 's', ...meta },
  spec: { ports: [{ port: 80 }], ...spec },
});
const ingress = (spec: object) => ({ metadata: { name: 'i' }, spec });
const backend = { service: { name: 's', port: { number: 80 } } };
const ofPath = (more: object) => ({
  rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: backend, ...more }] } }],
});
const networkPolicy = (spec: object) => ({ metadata: { name: 'n' }, spec: { podSelector: {}, ...spec } });
const autoscaler = (spec: object) => ({
  metadata: { name: 'h' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3, ...spec },
});

const services: readonly object[] = [
  { ports: [] },
  { ports: [{}] },
  { ports: [{ port: 0 }] },
  { ports: [{ port: 99999 }] },
  { ports: [{ port: 80, targetPort: 'Bad_Name!' }] },
  { ports: [{ port: 80, targetPort: 99999 }] },
  { ports: [{ port: 80, protocol: 'Foo' }] },
  { ports: [{ port: 80 }, { port: 81 }] },
  {
    ports: [
      { port: 80, name: 'a' },
      { port: 80, name: 'b' },
    ],
  },
  {
    ports: [
      { port: 80, name: 'a' },
      { port: 81, name: 'a' },
    ],
  },
  { ports: [{ port: 80, name: 'Bad_' }] },
  { ports: [{ port: 80, appProtocol: 'bad proto' }] },
  { ports: [{ port: 80, nodePort: 30000 }] },
  { type: 'Foo' },
  { type: 'NodePort', clusterIP: 'None' },
  { type: 'LoadBalancer', clusterIP: 'None' },
  { type: 'ExternalName' },
  { type: 'ExternalName', externalName: 'Bad_Name' },
  { type: 'ExternalName', externalName: '1.2.3.4' },
  { sessionAffinity: 'Foo' },
  { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } },
  { sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } },
  { externalIPs: ['x', '127.0.0.1', '169.254.1.1', '0.0.0.0'] },
  { externalTrafficPolicy: 'Local' },
  { type: 'NodePort', externalTrafficPolicy: 'Foo' },
  { internalTrafficPolicy: 'Foo' },
  { healthCheckNodePort: 30001 },
  { loadBalancerClass: 'a' },
  { type: 'LoadBalancer', loadBalancerClass: 'Bad Class' },
  { loadBalancerSourceRanges: ['1.2.3.0/24'] },
  { type: 'LoadBalancer', loadBalancerSourceRanges: ['x', '1.2.3.4/24'] },
  { allocateLoadBalancerNodePorts: false },
  { selector: { 'a b': 'c d' } },
  { trafficDistribution: 'Foo' },
  { type: 'LoadBalancer', loadBalancerIP: 'x' },
  { publishNotReadyAddresses: 'x' },
];

const ingresses: readonly object[] = [
  {},
  { rules: [{}] },
  { rules: [{ http: {} }] },
  { rules: [{ http: { paths: [] } }] },
  ofPath({ pathType: undefined }),
  ofPath({ pathType: 'Foo' }),
  ofPath({ path: 'x' }),
  ofPath({ path: '/a//b' }),
  ofPath({ path: '/a/../b' }),
  ofPath({ path: '' }),
  ofPath({ path: undefined, pathType: 'ImplementationSpecific' }),
  ofPath({ path: 'x', pathType: 'ImplementationSpecific' }),
  ofPath({ backend: {} }),
  ofPath({ backend: { service: {} } }),
  ofPath({ backend: { service: { name: 'Bad_', port: { number: 0 } } } }),
  ofPath({ backend: { service: { name: 's', port: { number: 80, name: 'x' } } } }),
  ofPath({ backend: { service: { name: 's', port: { name: 'Bad_Name!' } } } }),
  ofPath({ backend: { service: backend.service, resource: { kind: 'x', name: 'y' } } }),
  ofPath({ backend: { resource: {} } }),
  { rules: [{ host: 'Bad_' }] },
  { rules: [{ host: '1.2.3.4' }] },
  { rules: [{ host: '*.a.b' }] },
  { rules: [{ host: '*' }] },
  { rules: [{ host: 'a.*.b' }] },
  { defaultBackend: {} },
  { defaultBackend: backend, tls: [{ hosts: ['Bad_', '*.a'], secretName: 'Bad_' }] },
  { defaultBackend: backend, ingressClassName: 'Bad_' },
];

const networkPolicies: readonly object[] = [
  { podSelector: { matchLabels: { 'a b': 'c' } } },
  { policyTypes: ['Foo'] },
  { policyTypes: ['Ingress', 'Egress', 'Ingress'] },
  { ingress: [{ from: [{}] }] },
  { ingress: [{ from: [{ ipBlock: {} }] }] },
  { ingress: [{ from: [{ ipBlock: { cidr: 'x' } }] }] },
  { ingress: [{ from: [{ ipBlock: { cidr: '1.2.3.4/24', except: ['1.2.3.0/25', '2.0.0.0/8', 'x'] } }] }] },
  { ingress: [{ from: [{ ipBlock: { cidr: '1.2.3.0/24' }, podSelector: {} }] }] },
  {
    ingress: [
      {
        ports: [
          { port: 0 },
          { port: 'Bad_Name!' },
          { protocol: 'Foo' },
          { endPort: 5 },
          { port: 10, endPort: 5 },
          { port: 'a', endPort: 5 },
        ],
      },
    ],
  },
  { egress: [{ to: [{ namespaceSelector: { matchExpressions: [{ key: 'x', operator: 'Foo' }] } }] }] },
];

const autoscalers: readonly object[] = [
  { maxReplicas: 0 },
  { minReplicas: 5 },
  { minReplicas: 0 },
  { scaleTargetRef: {} },
  { scaleTargetRef: { kind: 'a/b', name: 'c/d', apiVersion: 'x/y/z' } },
  { metrics: [{}] },
  { metrics: [{ type: 'Foo' }] },
  { metrics: [{ type: 'Resource' }] },
  { metrics: [{ type: 'Resource', resource: { name: '', target: {} } }] },
  { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] },
  {
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0, averageValue: '1' } },
      },
    ],
  },
  { metrics: [{ type: 'Pods', pods: { metric: { name: '' }, target: { type: 'Value', value: '1' } } }] },
  { metrics: [{ type: 'Object', object: {} }] },
  {
    metrics: [
      {
        type: 'External',
        external: { metric: { name: 'x' }, target: { type: 'AverageValue', averageValue: '-1', value: '1' } },
      },
    ],
  },
  {
    metrics: [
      {
        type: 'ContainerResource',
        containerResource: {
          name: 'cpu',
          container: '',
          target: { type: 'Utilization', averageUtilization: 5 },
        },
      },
    ],
  },
  {
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 5 } },
        pods: { metric: { name: 'x' }, target: { type: 'AverageValue', averageValue: '1' } },
      },
    ],
  },
  { behavior: { scaleDown: { stabilizationWindowSeconds: -1, selectPolicy: 'Foo', policies: [] } } },
  {
    behavior: {
      scaleUp: {
        policies: [
          { type: 'Foo', value: 0, periodSeconds: 0 },
          { type: 'Pods', value: 1, periodSeconds: 99999 },
        ],
        tolerance: '-1',
      },
    },
  },
];

const budgets: readonly object[] = [
  {},
  { minAvailable: -1 },
  { minAvailable: '101%' },
  { minAvailable: 'x' },
  { minAvailable: 1, maxUnavailable: 1 },
  { selector: { matchExpressions: [{ key: 'a', operator: 'Foo' }] } },
  { unhealthyPodEvictionPolicy: 'Foo' },
  { maxUnavailable: '-1%' },
];

const networking = inGroup('networking.k8s.io/v1');

export const networkCases: readonly Case[] = [
  judged(
    'services',
    `${core}/services`,
    services.map((spec) => service(spec)),
  ),
  judged(
    'names of services',
    `${core}/services`,
    ['1a', 'a'.repeat(64), 'a.b'].map((name) => service({}, { name })),
  ),
  judged('ingresses', `${networking}/ingresses`, ingresses.map(ingress)),
  judged('network policies', `${networking}/networkpolicies`, networkPolicies.map(networkPolicy)),
  judged('autoscalers', `${inGroup('autoscaling/v2')}/horizontalpodautoscalers`, autoscalers.map(autoscaler)),
  judged(
    'disruption budgets',
    `${inGroup('policy/v1')}/poddisruptionbudgets`,
    budgets.map((spec) => ({ metadata: { name: 'p' }, spec })),
  ),
];
