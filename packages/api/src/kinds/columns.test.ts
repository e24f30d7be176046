import { expect, test } from 'vitest';
import type { AnyObject } from '#object.ts';
import { builtinKinds } from '#kinds/builtin.ts';

const now = Date.parse('2026-01-02T00:00:00Z');

function row(kind: string, object: AnyObject, version?: string): string {
  const info = builtinKinds.find(
    (known) => known.kind === kind && (!version || `${known.group}/${known.version}` === version),
  );
  const whole = { metadata: { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' }, ...object };
  return info!.columns.map((column) => String(column.cell(whole, now))).join(' | ');
}

const template = {
  spec: {
    containers: [
      { name: 'a', image: 'i' },
      { name: 'b', image: 'j' },
    ],
  },
};
const selector = {
  matchLabels: { app: 'web' },
  matchExpressions: [{ key: 'tier', operator: 'In', values: ['b', 'a'] }],
};

test.each<[string, AnyObject, string]>([
  [
    'Node',
    {
      metadata: {
        name: 'n',
        creationTimestamp: '2026-01-01T00:00:00Z',
        labels: {
          'node-role.kubernetes.io/worker': '',
          'node-role.kubernetes.io/control-plane': '',
          'kubernetes.io/role': 'edge',
        },
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'Unknown' }],
        nodeInfo: {
          kubeletVersion: 'v1.36.3',
          kernelVersion: '6.1',
          architecture: 'amd64',
          osImage: 'Debian',
        },
        addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      },
    },
    'n | NotReady,SchedulingDisabled | control-plane,edge,worker | 24h | v1.36.3 | 10.0.0.1 | <none> | Debian | 6.1 (amd64) | <unknown>',
  ],
  [
    'Deployment',
    {
      spec: { replicas: 3, selector, template },
      status: { readyReplicas: 2, updatedReplicas: 1, availableReplicas: 2 },
    },
    'x | 2/3 | 1 | 2 | 24h | a,b | i,j | app=web,tier in (a,b)',
  ],
  [
    'DaemonSet',
    {
      spec: { selector, template },
      status: {
        desiredNumberScheduled: 3,
        currentNumberScheduled: 2,
        numberReady: 1,
        updatedNumberScheduled: 1,
      },
    },
    'x | 3 | 2 | 1 | 1 | 0 | <none> | 24h | a,b | i,j | app=web,tier in (a,b)',
  ],
  [
    'Service',
    {
      spec: {
        type: 'NodePort',
        clusterIPs: ['10.96.0.1'],
        ports: [
          { port: 80, nodePort: 30080, protocol: 'TCP' },
          { port: 53, protocol: 'UDP' },
        ],
        selector: { b: '2', a: '1' },
      },
    },
    'x | NodePort | 10.96.0.1 | <none> | 80:30080/TCP,53/UDP | 24h | a=1,b=2',
  ],
  [
    'Service',
    {
      spec: { type: 'LoadBalancer', externalIPs: ['9.9.9.9'] },
      status: { loadBalancer: { ingress: [{ ip: '2.2.2.2' }, { hostname: 'h' }] } },
    },
    'x | LoadBalancer | <none> | 2.2.2.2,h,9.9.9.9 | <none> | 24h | <none>',
  ],
  [
    'Service',
    { spec: { type: 'LoadBalancer' } },
    'x | LoadBalancer | <none> | <pending> | <none> | 24h | <none>',
  ],
  [
    'Job',
    { spec: { completions: 3, template }, status: { succeeded: 1, startTime: '2026-01-01T23:59:00Z' } },
    'x | Running | 1/3 | 60s | 24h | a,b | i,j | <none>',
  ],
  [
    'Event',
    {
      involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec' },
      type: 'Warning',
      reason: 'BackOff',
      message: ' again \n',
      count: 5,
      firstTimestamp: '2026-01-01T23:00:00Z',
      lastTimestamp: '2026-01-01T23:59:30Z',
      source: { component: 'kubelet', host: 'n' },
    },
    '30s | Warning | BackOff | pod/p | spec | kubelet, n | again | 60m | 5 | x',
  ],
  [
    'CertificateSigningRequest',
    {
      spec: { signerName: 's', username: 'u', expirationSeconds: 3600 },
      status: { conditions: [{ type: 'Approved' }], certificate: 'YQ==' },
    },
    'x | 24h | s | u | 60m | Approved,Issued',
  ],
  [
    'Endpoints',
    { subsets: [{ addresses: [{ ip: '1.1.1.1' }, { ip: 'fd00::1' }], ports: [{ port: 80 }, { port: 81 }] }] },
    'x | 1.1.1.1:80,[fd00::1]:80,1.1.1.1:81 + 1 more... | 24h',
  ],
  [
    'EndpointSlice',
    { addressType: 'IPv4', endpoints: [{ addresses: ['1.1.1.1'] }], ports: [{ port: 80 }, { name: 'any' }] },
    'x | IPv4 | 80,any | 1.1.1.1 | 24h',
  ],
  [
    'RoleBinding',
    {
      roleRef: { kind: 'Role', name: 'r' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
      ],
    },
    'x | Role/r | 24h | u |  | n/s',
  ],
  ['Role', {}, 'x | 2026-01-01T00:00:00Z'],
  [
    'ResourceQuota',
    { status: { hard: { cpu: '2', 'limits.cpu': '4', pods: '3' }, used: { cpu: '1' } } },
    'x | cpu: 1/2, pods: 0/3 | limits.cpu: 0/4 | 24h',
  ],
  [
    'PersistentVolumeClaim',
    {
      spec: { volumeName: 'v', storageClassName: 'fast', volumeMode: 'Filesystem' },
      status: {
        phase: 'Bound',
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
      },
    },
    'x | Bound | v | 1Gi | RWO,RWX | fast | <unset> | 24h | Filesystem',
  ],
  [
    'CronJob',
    {
      spec: { schedule: '* * * * *', suspend: false, jobTemplate: { spec: { template } } },
      status: { active: [{}] },
    },
    'x | * * * * * | <none> | False | 1 | <none> | 24h | a,b | i,j | <none>',
  ],
])('a %s of %j', (kind, object, expected) => {
  expect(row(kind, object)).toBe(expected);
});

