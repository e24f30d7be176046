/**
 * What every node may do whatever its pods are: the rules of the stock ClusterRole `system:node`, which exists for reading
 * and is bound to nobody, and what Skerry's own agent reads beyond them.
 */
import { eventsRule, pathRule, read, rule } from '#authz/policy/rules.ts';

/** Rights that need no look at the node's pods; `NodeAccess` decides about the rest. */
export const nodeRules = [
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
  rule(read, 'core', 'services'),
  rule('create get list watch update patch', 'core', 'nodes'),
  rule('update patch', 'core', 'nodes/status'),
  eventsRule,
  rule('create delete', 'core', 'pods'),
  rule('update patch', 'core', 'pods/status'),
  rule('create', 'core', 'pods/eviction'),
  rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
  rule(read, 'storage.k8s.io', 'csidrivers'),
  rule(read, 'node.k8s.io', 'runtimeclasses'),
  rule('list watch', 'discovery.k8s.io', 'endpointslices'),
  rule(read, 'apps.openyurt.io', 'nodepools'),
  rule(read, 'certificates.k8s.io', 'clustertrustbundles'),
];

/** The rules of the ClusterRole `system:node`. */
export const nodeRoleRules = [
  ...nodeRules,
  rule(read, 'core', 'configmaps secrets pods'),
  rule('get', 'core', 'persistentvolumeclaims persistentvolumes serviceaccounts'),
  rule('get patch update', 'core', 'persistentvolumeclaims/status'),
  rule('create', 'core', 'serviceaccounts/token'),
  rule('get', 'storage.k8s.io', 'volumeattachments'),
  rule('create delete get patch update', 'storage.k8s.io', 'csinodes'),
  rule('create delete get patch update', 'coordination.k8s.io', 'leases'),
  rule('get', 'resource.k8s.io', 'resourceclaims'),
  rule('create delete deletecollection get list patch update watch', 'resource.k8s.io', 'resourceslices'),
  pathRule('get', '/healthz /livez /readyz /version'),
];
