/**
 * What the accounts of Skerry's controllers may do beyond the stock roles of the same accounts: where ours write in another way,
 * or have no counterpart.
 */
import type { PolicyRule } from '@skerry/api';
import { eventsRule, read, rule } from '#authz/policy/rules.ts';

/** A controller of pods writes by patch what stock ones write by update: objects of its own kind, and pods. */
function workload(group: string, resource: string): PolicyRule[] {
  return [
    rule('get patch update', group, resource),
    rule('patch update', group, `${resource}/status`),
    rule('create delete get patch update', 'core', 'pods'),
    rule('patch update', 'core', 'pods/status'),
  ];
}

/** By account of kube-system; ClusterRole and binding are `skerry:controller:` and the account's name. */
export const ownControllerRoles: Readonly<Record<string, readonly PolicyRule[]>> = {
  'crossing-controller': [rule('update', 'network.skerry.io', 'crossings/status')],
  'daemon-set-controller': workload('apps', 'daemonsets'),
  'deployment-controller': workload('apps', 'deployments'),
  'cronjob-controller': [
    ...workload('batch', 'cronjobs'),
    rule('create delete get patch update', 'batch', 'jobs'),
    rule('patch update', 'batch', 'jobs/status'),
  ],
  // It is the controller of their time to live as well.
  'job-controller': [...workload('batch', 'jobs'), rule('delete', 'batch', 'jobs')],
  'statefulset-controller': [
    ...workload('apps', 'statefulsets'),
    rule('create delete get patch update', 'core', 'persistentvolumeclaims'),
  ],
  'replicaset-controller': workload('apps', 'replicasets'),
  'replication-controller': workload('core', 'replicationcontrollers'),
  'certificate-controller': [
    rule('patch', 'certificates.k8s.io', 'certificatesigningrequests'),
    rule('get', 'core', 'nodes'),
    rule('get', 'apps.openyurt.io', 'nodepools'),
    rule('get', 'core', 'services', 'kubernetes'),
    rule('approve sign', 'certificates.k8s.io', 'signers', 'skerry.io/hub-serving'),
  ],
  'endpointslice-controller': [
    rule('create delete get update', 'core', 'endpoints'),
    rule('create', 'core', 'endpoints/restricted'),
  ],
  'load-balancer-controller': [
    rule('patch', 'core', 'services'),
    rule('update', 'core', 'services/status'),
    eventsRule,
  ],
  'local-path-provisioner': [
    rule('get update', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'persistentvolumeclaims/status'),
    rule('create delete get patch update', 'core', 'persistentvolumes'),
    // Folders are made by PUT and removed by DELETE; nothing that runs or reads in a pod is either.
    rule('delete update', 'core', 'nodes/proxy'),
    eventsRule,
  ],
  'node-controller': [rule('get', 'core', 'namespaces'), rule('get', 'coordination.k8s.io', 'leases')],
  'network-policy-controller': [
    rule(read, 'core', 'namespaces nodes pods'),
    rule(read, 'networking.k8s.io', 'networkpolicies'),
    rule(read, 'network.skerry.io', 'crossings'),
    rule('create delete get list update watch', 'network.skerry.io', 'poolpolicies'),
    eventsRule,
  ],
  'node-pool-controller': [
    rule('get list patch update watch', 'apps.openyurt.io', 'nodepools'),
    rule('update', 'apps.openyurt.io', 'nodepools/status'),
    rule(read, 'core', 'nodes'),
    rule('patch', 'core', 'nodes'),
    eventsRule,
  ],
  // The component's kinds are its own; of the others it works on pods and their revisions, and tells where its webhooks are.
  'openkruise-controller': [
    rule('create delete get list patch update watch', 'apps.kruise.io', '*'),
    ...workload('core', 'pods'),
    rule('patch', 'core', 'nodes'),
    rule('create delete get patch update', 'apps', 'controllerrevisions'),
    rule('create delete get list update watch', 'core', 'secrets'),
    rule(
      read,
      'admissionregistration.k8s.io',
      'mutatingwebhookconfigurations validatingwebhookconfigurations',
    ),
    rule(
      'update',
      'admissionregistration.k8s.io',
      'mutatingwebhookconfigurations',
      'kruise-mutating-webhook-configuration',
    ),
    rule(
      'update',
      'admissionregistration.k8s.io',
      'validatingwebhookconfigurations',
      'kruise-validating-webhook-configuration',
    ),
    rule(read, 'apiextensions.k8s.io', 'customresourcedefinitions'),
    rule('update', 'apiextensions.k8s.io', 'customresourcedefinitions', 'daemonsets.apps.kruise.io'),
    eventsRule,
  ],
  'pod-garbage-collector': [rule('update', 'core', 'pods/status'), eventsRule],
  'pool-network-controller': [
    rule('create delete', 'network.skerry.io', 'poolnetworks'),
    rule('update', 'network.skerry.io', 'poolnetworks/status'),
    eventsRule,
  ],
  'service-account-token-controller': [
    rule('get', 'core', 'serviceaccounts'),
    rule('delete update', 'core', 'secrets'),
    rule('create', 'core', 'serviceaccounts/token'),
  ],
};

/** The same inside one namespace. */
export const ownLocalControllerRoles: readonly {
  readonly namespace: string;
  readonly account: string;
  readonly rules: readonly PolicyRule[];
}[] = [
  {
    namespace: 'kube-system',
    account: 'certificate-controller',
    // The uses of a join token are counted in its Secret.
    rules: [rule('get update', 'core', 'secrets')],
  },
];
