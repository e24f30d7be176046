/** The roles and bindings every cluster has from its first start, as objects. */
import type { AnyObject, PolicyRule } from '@skerry/api';
import { endedNodesGroup } from '@skerry/pki';
import { controllerRules, localControllerRules } from '#authz/policy/controller-roles.ts';
import { nodeRoleRules } from '#authz/policy/node-rules.ts';
import { ownControllerRoles, ownLocalControllerRoles } from '#authz/policy/own-controller-roles.ts';
import * as system from '#authz/policy/system-roles.ts';
import { adminRules, clusterAdminRules, editRules, viewRules } from '#authz/policy/user-roles.ts';
import { rbacGroup } from '#authz/rbac.ts';

export interface DefaultObject {
  readonly resource: 'clusterroles' | 'clusterrolebindings' | 'roles' | 'rolebindings';
  readonly object: AnyObject;
}

const apiVersion = `${rbacGroup}/v1`;
const bootstrapLabel = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const updateAnnotation = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };

const aggregateTo = (name: string) => ({ [`${rbacGroup}/aggregate-to-${name}`]: 'true' });

function metadata(name: string, labels: Record<string, string> = {}, namespace?: string) {
  return {
    name,
    ...(namespace ? { namespace } : {}),
    labels: { ...bootstrapLabel, ...labels },
    annotations: updateAnnotation,
  };
}

function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  labels?: Record<string, string>,
): DefaultObject {
  return {
    resource: 'clusterroles',
    object: { apiVersion, kind: 'ClusterRole', metadata: metadata(name, labels), rules: [...rules] },
  };
}

/** A role whose rules are those of all ClusterRoles with the label; `RoleAggregation` keeps them. */
function aggregatedRole(
  name: string,
  rules: readonly PolicyRule[],
  labels?: Record<string, string>,
): DefaultObject {
  return {
    resource: 'clusterroles',
    object: {
      apiVersion,
      kind: 'ClusterRole',
      metadata: metadata(name, labels),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateTo(name) }] },
      rules: [...rules],
    },
  };
}

type SubjectText = `${'User' | 'Group'}/${string}` | `ServiceAccount/${string}/${string}`;

function subjectOf(text: SubjectText): object {
  const [kind = '', ...rest] = text.split('/');
  if (kind === 'ServiceAccount') return { kind, namespace: rest[0], name: rest[1] };
  return { kind, apiGroup: rbacGroup, name: rest.join('/') };
}

function clusterBinding(name: string, role: string, ...subjects: SubjectText[]): DefaultObject {
  return {
    resource: 'clusterrolebindings',
    object: {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: metadata(name),
      roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
      ...(subjects.length > 0 ? { subjects: subjects.map(subjectOf) } : {}),
    },
  };
}

function role(namespace: string, name: string, rules: readonly PolicyRule[]): DefaultObject {
  return {
    resource: 'roles',
    object: { apiVersion, kind: 'Role', metadata: metadata(name, {}, namespace), rules: [...rules] },
  };
}

function binding(
  namespace: string,
  name: string,
  roleName: string,
  ...subjects: SubjectText[]
): DefaultObject {
  return {
    resource: 'rolebindings',
    object: {
      apiVersion,
      kind: 'RoleBinding',
      metadata: metadata(name, {}, namespace),
      roleRef: { apiGroup: rbacGroup, kind: 'Role', name: roleName },
      subjects: subjects.map(subjectOf),
    },
  };
}

export const defaultClusterRoles: readonly DefaultObject[] = [
  clusterRole('cluster-admin', clusterAdminRules),
  aggregatedRole('admin', [...adminRules, ...editRules, ...viewRules]),
  aggregatedRole('edit', [...editRules, ...viewRules], aggregateTo('admin')),
  aggregatedRole('view', viewRules, aggregateTo('edit')),
  clusterRole('system:aggregate-to-admin', adminRules, aggregateTo('admin')),
  clusterRole('system:aggregate-to-edit', editRules, aggregateTo('edit')),
  clusterRole('system:aggregate-to-view', viewRules, aggregateTo('view')),
  clusterRole('system:discovery', system.discoveryRules),
  clusterRole('system:public-info-viewer', system.publicInfoRules),
  clusterRole('system:monitoring', system.monitoringRules),
  clusterRole('system:basic-user', system.basicUserRules),
  clusterRole('system:auth-delegator', system.authDelegatorRules),
  clusterRole('system:service-account-issuer-discovery', system.serviceAccountIssuerRules),
  clusterRole('system:node', nodeRoleRules),
  clusterRole('system:node-proxier', system.nodeProxierRules),
  clusterRole('system:node-bootstrapper', system.nodeBootstrapperRules),
  clusterRole('system:certificates.k8s.io:certificatesigningrequests:nodeclient', system.nodeClientRules),
  clusterRole(
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    system.selfNodeClientRules,
  ),
  clusterRole('system:kubelet-api-admin', system.kubeletApiRules),
  clusterRole('system:heapster', system.heapsterRules),
  clusterRole('system:kube-dns', system.kubeDnsRules),
  clusterRole('system:volume-scheduler', system.volumeSchedulerRules),
  clusterRole('system:kube-scheduler', system.schedulerRules),
  clusterRole('system:kube-controller-manager', system.controllerManagerRules),
  clusterRole('system:kube-aggregator', system.aggregatorRules),
  clusterRole('system:node-problem-detector', system.problemDetectorRules),
  clusterRole('system:persistent-volume-provisioner', system.volumeProvisionerRules),
  ...system.approvedSigners.map((signer) =>
    clusterRole(`system:certificates.k8s.io:${signer}-approver`, system.approverRules(signer)),
  ),
  ...Object.entries(controllerRules).map(([name, rules]) => clusterRole(`system:controller:${name}`, rules)),
  clusterRole('system:aggregated-metrics-reader', system.metricsReaderRules, {
    ...aggregateTo('view'),
    ...aggregateTo('edit'),
    ...aggregateTo('admin'),
  }),
  clusterRole('skerry:scheduler', system.ownSchedulerRules),
  clusterRole('skerry:controllers', system.ownControllerRules),
  clusterRole('skerry:pool-reader', system.poolReaderRules),
  clusterRole('skerry:monitoring', system.ownMonitoringRules),
  ...Object.entries(ownControllerRoles).map(([account, rules]) =>
    clusterRole(`skerry:controller:${account}`, rules),
  ),
];

