/** Pods with claims: what is said of volumes that are missing, elsewhere, in use or too many. */
import type { KubeObject } from '@skerry/api';
import { type ResourceRef, resources } from '@skerry/client';
import type { SchedulingCase } from '../case.ts';
import { node, pod, zone, zoneKey } from '../objects.ts';

type Made = readonly [ResourceRef, KubeObject];

const size = { storage: '1Gi' };
const bindCompleted = { 'pv.kubernetes.io/bind-completed': 'yes' };

function storageClass(name: string, volumeBindingMode: string, more: object = {}): Made {
  const provisioner = 'kubernetes.io/no-provisioner';
  return [
    resources.storageClasses,
    { metadata: { name }, provisioner, volumeBindingMode, ...more } as object,
  ];
}

function claim(name: string, spec: object = {}, annotations: Record<string, string> = {}): Made {
  const whole = { accessModes: ['ReadWriteOnce'], resources: { requests: size }, ...spec };
  const metadata = { name, namespace: 'default', annotations };
  return [resources.persistentVolumeClaims, { metadata, spec: whole } as object];
}

function boundClaim(name: string, volumeName: string, spec: object = {}): Made {
  return claim(name, { volumeName, storageClassName: '', ...spec }, bindCompleted);
}

function volume(name: string, spec: object, labels: Record<string, string> = {}): Made {
  const whole = {
    capacity: size,
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    ...spec,
  };
  const status = { phase: 'Available' };
  return [resources.persistentVolumes, { metadata: { name, labels }, spec: whole, status } as object];
}

const local = (key: string, ...values: string[]) => ({
  local: { path: '/data' },
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }] },
  },
});
const csi = (volumeHandle: string) => ({ csi: { driver: 'csi.example.com', volumeHandle } });

function csiNode(name: string, count: number): Made {
  const drivers = [{ name: 'csi.example.com', nodeID: name, topologyKeys: null, allocatable: { count } }];
  return [resources.csiNodes, { metadata: { name }, spec: { drivers } } as object];
}

const using = (name: string, claims: readonly string[], nodeName?: string) =>
  pod(name, {
    volumes: claims.map((claimName, index) => ({
      name: `v${index}`,
      persistentVolumeClaim: { claimName },
    })),
    ...(nodeName ? { nodeName } : {}),
  });

const two = [node('a', { labels: zone('east') }), node('b', { labels: zone('west') })];

export const volumeCases: readonly SchedulingCase[] = [
  { name: 'a claim that is not there', nodes: two, pod: using('p', ['data']) },
  {
    name: 'a claim that waits for its volume',
    nodes: two,
    objects: [storageClass('now', 'Immediate'), claim('data', { storageClassName: 'now' })],
    pod: using('p', ['data']),
  },
  {
    name: 'a claim of no class that waits for its volume',
    nodes: two,
    objects: [claim('data', { storageClassName: '' })],
    pod: using('p', ['data']),
  },
  {
    name: 'a claim whose class is not there',
    nodes: two,
    objects: [claim('data', { storageClassName: 'none' })],
    pod: using('p', ['data']),
  },
  {
    name: 'a claim that waits for its pod, and no volume for it',
    nodes: two,
    objects: [storageClass('later', 'WaitForFirstConsumer'), claim('data', { storageClassName: 'later' })],
    pod: using('p', ['data']),
  },
  {
    name: 'a claim that waits for its pod, and a volume on a node without room',
    nodes: [node('a', { allocatable: { cpu: '1' } }), node('b')],
    objects: [
      storageClass('later', 'WaitForFirstConsumer'),
      volume('pv', { storageClassName: 'later', ...local('kubernetes.io/hostname', 'a') }),
      claim('data', { storageClassName: 'later' }),
    ],
    pod: {
      ...using('p', ['data']),
      spec: {
        ...using('p', ['data']).spec!,
        containers: [{ name: 'm', image: 'i', resources: { requests: { cpu: '2' } } }],
      },
    },
  },
  {
    name: 'a claim that waits for its pod, and a volume that is too small',
    nodes: two,
    objects: [
      storageClass('later', 'WaitForFirstConsumer'),
      volume('pv', {
        storageClassName: 'later',
        capacity: { storage: '1Mi' },
        ...local(zoneKey, 'east', 'west'),
      }),
      claim('data', { storageClassName: 'later' }),
    ],
    pod: using('p', ['data']),
  },
  {
    name: 'a class that is allowed in one zone alone',
    nodes: two,
    objects: [
      storageClass('zonal', 'WaitForFirstConsumer', {
        provisioner: 'csi.example.com',
        allowedTopologies: [{ matchLabelExpressions: [{ key: zoneKey, values: ['north'] }] }],
      }),
      claim('data', { storageClassName: 'zonal' }),
    ],
    pod: using('p', ['data']),
  },
  {
    name: 'a bound volume of another node',
    nodes: two,
    objects: [volume('pv', local(zoneKey, 'north')), boundClaim('data', 'pv')],
    pod: using('p', ['data']),
  },
  {
    name: 'a bound volume of one node',
    nodes: two,
    objects: [volume('pv', local('kubernetes.io/hostname', 'b')), boundClaim('data', 'pv')],
    pod: using('p', ['data']),
  },
  {
    name: 'a bound volume of one zone, by label',
    nodes: two,
    objects: [volume('pv', csi('h'), zone('west')), boundClaim('data', 'pv')],
    pod: using('p', ['data']),
  },
  {
    name: 'a bound volume of several zones, by label',
    nodes: [...two, node('c', { labels: zone('north') })],
    objects: [volume('pv', csi('h'), zone('north__south')), boundClaim('data', 'pv')],
    pod: using('p', ['data']),
  },
  {
    name: 'a bound volume of a zone without nodes',
    nodes: two,
    objects: [volume('pv', csi('h'), zone('north')), boundClaim('data', 'pv')],
    pod: using('p', ['data']),
  },
  {
    name: 'a bound volume that is gone',
    nodes: two,
    objects: [boundClaim('data', 'pv')],
    pod: using('p', ['data']),
  },
  {
    name: 'a claim for one pod alone that another has',
    nodes: two,
    objects: [
      volume('pv', { accessModes: ['ReadWriteOncePod'], ...csi('h') }),
      boundClaim('data', 'pv', { accessModes: ['ReadWriteOncePod'] }),
    ],
    running: [using('x', ['data'], 'a')],
    pod: using('p', ['data']),
  },
  {
    name: 'as many volumes as the driver attaches',
    nodes: two,
    objects: [
      csiNode('a', 1),
      csiNode('b', 1),
      ...['1', '2', '3'].flatMap((name) => [
        volume(`pv${name}`, csi(name)),
        boundClaim(`data${name}`, `pv${name}`),
      ]),
    ],
    running: [using('x', ['data1'], 'a'), using('y', ['data2'], 'b')],
    pod: using('p', ['data3']),
  },
  {
    name: 'a volume that its node has attached already',
    nodes: two,
    objects: [
      csiNode('a', 1),
      csiNode('b', 1),
      ...['1', '2'].flatMap((name) => [
        volume(`pv${name}`, csi(name)),
        boundClaim(`data${name}`, `pv${name}`),
      ]),
    ],
    running: [using('x', ['data1'], 'a'), using('y', ['data2'], 'b')],
    pod: using('p', ['data1']),
  },
];
