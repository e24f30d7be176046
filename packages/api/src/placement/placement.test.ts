import { describe, expect, it } from 'vitest';
import {
  daemonShouldRun,
  hostPorts,
  hostPortsConflict,
  insufficientResources,
  matchesNodeAffinity,
  podRequests,
  requiredNodeName,
  resourceAmounts,
  toleratesTaint,
} from '#placement/index.ts';
import type { Node, NodeSelectorTerm, PodSpec, Taint, Toleration } from '#types.generated.ts';

const node: Node = { metadata: { name: 'n1', labels: { zone: 'a', size: '10', empty: '' } } };
const spec = (more: Partial<PodSpec> = {}): PodSpec => ({ containers: [], ...more });
const required = (...nodeSelectorTerms: NodeSelectorTerm[]) =>
  spec({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  });
const expression = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
});
const named = (...values: string[]) => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values }] });

describe('node affinity', () => {
  it.each<[PodSpec, boolean]>([
    [spec(), true],
    [spec({ nodeSelector: { zone: 'a' } }), true],
    [spec({ nodeSelector: { zone: 'b' } }), false],
    [spec({ nodeSelector: { constructor: 'x' } }), false],
    [required(expression('zone', 'In', 'a', 'b')), true],
    [required(expression('zone', 'NotIn', 'a')), false],
    [required(expression('none', 'NotIn', 'a')), true],
    [required(expression('empty', 'Exists')), true],
    [required(expression('zone', 'DoesNotExist')), false],
    [required(expression('size', 'Gt', '9')), true],
    [required(expression('size', 'Lt', '10')), false],
    [required(expression('zone', 'Gt', '1')), false],
    [required({}), false],
    [required(), false],
    [required(expression('zone', 'In', 'x'), named('n1')), true],
    [required({ ...expression('zone', 'In', 'x'), ...named('n1') }), false],
    [required(named('n2')), false],
  ])('%j allows the node: %s', (pod, allowed) => {
    expect(matchesNodeAffinity(pod, node)).toBe(allowed);
  });

  it('knows the one node of a daemon pod', () => {
    expect(requiredNodeName(required(named('n1')))).toBe('n1');
    expect(requiredNodeName(required(named('n1'), named('n2')))).toBeUndefined();
    expect(requiredNodeName(required(named('n1'), expression('zone', 'Exists')))).toBeUndefined();
    expect(requiredNodeName(spec())).toBeUndefined();
  });
});

describe('tolerations', () => {
  const taint: Taint = { key: 'gpu', value: 'a100', effect: 'NoSchedule' };
  it.each<[Toleration, boolean]>([
    [{ operator: 'Exists' }, true],
    [{ key: 'gpu', operator: 'Exists' }, true],
    [{ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }, false],
    [{ key: 'gpu', value: 'a100' }, true],
    [{ key: 'gpu', operator: 'Equal', value: 'h200' }, false],
    [{ key: 'other', operator: 'Exists' }, false],
    [{ key: 'gpu', operator: 'Near' }, false],
  ])('%j covers the taint: %s', (toleration, covered) => {
    expect(toleratesTaint(toleration, taint)).toBe(covered);
  });
});

describe('resources', () => {
  const container = (cpu: string, more: object = {}) => ({
    name: 'c',
    resources: { requests: { cpu } },
    ...more,
  });

  it('sums containers and sidecars, and lets the greatest init container win', () => {
    const requests = podRequests({
      containers: [container('1'), container('500m')],
      initContainers: [container('3'), container('200m', { restartPolicy: 'Always' }), container('2500m')],
    });
    expect(requests.get('cpu')).toBe(3000);
    const withoutBig = podRequests({
      containers: [container('1')],
      initContainers: [container('200m', { restartPolicy: 'Always' }), container('100m')],
    });
    expect(withoutBig.get('cpu')).toBe(1200);
  });

  it('puts pod-level requests in place of the sum and adds overhead', () => {
    const requests = podRequests({
      containers: [container('1')],
      resources: { requests: { cpu: '2', 'nvidia.com/gpu': '9' } },
      overhead: { cpu: '10m', memory: '1Ki' },
    });
    expect(Object.fromEntries(requests)).toEqual({ cpu: 2010, memory: 1024 });
  });

  it('names what is missing', () => {
    const allocatable = resourceAmounts({ cpu: '2', memory: '1Gi', pods: '1' });
    const used = new Map([['cpu', 1500]]);
    const requests = resourceAmounts({ cpu: '600m', memory: '1Gi', 'nvidia.com/gpu': '1', 'x.io/none': '0' });
    expect(insufficientResources(requests, { allocatable, used })).toEqual(['cpu', 'nvidia.com/gpu']);
    expect(insufficientResources(new Map(), { allocatable, used: new Map([['pods', 1]]) })).toEqual(['pods']);
  });
});

