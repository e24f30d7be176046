/**
 * What the accounts of Skerry's controllers may do beyond the stock roles of the same accounts: where ours write in another way,
 * or have no counterpart. What they read together they read by the copies of their manager, whose rights those are. Tests play what
 * each controller does and hold that no right is missing, and none too many.
 */
import type { PolicyRule } from '@skerry/api';
import { rule } from '#authz/policy/rules.ts';

const events = rule('create patch', 'core', 'events');

/** By account of kube-system; ClusterRole and binding are `skerry:controller:` and the account's name. */
export const ownControllerRoles: Readonly<Record<string, readonly PolicyRule[]>> = {
  'crossing-controller': [rule('update', 'network.skerry.io', 'crossings/status')],
  // OpenYurt's AdvancedRollingUpdate says in a condition of each pod whether there is a newer one.
  'daemon-set-controller': [rule('patch', 'core', 'pods/status')],
  // It is the controller of their time to live as well.
  'job-controller': [rule('delete', 'batch', 'jobs')],
  // By whom a claim is kept or goes.
  'statefulset-controller': [rule('patch', 'core', 'persistentvolumeclaims')],
  'certificate-controller': [
    rule('patch', 'certificates.k8s.io', 'certificatesigningrequests'),
    rule('get', 'apps.openyurt.io', 'nodepools'),
    rule('get', 'core', 'services', 'kubernetes'),
    rule('approve sign', 'certificates.k8s.io', 'signers', 'skerry.io/hub-serving'),
  ],
  'endpointslice-controller': [rule('create delete update', 'core', 'endpoints')],
  'load-balancer-controller': [
    rule('patch', 'core', 'services'),
    rule('update', 'core', 'services/status'),
    events,
  ],
  'local-path-provisioner': [
    rule('update', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'persistentvolumeclaims/status'),
    rule('create delete get patch update', 'core', 'persistentvolumes'),
    // Folders are made by PUT and removed by DELETE; nothing that runs or reads in a pod is either.
    rule('delete update', 'core', 'nodes/proxy'),
    events,
  ],
  'node-controller': [rule('get', 'core', 'namespaces'), rule('get', 'coordination.k8s.io', 'leases')],
  'network-policy-controller': [rule('create delete update', 'network.skerry.io', 'poolpolicies')],
  'node-pool-controller': [
    rule('patch', 'apps.openyurt.io', 'nodepools'),
    rule('update', 'apps.openyurt.io', 'nodepools/status'),
    rule('patch', 'core', 'nodes'),
  ],
  // The component's kinds are its own; of the others it works on pods and their revisions, and tells where its webhooks are.
  'openkruise-controller': [
    rule('create delete get list update watch', 'apps.kruise.io', '*'),
    rule('create delete get patch update', 'core', 'pods'),
    rule('patch', 'core', 'pods/status'),
    rule('patch', 'core', 'nodes'),
    rule('create delete get patch update', 'apps', 'controllerrevisions'),
    rule('create delete get list update watch', 'core', 'secrets'),
    rule(
      'list watch',
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
    rule('list watch', 'apiextensions.k8s.io', 'customresourcedefinitions'),
    rule('update', 'apiextensions.k8s.io', 'customresourcedefinitions', 'daemonsets.apps.kruise.io'),
    events,
  ],
  'pod-garbage-collector': [rule('update', 'core', 'pods/status')],
  'pool-network-controller': [
    rule('create delete', 'network.skerry.io', 'poolnetworks'),
    rule('update', 'network.skerry.io', 'poolnetworks/status'),
    events,
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
