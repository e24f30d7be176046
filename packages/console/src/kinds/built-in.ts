/** Kinds that the console knows by name: where they stand in the menu and what it can do to them. */
import type { MessageId } from '#i18n/index.ts';
import { resourceName, type ActionId, type KindEntry, type Section } from './kind.ts';

type Extra = Partial<Pick<KindEntry, 'isNamespaced' | 'templatePath' | 'actions'>>;

function entry(
  section: Section,
  groupVersion: string,
  plural: string,
  kind: string,
  extra: Extra = {},
): KindEntry {
  const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
  const resource = resourceName(group ?? '', plural);
  return {
    resource,
    group: group ?? '',
    version: version ?? 'v1',
    plural,
    kind,
    isNamespaced: true,
    title: `kind.${resource}` as MessageId,
    section,
    actions: plain,
    ...extra,
  };
}

const plain: readonly ActionId[] = ['editYaml', 'labels', 'delete'];
const cluster = { isNamespaced: false } as const;
const template = ['spec', 'template'] as const;

export const builtInKinds: readonly KindEntry[] = [
  entry('workloads', 'apps/v1', 'deployments', 'Deployment', {
    templatePath: template,
    actions: [
      'edit',
      'scale',
      'restart',
      'history',
      'pause',
      'resume',
      'logs',
      'editYaml',
      'labels',
      'delete',
    ],
  }),
  entry('workloads', 'apps/v1', 'statefulsets', 'StatefulSet', {
    templatePath: template,
    actions: ['edit', 'scale', 'restart', 'history', 'logs', 'editYaml', 'labels', 'delete'],
  }),
  entry('workloads', 'apps/v1', 'daemonsets', 'DaemonSet', {
    templatePath: template,
    actions: ['edit', 'restart', 'history', 'logs', 'editYaml', 'labels', 'delete'],
  }),
  entry('workloads', 'batch/v1', 'jobs', 'Job', {
    templatePath: template,
    actions: ['editYaml', 'suspend', 'unsuspend', 'logs', 'labels', 'delete'],
  }),
  entry('workloads', 'batch/v1', 'cronjobs', 'CronJob', {
    templatePath: ['spec', 'jobTemplate', 'spec', 'template'],
    actions: ['edit', 'runNow', 'suspend', 'unsuspend', 'editYaml', 'labels', 'delete'],
  }),
  entry('workloads', 'v1', 'pods', 'Pod', { actions: ['logs', 'terminal', 'editYaml', 'labels', 'delete'] }),
  entry('workloads', 'apps/v1', 'replicasets', 'ReplicaSet', { templatePath: template }),
  entry('workloads', 'autoscaling/v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'),
  entry('workloads', 'policy/v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  entry('network', 'v1', 'services', 'Service'),
  entry('network', 'networking.k8s.io/v1', 'ingresses', 'Ingress'),
  entry('network', 'networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy'),
  entry('network', 'discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice'),
  entry('config', 'v1', 'configmaps', 'ConfigMap'),
  entry('config', 'v1', 'secrets', 'Secret'),
  entry('config', 'v1', 'resourcequotas', 'ResourceQuota'),
  entry('config', 'v1', 'limitranges', 'LimitRange'),
  entry('storage', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  entry('storage', 'v1', 'persistentvolumes', 'PersistentVolume', cluster),
  entry('storage', 'storage.k8s.io/v1', 'storageclasses', 'StorageClass', cluster),
  entry('access', 'v1', 'serviceaccounts', 'ServiceAccount'),
  entry('access', 'rbac.authorization.k8s.io/v1', 'roles', 'Role'),
  entry('access', 'rbac.authorization.k8s.io/v1', 'rolebindings', 'RoleBinding'),
  entry('access', 'rbac.authorization.k8s.io/v1', 'clusterroles', 'ClusterRole', cluster),
  entry('access', 'rbac.authorization.k8s.io/v1', 'clusterrolebindings', 'ClusterRoleBinding', cluster),
  entry('cluster', 'v1', 'namespaces', 'Namespace', cluster),
  entry('cluster', 'v1', 'events', 'Event', { actions: [] }),
  entry('nodes', 'v1', 'nodes', 'Node', {
    ...cluster,
    actions: ['cordon', 'uncordon', 'drain', 'labels', 'autonomy', 'editYaml', 'delete'],
  }),
  entry('nodes', 'apps.openyurt.io/v1beta2', 'nodepools', 'NodePool', {
    ...cluster,
    actions: ['addNodes', 'edit', 'editYaml', 'delete'],
  }),
];

const byResource = new Map(builtInKinds.map((kind) => [kind.resource, kind]));

export function builtInKind(resource: string): KindEntry | undefined {
  return byResource.get(resource);
}

export function kindOf(resource: string): KindEntry {
  const kind = byResource.get(resource);
  if (!kind) throw new Error(`${resource} is no built-in kind`);
  return kind;
}