export const defaultClusterRoleBindings: readonly DefaultObject[] = [
  clusterBinding('cluster-admin', 'cluster-admin', 'Group/system:masters'),
  clusterBinding('system:discovery', 'system:discovery', 'Group/system:authenticated'),
  clusterBinding(
    'system:public-info-viewer',
    'system:public-info-viewer',
    'Group/system:authenticated',
    'Group/system:unauthenticated',
  ),
  clusterBinding('system:monitoring', 'system:monitoring', 'Group/system:monitoring'),
  clusterBinding('system:basic-user', 'system:basic-user', 'Group/system:authenticated'),
  clusterBinding(
    'system:service-account-issuer-discovery',
    'system:service-account-issuer-discovery',
    'Group/system:serviceaccounts',
  ),
  clusterBinding('system:node', 'system:node'),
  clusterBinding('system:node-proxier', 'system:node-proxier', 'User/system:kube-proxy'),
  clusterBinding('system:kube-dns', 'system:kube-dns', 'ServiceAccount/kube-system/kube-dns'),
  clusterBinding('system:volume-scheduler', 'system:volume-scheduler', 'User/system:kube-scheduler'),
  clusterBinding('system:kube-scheduler', 'system:kube-scheduler', 'User/system:kube-scheduler'),
  clusterBinding(
    'system:kube-controller-manager',
    'system:kube-controller-manager',
    'User/system:kube-controller-manager',
  ),
  ...Object.keys(controllerRules).map((name) =>
    clusterBinding(
      `system:controller:${name}`,
      `system:controller:${name}`,
      `ServiceAccount/kube-system/${name}`,
    ),
  ),
  clusterBinding('skerry:scheduler', 'skerry:scheduler', 'User/system:kube-scheduler'),
  clusterBinding('skerry:controllers', 'skerry:controllers', 'User/system:kube-controller-manager'),
  ...Object.keys(ownControllerRoles).map((account) =>
    clusterBinding(
      `skerry:controller:${account}`,
      `skerry:controller:${account}`,
      `ServiceAccount/kube-system/${account}`,
    ),
  ),
  clusterBinding('skerry:monitoring', 'skerry:monitoring', 'Group/system:monitoring'),
  clusterBinding('skerry:node-bootstrapper', 'system:node-bootstrapper', 'Group/system:bootstrappers'),
  clusterBinding('skerry:renew-ended-nodes', 'system:node-bootstrapper', `Group/${endedNodesGroup}`),
  clusterBinding('skerry:pool-reader', 'skerry:pool-reader', 'Group/system:bootstrappers'),
  clusterBinding(
    'skerry:approve-new-nodes',
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    'Group/system:bootstrappers',
  ),
  clusterBinding(
    'skerry:renew-nodes',
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    'Group/system:nodes',
  ),
];

export const defaultRoles: readonly DefaultObject[] = [
  role('kube-system', 'extension-apiserver-authentication-reader', system.configReaderRules),
  role('kube-system', 'system::leader-locking-kube-controller-manager', system.leaderLockingRules),
  role('kube-system', 'system::leader-locking-kube-scheduler', system.leaderLockingRules),
  ...localControllerRules.map(({ namespace, controller, rules }) =>
    role(namespace, `system:controller:${controller}`, rules),
  ),
  ...ownLocalControllerRoles.map(({ namespace, account, rules }) =>
    role(namespace, `skerry:controller:${account}`, rules),
  ),
  role('kube-public', 'skerry:cluster-info', system.clusterInfoRules),
];

export const defaultRoleBindings: readonly DefaultObject[] = [
  binding(
    'kube-system',
    'system::extension-apiserver-authentication-reader',
    'extension-apiserver-authentication-reader',
    'User/system:kube-controller-manager',
    'User/system:kube-scheduler',
  ),
  binding(
    'kube-system',
    'system::leader-locking-kube-controller-manager',
    'system::leader-locking-kube-controller-manager',
    'User/system:kube-controller-manager',
    'ServiceAccount/kube-system/kube-controller-manager',
    'ServiceAccount/kube-system/leader-election-controller',
  ),
  binding(
    'kube-system',
    'system::leader-locking-kube-scheduler',
    'system::leader-locking-kube-scheduler',
    'User/system:kube-scheduler',
    'ServiceAccount/kube-system/kube-scheduler',
  ),
  ...localControllerRules.map(({ namespace, controller }) =>
    binding(
      namespace,
      `system:controller:${controller}`,
      `system:controller:${controller}`,
      `ServiceAccount/kube-system/${controller}`,
    ),
  ),
  ...ownLocalControllerRoles.map(({ namespace, account }) =>
    binding(
      namespace,
      `skerry:controller:${account}`,
      `skerry:controller:${account}`,
      `ServiceAccount/kube-system/${account}`,
    ),
  ),
  binding(
    'kube-public',
    'skerry:cluster-info',
    'skerry:cluster-info',
    'Group/system:unauthenticated',
    'Group/system:authenticated',
  ),
];