test.each(['autoscaling/v1', 'autoscaling/v2'])('an autoscaler looks the same in %s', (version) => {
  const target =
    version === 'autoscaling/v1'
      ? { targetCPUUtilizationPercentage: 80 }
      : {
          metrics: [
            {
              type: 'Resource',
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
            },
          ],
        };
  const spec = {
    scaleTargetRef: { kind: 'Deployment', name: 'd' },
    minReplicas: 1,
    maxReplicas: 5,
    ...target,
  };
  expect(
    row('HorizontalPodAutoscaler', { spec, status: { currentReplicas: 2, desiredReplicas: 2 } }, version),
  ).toBe('x | Deployment/d | cpu: <unknown>/80% | 1 | 5 | 2 | 24h');
});

test('an event looks the same in both of its groups', () => {
  const core = {
    involvedObject: { kind: 'Pod', name: 'p' },
    reason: 'Started',
    message: 'm',
    count: 2,
    lastTimestamp: '2026-01-01T23:59:30Z',
    source: { component: 'kubelet' },
  };
  const convert = builtinKinds.find(
    ({ group, kind }) => group === 'events.k8s.io' && kind === 'Event',
  )!.conversion!;
  const renamed = convert.fromStorage({ metadata: { name: 'x' }, ...core });
  expect(renamed).toMatchObject({ regarding: core.involvedObject, note: 'm', deprecatedCount: 2 });
  expect(row('Event', renamed, 'events.k8s.io/v1')).toBe(row('Event', core, '/v1'));
});

test.each([
  ['source', 'me'],
  ['reportingComponent', 'me'],
  ['reportingController', 'me'],
  ['regarding.name', 'p'],
  ['regarding.kind', 'Pod'],
  ['regarding.uid', ''],
])('an event is found by %s, whatever its group calls it', (field, value) => {
  const { strategy } = builtinKinds.find(({ group, kind }) => group === '' && kind === 'Event')!;
  const event = { reportingComponent: 'me', involvedObject: { kind: 'Pod', name: 'p' } };
  expect(strategy.fieldValue?.(event, field)).toBe(value);
});
