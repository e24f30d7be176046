import type { ResourceRef } from '#rest.ts';

function ref(group: string, version: string, kind: string, resource: string, namespaced = true): ResourceRef {
  return { group, version, kind, resource, namespaced };
}

/** Where the resources live that Skerry's own parts read and write. */
export const resources = {
  bindings: ref('', 'v1', 'Binding', 'bindings'),
  configMaps: ref('', 'v1', 'ConfigMap', 'configmaps'),
  endpoints: ref('', 'v1', 'Endpoints', 'endpoints'),
  events: ref('', 'v1', 'Event', 'events'),
  namespaces: ref('', 'v1', 'Namespace', 'namespaces', false),
  nodes: ref('', 'v1', 'Node', 'nodes', false),
  persistentVolumeClaims: ref('', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  persistentVolumes: ref('', 'v1', 'PersistentVolume', 'persistentvolumes', false),
  pods: ref('', 'v1', 'Pod', 'pods'),
  replicationControllers: ref('', 'v1', 'ReplicationController', 'replicationcontrollers'),
  resourceQuotas: ref('', 'v1', 'ResourceQuota', 'resourcequotas'),
  secrets: ref('', 'v1', 'Secret', 'secrets'),
  serviceAccounts: ref('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  services: ref('', 'v1', 'Service', 'services'),
  controllerRevisions: ref('apps', 'v1', 'ControllerRevision', 'controllerrevisions'),
  daemonSets: ref('apps', 'v1', 'DaemonSet', 'daemonsets'),
  deployments: ref('apps', 'v1', 'Deployment', 'deployments'),
  replicaSets: ref('apps', 'v1', 'ReplicaSet', 'replicasets'),
  statefulSets: ref('apps', 'v1', 'StatefulSet', 'statefulsets'),
  cronJobs: ref('batch', 'v1', 'CronJob', 'cronjobs'),
  jobs: ref('batch', 'v1', 'Job', 'jobs'),
  certificateSigningRequests: ref(
    'certificates.k8s.io',
    'v1',
    'CertificateSigningRequest',
    'certificatesigningrequests',
    false,
  ),
  mutatingWebhookConfigurations: ref(
    'admissionregistration.k8s.io',
    'v1',
    'MutatingWebhookConfiguration',
    'mutatingwebhookconfigurations',
    false,
  ),
  validatingWebhookConfigurations: ref(
    'admissionregistration.k8s.io',
    'v1',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
    false,
  ),
  leases: ref('coordination.k8s.io', 'v1', 'Lease', 'leases'),
  endpointSlices: ref('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
  podDisruptionBudgets: ref('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  csiNodes: ref('storage.k8s.io', 'v1', 'CSINode', 'csinodes', false),
  storageClasses: ref('storage.k8s.io', 'v1', 'StorageClass', 'storageclasses', false),
  volumeAttributesClasses: ref(
    'storage.k8s.io',
    'v1',
    'VolumeAttributesClass',
    'volumeattributesclasses',
    false,
  ),
  priorityClasses: ref('scheduling.k8s.io', 'v1', 'PriorityClass', 'priorityclasses', false),
  customResourceDefinitions: ref(
    'apiextensions.k8s.io',
    'v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    false,
  ),
  nodeImages: ref('apps.kruise.io', 'v1beta1', 'NodeImage', 'nodeimages', false),
  poolNetworks: ref('network.skerry.io', 'v1alpha1', 'PoolNetwork', 'poolnetworks', false),
  nodePools: ref('apps.openyurt.io', 'v1beta2', 'NodePool', 'nodepools', false),
} as const satisfies Record<string, ResourceRef>;
