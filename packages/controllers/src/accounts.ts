import type { ControllerName } from '#catalogue.ts';

/**
 * As whom each controller speaks: the ServiceAccounts of kube-system that stock clusters have for them, and some of our own.
 * What an account may do is in its ClusterRoles, `system:controller:…` and `skerry:controller:…`; so a fault of one controller
 * reaches no further than its work. The manager itself reads for all of them, and writes nothing of theirs.
 */
export const accounts: Readonly<Record<ControllerName, string>> = {
  'deployment-controller': 'deployment-controller',
  'replicaset-controller': 'replicaset-controller',
  'replicationcontroller-controller': 'replication-controller',
  'daemonset-controller': 'daemon-set-controller',
  'statefulset-controller': 'statefulset-controller',
  'job-controller': 'job-controller',
  'cronjob-controller': 'cronjob-controller',
  'horizontal-pod-autoscaler': 'horizontal-pod-autoscaler',
  'node-lifecycle-controller': 'node-controller',
  'taint-eviction-controller': 'node-controller',
  'node-ipam-controller': 'node-controller',
  'ttl-controller': 'ttl-controller',
  'pod-garbage-collector-controller': 'pod-garbage-collector',
  'garbage-collector-controller': 'generic-garbage-collector',
  'namespace-controller': 'namespace-controller',
  'service-account-controller': 'service-account-controller',
  'root-ca-certificate-publisher-controller': 'root-ca-cert-publisher',
  'certificate-controller': 'certificate-controller',
  'token-cleaner-controller': 'token-cleaner',
  'disruption-controller': 'disruption-controller',
  'endpointslice-controller': 'endpointslice-controller',
  'endpointslice-mirroring-controller': 'endpointslicemirroring-controller',
  'service-cidr-controller': 'service-cidrs-controller',
  'persistentvolumeclaim-protection-controller': 'pvc-protection-controller',
  'persistentvolume-protection-controller': 'pv-protection-controller',
  'volumeattributesclass-protection-controller': 'volumeattributesclass-protection-controller',
  'persistentvolume-binder-controller': 'persistent-volume-binder',
  'persistentvolume-expander-controller': 'expand-controller',
  'ephemeral-volume-controller': 'ephemeral-volume-controller',
  'network-policy-controller': 'network-policy-controller',
  'node-pool-controller': 'node-pool-controller',
  'local-path-provisioner': 'local-path-provisioner',
  'local-path-resizer': 'local-path-provisioner',
  'serviceaccount-token-controller': 'service-account-token-controller',
  'crossing-controller': 'crossing-controller',
  'pool-network-controller': 'pool-network-controller',
  'load-balancer-controller': 'load-balancer-controller',
  'openkruise-component': 'openkruise-controller',
};
