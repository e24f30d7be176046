/** What the "Sample Template" list offers: complete manifests that a server accepts as they are. */
import { templateTexts } from './template-texts.ts';

export type TemplateGroup = 'workload' | 'edge' | 'gpu' | 'network' | 'config' | 'access';

export interface Template {
  readonly id: string;
  readonly group: TemplateGroup;
  /** A name of kinds, the same in every language, and what is special about it. */
  readonly title: string;
  readonly yaml: string;
}

/** The empty one, for what one writes or pastes oneself. */
export const customTemplate = 'custom';

export const templateGroups: readonly TemplateGroup[] = [
  'workload',
  'edge',
  'gpu',
  'network',
  'config',
  'access',
];

const described: readonly (readonly [id: keyof typeof templateTexts, group: TemplateGroup, title: string])[] =
  [
    ['deployment', 'workload', 'Deployment'],
    ['deployment-service', 'workload', 'Deployment + Service'],
    ['statefulset', 'workload', 'StatefulSet + PersistentVolumeClaim'],
    ['daemonset', 'workload', 'DaemonSet'],
    ['job', 'workload', 'Job'],
    ['cronjob', 'workload', 'CronJob'],
    ['daemonset-pool', 'edge', 'DaemonSet (node pool)'],
    ['daemonset-ota', 'edge', 'DaemonSet (AdvancedRollingUpdate)'],
    ['kruise-daemonset', 'edge', 'OpenKruise DaemonSet'],
    ['kruise-broadcastjob', 'edge', 'OpenKruise BroadcastJob'],
    ['nodepool', 'edge', 'NodePool'],
    ['gpu-deployment', 'gpu', 'Deployment (nvidia.com/gpu)'],
    ['gpu-job', 'gpu', 'Job (nvidia.com/gpu)'],
    ['service-topology', 'network', 'Service (node pool topology)'],
    ['ingress', 'network', 'Ingress'],
    ['networkpolicy', 'network', 'NetworkPolicy'],
    ['configmap', 'config', 'ConfigMap'],
    ['secret', 'config', 'Secret'],
    ['pvc', 'config', 'PersistentVolumeClaim'],
    ['quota', 'config', 'ResourceQuota + LimitRange'],
    ['role', 'access', 'ServiceAccount + Role + RoleBinding'],
  ];

export const templates: readonly Template[] = described.map(([id, group, title]) => ({
  id,
  group,
  title,
  yaml: templateTexts[id],
}));

export function templateOf(id: string): Template | undefined {
  return templates.find((template) => template.id === id);
}

const ofResource: Readonly<Record<string, string>> = {
  'deployments.apps': 'deployment',
  'statefulsets.apps': 'statefulset',
  'daemonsets.apps': 'daemonset',
  'daemonsets.apps.kruise.io': 'kruise-daemonset',
  'broadcastjobs.apps.kruise.io': 'kruise-broadcastjob',
  'jobs.batch': 'job',
  'cronjobs.batch': 'cronjob',
  'ingresses.networking.k8s.io': 'ingress',
  'networkpolicies.networking.k8s.io': 'networkpolicy',
  services: 'service-topology',
  configmaps: 'configmap',
  secrets: 'secret',
  persistentvolumeclaims: 'pvc',
  resourcequotas: 'quota',
  'roles.rbac.authorization.k8s.io': 'role',
  'nodepools.apps.openyurt.io': 'nodepool',
};

/** What to begin with for who comes from a list. */
export function templateOfResource(resource: string | undefined): string | undefined {
  return resource && Object.hasOwn(ofResource, resource) ? ofResource[resource] : undefined;
}
