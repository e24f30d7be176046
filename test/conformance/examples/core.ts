import { type Example, template } from './example.ts';
import { fullPodSpec } from './pod.ts';

const core = 'v1';

export const coreExamples: readonly Example[] = [
  {
    apiVersion: core,
    kind: 'ConfigMap',
    resource: 'configmaps',
    minimal: {},
    full: { data: { a: '1', b: 'two\nlines' }, binaryData: { c: 'AAEC' }, immutable: false },
    change: { data: { a: '1' } },
  },
  {
    apiVersion: core,
    kind: 'Secret',
    resource: 'secrets',
    minimal: {},
    full: { type: 'kubernetes.io/basic-auth', data: { username: 'dQ==' }, stringData: { password: 'p' } },
    change: { data: { a: 'MQ==' } },
  },
  {
    apiVersion: core,
    kind: 'ServiceAccount',
    resource: 'serviceaccounts',
    minimal: {},
    full: {
      secrets: [{ name: 's' }],
      imagePullSecrets: [{ name: 'p' }],
      automountServiceAccountToken: false,
    },
    change: { automountServiceAccountToken: true },
  },
  {
    apiVersion: core,
    kind: 'Service',
    resource: 'services',
    minimal: { spec: { ports: [{ port: 80 }] } },
    full: {
      spec: {
        type: 'LoadBalancer',
        selector: { app: 'a' },
        ports: [
          { name: 'http', port: 80, targetPort: 'http', appProtocol: 'http' },
          { name: 'dns', port: 53, protocol: 'UDP', targetPort: 5353 },
        ],
        externalTrafficPolicy: 'Local',
        internalTrafficPolicy: 'Local',
        sessionAffinity: 'ClientIP',
        loadBalancerSourceRanges: ['192.0.2.0/24'],
        externalIPs: ['192.0.2.4'],
        publishNotReadyAddresses: true,
        ipFamilyPolicy: 'SingleStack',
      },
    },
    change: { spec: { selector: { app: 'b' } } },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } },
  },
  {
    apiVersion: core,
    kind: 'Endpoints',
    resource: 'endpoints',
    minimal: {},
    full: {
      subsets: [
        {
          addresses: [
            { ip: '10.1.1.2', nodeName: 'n1', targetRef: { kind: 'Pod', name: 'p' } },
            { ip: '10.1.1.1' },
          ],
          notReadyAddresses: [{ ip: '10.1.1.3' }],
          ports: [
            { name: 'http', port: 80 },
            { name: 'dns', port: 53, protocol: 'UDP' },
          ],
        },
      ],
    },
    change: { subsets: [{ addresses: [{ ip: '10.1.1.9' }], ports: [{ port: 80 }] }] },
  },
  {
    apiVersion: core,
    kind: 'Event',
    resource: 'events',
    minimal: { involvedObject: { kind: 'Pod', name: 'p', namespace: '{{ns}}' } },
    full: {
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'p', namespace: '{{ns}}', fieldPath: 'spec' },
      reason: 'Started',
      message: 'Started container',
      source: { component: 'kubelet', host: 'n1' },
      firstTimestamp: '2020-01-01T00:00:00Z',
      lastTimestamp: '2020-01-02T00:00:00Z',
      count: 3,
      type: 'Normal',
    },
    change: { message: 'changed' },
  },
  {
    apiVersion: core,
    kind: 'LimitRange',
    resource: 'limitranges',
    minimal: { spec: { limits: [] } },
    full: {
      spec: {
        limits: [
          { type: 'Container', max: { cpu: '2' }, min: { cpu: '10m' }, default: { memory: '1Gi' } },
          { type: 'Pod', max: { memory: '4Gi' }, maxLimitRequestRatio: { cpu: '3' } },
          { type: 'PersistentVolumeClaim', min: { storage: '1Gi' } },
        ],
      },
    },
    change: { spec: { limits: [{ type: 'Pod', max: { cpu: '2' } }] } },
  },
  {
    apiVersion: core,
    kind: 'ResourceQuota',
    resource: 'resourcequotas',
    minimal: { spec: {} },
    full: {
      spec: {
        hard: { pods: '4', 'requests.cpu': '1.5', 'count/configmaps': '10' },
        scopeSelector: {
          matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }],
        },
      },
    },
    change: { spec: { hard: { 'count/jobs.batch': '4' } } },
    status: { hard: { pods: '4' }, used: { pods: '1' } },
  },
  {
    apiVersion: core,
    kind: 'PodTemplate',
    resource: 'podtemplates',
    minimal: { template },
    full: { template: { metadata: { labels: { app: 'a' }, annotations: { x: 'y' } }, spec: fullPodSpec } },
    change: { template: { metadata: { labels: { app: 'b' } } } },
  },
  {
    apiVersion: core,
    kind: 'ReplicationController',
    resource: 'replicationcontrollers',
    minimal: { spec: { template } },
    full: { spec: { replicas: 3, minReadySeconds: 5, selector: { app: 'a' }, template } },
    change: { spec: { replicas: 2 } },
    status: { replicas: 3, readyReplicas: 2, availableReplicas: 2, observedGeneration: 1 },
  },
  {
    apiVersion: core,
    kind: 'PersistentVolumeClaim',
    resource: 'persistentvolumeclaims',
    minimal: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    full: {
      spec: {
        accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
        storageClassName: 'fast',
        volumeMode: 'Block',
        volumeName: 'pv',
        selector: { matchLabels: { a: 'b' } },
        resources: { requests: { storage: '1024Mi' }, limits: { storage: '2Gi' } },
        dataSource: { kind: 'PersistentVolumeClaim', name: 'other' },
      },
    },
    change: { metadata: { annotations: { a: 'b' } } },
    status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } },
  },
  {
    apiVersion: core,
    kind: 'PersistentVolume',
    resource: 'persistentvolumes',
    clusterScoped: true,
    minimal: {
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/data' },
      },
    },
    full: {
      spec: {
        capacity: { storage: '5Gi' },
        accessModes: ['ReadWriteOnce', 'ReadWriteMany'],
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 'local',
        volumeMode: 'Filesystem',
        mountOptions: ['ro'],
        claimRef: { namespace: 'default', name: 'claim' },
        local: { path: '/mnt' },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }] }],
          },
        },
      },
    },
    change: { spec: { persistentVolumeReclaimPolicy: 'Recycle' } },
    status: { phase: 'Available' },
  },
  {
    apiVersion: core,
    kind: 'Namespace',
    resource: 'namespaces',
    clusterScoped: true,
    minimal: {},
    full: { spec: { finalizers: ['kubernetes', 'example.com/wait'] } },
    change: { metadata: { annotations: { a: 'b' } } },
    status: { phase: 'Active', conditions: [{ type: 'X', status: 'True', reason: 'R', message: 'm' }] },
  },
  {
    apiVersion: core,
    kind: 'Node',
    resource: 'nodes',
    clusterScoped: true,
    minimal: {},
    full: {
      spec: {
        podCIDR: '10.244.1.0/24',
        podCIDRs: ['10.244.1.0/24'],
        providerID: 'x://1',
        unschedulable: true,
        taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }],
      },
    },
    change: { spec: { unschedulable: true } },
    status: {
      capacity: { cpu: '4', memory: '8Gi', pods: '110' },
      allocatable: { cpu: '3500m', memory: '7Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'ok' }],
      addresses: [
        { type: 'InternalIP', address: '192.0.2.7' },
        { type: 'ExternalIP', address: '198.51.100.1' },
        { type: 'Hostname', address: 'n' },
      ],
      nodeInfo: {
        kubeletVersion: 'v1.36.0',
        osImage: 'Debian',
        kernelVersion: '6.1',
        containerRuntimeVersion: 'containerd://1.7',
        architecture: 'amd64',
        operatingSystem: 'linux',
        bootID: 'b',
        machineID: 'm',
        systemUUID: 's',
        kubeProxyVersion: '',
      },
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    },
  },
];
