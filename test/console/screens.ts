/** Every screen by its address: each is opened in all languages and themes, checked, and photographed. */
export const screens: Readonly<Record<string, string>> = {
  home: '/',
  clusters: '/clusters',
  'create-cluster': '/clusters/new',
  'import-cluster': '/clusters/import',
  tasks: '/tasks',
  task: '/tasks/create-factory-2',
  users: '/users',
  grants: '/grants',
  owners: '/owners',
  providers: '/providers',
  audit: '/audit',
  settings: '/settings',
  overview: '/c/edge',
  pools: '/c/edge/pools',
  'create-pool': '/c/edge/pools/new',
  pool: '/c/edge/pools/shanghai',
  'edit-pool': '/c/edge/pools/guangzhou/edit',
  'add-nodes': '/c/edge/pools/shanghai/add',
  nodes: '/c/edge/nodes',
  node: '/c/edge/nodes/shanghai-2',
  gpu: '/c/edge/gpu',
  components: '/c/edge/components',
  events: '/c/edge/events',
  deployments: '/c/edge/resources/deployments.apps',
  deployment: '/c/edge/resources/deployments.apps/shop/web',
  statefulsets: '/c/edge/resources/statefulsets.apps',
  daemonsets: '/c/edge/resources/daemonsets.apps',
  daemonset: '/c/edge/resources/daemonsets.apps/shop/fleet-agent',
  'daemonset-yaml': '/c/edge/resources/daemonsets.apps/shop/fleet-agent?tab=yaml',
  jobs: '/c/edge/resources/jobs.batch',
  cronjobs: '/c/edge/resources/cronjobs.batch',
  pods: '/c/edge/resources/pods',
  'pods-none': '/c/edge/resources/pods?q=nothing-is-called-so',
  pod: '/c/edge/resources/pods/shop/web-2-c9fd4',
  'pod-charts': '/c/edge/resources/pods/shop/web-2-c9fd4?tab=charts',
  'pod-events': '/c/edge/resources/pods/shop/web-2-c9fd4?tab=events',
  services: '/c/edge/resources/services',
  service: '/c/edge/resources/services/shop/web',
  configmaps: '/c/edge/resources/configmaps',
  configmap: '/c/edge/resources/configmaps/shop/web-settings',
  secret: '/c/edge/resources/secrets/shop/orders-db',
  claims: '/c/edge/resources/persistentvolumeclaims',
  volumes: '/c/edge/resources/persistentvolumes',
  custom: '/c/edge/resources/daemonsets.apps.kruise.io/shop/edge-cache',
  'create-workload': '/c/edge/create?type=DaemonSet',
  'edit-workload': '/c/edge/resources/daemonsets.apps/shop/fleet-agent/edit',
  'create-from-yaml': '/c/edge/yaml',
  'edit-yaml': '/c/edge/resources/deployments.apps/shop/web/yaml',
  definitions: '/c/edge/custom-resources',
  'resource-objects': '/c/edge/custom-resources?tab=objects&type=apps.kruise.io/v1alpha1/daemonsets',
};

/** What has no address of its own: a screen, and what is clicked there, by the names of buttons in English. */
export interface Scene {
  readonly path: string;
  readonly fill?: Readonly<Record<string, string>>;
  readonly clicks: readonly string[];
}

const wizard = '/c/edge/create?type=DaemonSet';
const pod = '/c/edge/resources/pods/shop/web-2-a9fd4';
const next = (steps: number): string[] => Array.from({ length: steps }, () => 'Next');

/** Looked at in English only: each in the order of the list, as what is opened may stay open. */
export const scenes: Readonly<Record<string, Scene>> = {
  'wizard-containers': { path: wizard, fill: { 'Application name': 'fleet-agent' }, clicks: next(1) },
  'wizard-placement': {
    path: wizard,
    fill: { 'Application name': 'fleet-agent', Image: 'registry.example.com/fleet-agent:1.1' },
    clicks: next(2),
  },
  'wizard-rollout': {
    path: wizard,
    fill: { 'Application name': 'fleet-agent', Image: 'registry.example.com/fleet-agent:1.1' },
    clicks: next(3),
  },
  'wizard-review': {
    path: wizard,
    fill: { 'Application name': 'log-shipper', Image: 'registry.example.com/log-shipper:2.0' },
    clicks: next(4),
  },
  scale: { path: '/c/edge/resources/deployments.apps/shop/web', clicks: ['Scale'] },
  history: { path: '/c/edge/resources/daemonsets.apps/shop/fleet-agent', clicks: ['History and rollback'] },
  'grant-a-role': { path: '/grants', clicks: ['Grant a role'] },
  'configure-component': {
    path: '/c/edge/components',
    clicks: ['Configure: OpenKruise', 'Show what would change'],
  },
  'join-script': { path: '/c/edge/pools/shanghai/add', clicks: ['Make the script'] },
  columns: { path: '/c/edge/nodes', clicks: ['Columns'] },
  logs: { path: pod, clicks: ['Logs'] },
  terminal: { path: pod, clicks: ['Terminal'] },
};
