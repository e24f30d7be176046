import type { Example } from './example.ts';

const storage = 'storage.k8s.io/v1';

export const storageExamples: readonly Example[] = [
  {
    apiVersion: storage,
    kind: 'StorageClass',
    resource: 'storageclasses',
    clusterScoped: true,
    minimal: { provisioner: 'example.com/p' },
    full: {
      provisioner: 'example.com/p',
      parameters: { type: 'fast' },
      reclaimPolicy: 'Retain',
      mountOptions: ['ro'],
      allowVolumeExpansion: true,
      volumeBindingMode: 'WaitForFirstConsumer',
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }],
    },
    change: { allowVolumeExpansion: true },
  },
  {
    apiVersion: storage,
    kind: 'CSIDriver',
    resource: 'csidrivers',
    clusterScoped: true,
    minimal: { spec: {} },
    full: {
      spec: {
        attachRequired: false,
        podInfoOnMount: true,
        volumeLifecycleModes: ['Persistent', 'Ephemeral'],
        storageCapacity: true,
        fsGroupPolicy: 'File',
        tokenRequests: [{ audience: 'a', expirationSeconds: 3600 }],
        requiresRepublish: true,
        seLinuxMount: true,
      },
    },
    change: { spec: { podInfoOnMount: true } },
  },
  {
    apiVersion: storage,
    kind: 'CSINode',
    resource: 'csinodes',
    clusterScoped: true,
    minimal: { spec: { drivers: [] } },
    full: {
      spec: { drivers: [{ name: 'd', nodeID: 'n', topologyKeys: ['zone'], allocatable: { count: 4 } }] },
    },
    change: { metadata: { annotations: { a: 'b' } } },
  },
  {
    apiVersion: storage,
    kind: 'CSIStorageCapacity',
    resource: 'csistoragecapacities',
    minimal: { storageClassName: 'x' },
    full: {
      storageClassName: 'x',
      nodeTopology: { matchLabels: { zone: 'a' } },
      capacity: '10Gi',
      maximumVolumeSize: '1024Mi',
    },
    change: { capacity: '5Gi' },
  },
  {
    apiVersion: storage,
    kind: 'VolumeAttachment',
    resource: 'volumeattachments',
    clusterScoped: true,
    minimal: { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'pv' } } },
    full: { spec: { attacher: 'a.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv1' } } },
    change: { metadata: { annotations: { a: 'b' } } },
    status: { attached: true, attachmentMetadata: { device: '/dev/x' } },
  },
  {
    apiVersion: storage,
    kind: 'VolumeAttributesClass',
    resource: 'volumeattributesclasses',
    clusterScoped: true,
    minimal: { driverName: 'd', parameters: { iops: '100' } },
    full: { driverName: 'csi.example', parameters: { iops: '100', throughput: '5' } },
    change: { metadata: { annotations: { a: 'b' } } },
  },
];
