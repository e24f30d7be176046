/** Rules of the roles that parts of the system hold, under the names stock clusters use. */
import type { PolicyRule } from '@skerry/api';
import { eventsRule, pathRule, read, readWrite, rule } from '#authz/policy/rules.ts';

const discoveryPaths =
  '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/';

export const discoveryRules = [pathRule('get', discoveryPaths)];
export const publicInfoRules = [pathRule('get', '/healthz /livez /readyz /version /version/')];
export const monitoringRules = [
  pathRule('get', '/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*'),
];
export const basicUserRules = [
  rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
  rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
];
export const serviceAccountIssuerRules = [
  pathRule(
    'get',
    '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
  ),
];
export const authDelegatorRules = [
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
];
export const nodeBootstrapperRules = [
  rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
];
/** What a joining machine looks at before it asks for a certificate. */
export const poolReaderRules = [rule('get list', 'apps.openyurt.io', 'nodepools')];
export const nodeProxierRules = [
  rule('list watch', 'core', 'endpoints services'),
  rule(read, 'core', 'nodes'),
  eventsRule,
  rule('list watch', 'discovery.k8s.io', 'endpointslices'),
  rule('list watch', 'networking.k8s.io', 'servicecidrs'),
];
export const kubeletApiRules = [
  rule(read, 'core', 'nodes'),
  rule('proxy', 'core', 'nodes'),
  rule('*', 'core', 'nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats'),
];
export const heapsterRules = [rule(read, 'core', 'events namespaces nodes pods')];
export const kubeDnsRules = [rule('list watch', 'core', 'endpoints services')];
export const volumeSchedulerRules = [
  rule('get list patch update watch', 'core', 'persistentvolumes'),
  rule(read, 'storage.k8s.io', 'storageclasses'),
  rule('get list patch update watch', 'core', 'persistentvolumeclaims'),
];

export const schedulerRules: PolicyRule[] = [
  eventsRule,
  rule('create', 'coordination.k8s.io', 'leases'),
  rule('get list watch update patch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
  rule(
    read,
    'core',
    'nodes namespaces replicationcontrollers services persistentvolumeclaims persistentvolumes',
  ),
  rule('delete get list watch', 'core', 'pods'),
  rule('create', 'core', 'bindings pods/binding'),
  rule('patch update', 'core', 'pods/status'),
  rule('patch update', 'core', 'persistentvolumes persistentvolumeclaims'),
  rule(read, 'apps', 'replicasets statefulsets'),
  rule(read, 'policy', 'poddisruptionbudgets'),
  rule(read, 'scheduling.k8s.io', 'priorityclasses'),
  rule(read, 'storage.k8s.io', 'csidrivers csinodes csistoragecapacities storageclasses volumeattachments'),
  rule(read, 'resource.k8s.io', 'deviceclasses resourceclaims resourceslices'),
  rule('patch update', 'resource.k8s.io', 'resourceclaims resourceclaims/status'),
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
];

/**
 * Garbage collection and the end of namespaces touch every kind there is, also those of CRDs, so the process of all
 * controllers reads and deletes everything; what it may create and change is named.
 */
export const controllerManagerRules: PolicyRule[] = [
  rule('delete deletecollection get list patch update watch', '*', '*'),
  rule('create', 'core events.k8s.io', 'events'),
  rule(
    'create',
    'core',
    'configmaps endpoints namespaces persistentvolumeclaims persistentvolumes pods secrets serviceaccounts services',
  ),
  rule('create', 'core', 'pods/binding pods/eviction serviceaccounts/token'),
  rule('create', 'apps', 'controllerrevisions daemonsets deployments replicasets statefulsets'),
  // The kinds that controllers bring along, such as node pools.
  rule('create', 'apiextensions.k8s.io', 'customresourcedefinitions'),
  rule('create', 'apps.kruise.io apps.openyurt.io policy.kruise.io', '*'),
  rule('create', 'batch', 'cronjobs jobs'),
  rule('create', 'coordination.k8s.io', 'leases'),
  rule('create', 'discovery.k8s.io', 'endpointslices'),
  rule('create', 'networking.k8s.io', 'ipaddresses'),
  rule('create', 'resource.k8s.io', 'resourceclaims'),
  rule('create', 'storage.k8s.io', 'volumeattachments'),
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  rule('approve sign', 'certificates.k8s.io', 'signers', 'kubernetes.io/*'),
  rule(
    'update patch',
    'certificates.k8s.io',
    'certificatesigningrequests/approval certificatesigningrequests/status',
  ),
  pathRule('get', discoveryPaths),
];

/** Requests that the approver of node certificates answers by itself. */
export const nodeClientRules = [
  rule('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient'),
];
export const selfNodeClientRules = [
  rule('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient'),
];
export const clusterInfoRules = [rule('get', 'core', 'configmaps', 'cluster-info')];
export const configReaderRules = [rule(read, 'core', 'configmaps', 'extension-apiserver-authentication')];
export const leaderLockingRules = [rule(readWrite, 'coordination.k8s.io', 'leases')];