describe('host ports', () => {
  it('come from containers and sidecars', () => {
    const ports = [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }];
    expect(
      hostPorts({
        containers: [{ name: 'a', ports }],
        initContainers: [
          {
            name: 'b',
            ports: [{ containerPort: 1, hostPort: 1, hostIP: '10.0.0.1', protocol: 'UDP' }],
            restartPolicy: 'Always',
          },
          { name: 'c', ports: [{ containerPort: 2, hostPort: 2 }] },
        ],
      }),
    ).toEqual([
      { ip: '0.0.0.0', protocol: 'TCP', port: 8080 },
      { ip: '10.0.0.1', protocol: 'UDP', port: 1 },
    ]);
  });

  it('conflict on one address or the wildcard', () => {
    const port = (ip: string, protocol = 'TCP') => ({ ip, protocol, port: 80 });
    expect(hostPortsConflict(port('0.0.0.0'), port('10.0.0.1'))).toBe(true);
    expect(hostPortsConflict(port('10.0.0.2'), port('10.0.0.1'))).toBe(false);
    expect(hostPortsConflict(port('0.0.0.0'), port('0.0.0.0', 'UDP'))).toBe(false);
  });
});

describe('daemons', () => {
  const tainted = (key: string, effect: string): Node => ({ ...node, spec: { taints: [{ key, effect }] } });
  it.each<[string, PodSpec, Node, [boolean, boolean]]>([
    ['run where nothing forbids it', spec(), node, [true, true]],
    ['keep away from other names', spec({ nodeName: 'n2' }), node, [false, false]],
    [
      'leave when the selector no longer matches',
      spec({ nodeSelector: { zone: 'b' } }),
      node,
      [false, false],
    ],
    ['stay under a new NoSchedule taint', spec(), tainted('x', 'NoSchedule'), [false, true]],
    ['leave under a NoExecute taint', spec(), tainted('x', 'NoExecute'), [false, false]],
    ['stay on a lost node', spec(), tainted('node.kubernetes.io/unreachable', 'NoExecute'), [true, true]],
    [
      'run on a cordoned node',
      spec(),
      tainted('node.kubernetes.io/unschedulable', 'NoSchedule'),
      [true, true],
    ],
    [
      'wait for the network unless they use the host’s',
      spec(),
      tainted('node.kubernetes.io/network-unavailable', 'NoSchedule'),
      [false, true],
    ],
    [
      'run without a network on the host’s own',
      spec({ hostNetwork: true }),
      tainted('node.kubernetes.io/network-unavailable', 'NoSchedule'),
      [true, true],
    ],
    [
      'stay away from a pool without a network for pods',
      spec(),
      { metadata: { name: 'n1', labels: { 'nodepool.openyurt.io/hostnetwork': 'true' } } },
      [false, true],
    ],
    [
      'run on the host’s own network there',
      spec({ hostNetwork: true }),
      { metadata: { name: 'n1', labels: { 'nodepool.openyurt.io/hostnetwork': 'true' } } },
      [true, true],
    ],
  ])('%s', (_, pod, on, [shouldRun, shouldContinueRunning]) => {
    expect(daemonShouldRun({ spec: pod }, on)).toEqual({ shouldRun, shouldContinueRunning });
  });
});
