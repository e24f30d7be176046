/** Rules of the roles that parts of the system hold, under the names stock clusters use. */
import type { PolicyRule } from '@skerry/api';
import { eventsRule, pathRule, read, readWrite, rule } from '#authz/policy/rules.ts';

const discoveryPaths =
  '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/';

export const discoveryRules = [pathRule('get', discoveryPaths)];
export const publicInfoRules = [pathRule('get', '/healthz /livez /readyz /version /version/')];
/** The pages of controllers and scheduler, which stock clusters serve at ports of their own. */
export const ownMonitoringRules = [pathRule('get', '/metrics/controllers /metrics/scheduler')];
export const monitoringRules = [
  pathRule(
    'get',
    '/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz',
  ),
  rule('get', 'core', 'nodes/metrics'),
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
  rule('*', 'core', 'nodes/log nodes/metrics nodes/proxy nodes/stats'),
  rule('*', 'core', 'nodes/configz nodes/healthz nodes/pods'),
];
export const heapsterRules = [
  rule(read, 'core', 'events namespaces nodes pods'),
  rule(read, 'extensions', 'deployments'),
];
export const aggregatorRules = [rule(read, 'core', 'endpoints services')];
export const problemDetectorRules = [
  rule('get', 'core', 'nodes'),
  rule('patch', 'core', 'nodes/status'),
  eventsRule,
];
export const volumeProvisionerRules = [
  rule('create delete get list watch', 'core', 'persistentvolumes'),
  rule('get list update watch', 'core', 'persistentvolumeclaims'),
  rule(read, 'storage.k8s.io', 'storageclasses'),
  rule('watch', 'core', 'events'),
  eventsRule,
];
/** Of the signers of certificates that stock clusters know, by the last part of the name. */
export const approvedSigners = [
  'kube-apiserver-client',
  'kube-apiserver-client-kubelet',
  'kubelet-serving',
  'legacy-unknown',
];
export const approverRules = (signer: string) => [
  rule('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${signer}`),
];
/** What `kubectl top` reads; whoever may view, may. */
export const metricsReaderRules = [rule(read, 'metrics.k8s.io', 'pods nodes')];
export const kubeDnsRules = [rule('list watch', 'core', 'endpoints services')];
export const volumeSchedulerRules = [
  rule('get list patch update watch', 'core', 'persistentvolumes'),
  rule(read, 'storage.k8s.io', 'storageclasses'),
  rule('get list patch update watch', 'core', 'persistentvolumeclaims'),
];

export const schedulerRules: PolicyRule[] = [
  eventsRule,
  rule('create', 'coordination.k8s.io', 'leases'),
  rule('get list update watch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
  rule(readWrite, 'coordination.k8s.io', 'leasecandidates'),
  rule(read, 'core', 'nodes'),
  rule('delete get list watch', 'core', 'pods'),
  rule('create', 'core', 'bindings pods/binding'),
  rule('patch update', 'core', 'pods/status'),
  rule(read, 'core', 'replicationcontrollers services'),
  rule(read, 'apps extensions', 'replicasets'),
  rule(read, 'apps', 'statefulsets'),
  rule(read, 'policy', 'poddisruptionbudgets'),
  rule(read, 'core', 'persistentvolumeclaims persistentvolumes'),
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  rule(read, 'storage.k8s.io', 'csinodes'),
  rule(read, 'storage.k8s.io', 'volumeattachments'),
  rule(read, 'core', 'namespaces'),
  rule(read, 'storage.k8s.io', 'csidrivers'),
  rule(read, 'storage.k8s.io', 'csistoragecapacities'),
  rule(read, 'resource.k8s.io', 'deviceclasses'),
  rule('get list patch update watch', 'resource.k8s.io', 'resourceclaims'),
  rule('get list patch update watch', 'resource.k8s.io', 'resourceclaims/status'),
  rule('update', 'core', 'pods/finalizers'),
  rule(read, 'resource.k8s.io', 'resourceslices'),
  rule('create delete', 'resource.k8s.io', 'resourceclaims'),
  rule('patch update', 'resource.k8s.io', 'resourceclaims/binding'),
];

/** What Skerry's own scheduler does beyond it. */
export const ownSchedulerRules: PolicyRule[] = [
  rule('patch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
  rule('patch update', 'core', 'persistentvolumes persistentvolumeclaims'),
  rule(read, 'scheduling.k8s.io', 'priorityclasses'),
  rule(read, 'storage.k8s.io', 'storageclasses'),
];

export const controllerManagerRules: PolicyRule[] = [
  eventsRule,
  rule('create', 'coordination.k8s.io', 'leases'),
  rule('get update', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
  rule('create', 'core', 'secrets serviceaccounts'),
  rule('delete', 'core', 'secrets'),
  rule('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
  rule('update', 'core', 'secrets serviceaccounts'),
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  rule('list watch', '*', '*'),
  rule('create', 'core', 'serviceaccounts/token'),
];

/**
 * What the manager of Skerry's controllers does beyond it: it makes their kinds and the first StorageClass known, and holds
 * its Lease by patch. The controllers themselves speak as accounts of their own.
 */
export const ownControllerRules: PolicyRule[] = [
  rule('create get patch', 'apiextensions.k8s.io', 'customresourcedefinitions'),
  rule('create get', 'storage.k8s.io', 'storageclasses'),
  rule('patch', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
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
export const leaderLockingRules = [
  rule('create get list update watch', 'coordination.k8s.io', 'leases'),
  rule('create get list update watch', 'coordination.k8s.io', 'leasecandidates'),
];
