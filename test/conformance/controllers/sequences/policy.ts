import { resources } from '@skerry/client';
import type { Sequence } from '../sequence.ts';
import { object, selecting, template } from './objects.ts';

const { podDisruptionBudgets, horizontalPodAutoscalers, deployments, statefulSets, configMaps, pods } =
  resources;
const { resourceQuotas, persistentVolumeClaims } = resources;
const pod = (name: string) =>
  ({ metadata: { name, labels: { app: 'web' } }, spec: template('web', 'runs:a').spec }) as never;
const budget = (spec: object) => object('budget', { selector: { matchLabels: { app: 'web' } }, ...spec });
const web = (replicas: number) => object('web', { replicas, ...selecting('web', 'runs:a') });
const autoscaler = (spec: object = {}) =>
  object('scaler', {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    minReplicas: 2,
    maxReplicas: 3,
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      },
    ],
    ...spec,
  });

/** As many pods as there are tens in a queue. */
const byQueue = (spec: object = {}) =>
  autoscaler({
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [
      {
        type: 'External',
        external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } },
      },
    ],
    ...spec,
  });

/** Here nobody serves metrics; our API server does, and has none. */
const metricsAreServed = {
  'judged: horizontalpodautoscalers[0].status.conditions[1].message':
    'there is a metrics API, without metrics',
  'judged: events.Warning | FailedComputeMetricsReplicas': 'the same',
  'judged: events.Warning | FailedGetResourceMetric': 'the same',
};

export const policySequences: readonly Sequence[] = [
  {
    name: 'a budget over pods of nobody',
    async play(stage) {
      await stage.create(podDisruptionBudgets, budget({ minAvailable: 1 }));
      await stage.look('no pods');
      await stage.create(pods, pod('one'));
      await stage.create(pods, pod('two'));
      await stage.look('two');
      await stage.evict({ app: 'web' });
      await stage.look('one');
      await stage.evict({ app: 'web' });
      await stage.look('none more');
    },
  },
  {
    name: 'a budget that needs a controller',
    async play(stage) {
      await stage.create(pods, pod('one'));
      await stage.create(podDisruptionBudgets, budget({ maxUnavailable: 1 }));
      await stage.look('unknown');
    },
  },
  ...(['IfHealthyBudget', 'AlwaysAllow'] as const).map((unhealthyPodEvictionPolicy) => ({
    name: `a budget over pods that are not ready: ${unhealthyPodEvictionPolicy}`,
    async play(stage: Parameters<Sequence['play']>[0]) {
      await stage.create(deployments, object('web', { replicas: 2, ...selecting('web', 'starts:a') }));
      await stage.look('made');
      await stage.create(podDisruptionBudgets, budget({ minAvailable: 1, unhealthyPodEvictionPolicy }));
      await stage.look('not ready');
      await stage.evict({ app: 'web' });
      await stage.look('asked');
    },
  })),
  {
    name: 'a budget in percent of a StatefulSet',
    async play(stage) {
      const spec = { replicas: 3, serviceName: 'web', podManagementPolicy: 'Parallel' };
      await stage.create(statefulSets, object('web', { ...spec, ...selecting('web', 'runs:a') }));
      await stage.look('made');
      await stage.create(podDisruptionBudgets, budget({ maxUnavailable: '30%' }));
      await stage.look('three');
      await stage.merge(statefulSets, 'web', { spec: { replicas: 4 } });
      await stage.look('four');
    },
  },
  {
    name: 'quotas of scopes',
    async play(stage) {
      const quota = (name: string, spec: object) =>
        stage.create(resourceQuotas, object(name, { hard: { pods: '3' }, ...spec }));
      await quota('best-effort', { scopes: ['BestEffort'] });
      await quota('not-best-effort', {
        scopes: ['NotBestEffort'],
        hard: { pods: '2', 'requests.cpu': '1' },
      });
      await quota('terminating', { scopes: ['Terminating'] });
      await quota('not-terminating', { scopes: ['NotTerminating'] });
      await quota('of-no-priority', {
        scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'DoesNotExist' }] },
      });
      await stage.look('quotas');
      await stage.create(pods, pod('plain'));
      const { spec } = template('web', 'runs:a');
      const asking = { ...spec.containers[0], resources: { requests: { cpu: '250m' } } };
      await stage.create(pods, {
        metadata: { name: 'asking' },
        spec: { ...spec, containers: [asking], activeDeadlineSeconds: 3600 },
      } as never);
      await stage.look('two');
      await stage.remove(pods, 'asking');
      await stage.look('one');
    },
  },
  {
    name: 'a claim that is used is kept, and one of no class says so',
    async play(stage) {
      const claim = (name: string, more: object = {}) =>
        object(name, {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '1Gi' } },
          ...more,
        });
      await stage.create(persistentVolumeClaims, claim('used'));
      await stage.create(persistentVolumeClaims, claim('of-none', { storageClassName: 'none' }));
      await stage.create(persistentVolumeClaims, claim('named', { volumeName: 'no-volume' }));
      const user = pod('user') as { spec: object };
      const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'used' } }];
      await stage.create(pods, { ...user, spec: { ...user.spec, volumes } } as never);
      await stage.look('waiting');
      await stage.remove(persistentVolumeClaims, 'used');
      await stage.look('kept');
      await stage.remove(pods, 'user');
      await stage.look('gone');
    },
  },
  {
    name: 'a budget in percent',
    async play(stage) {
      await stage.create(deployments, web(3));
      await stage.look('made');
      await stage.create(podDisruptionBudgets, budget({ minAvailable: '50%' }));
      await stage.look('three');
      await stage.merge(podDisruptionBudgets, 'budget', {
        spec: { minAvailable: null, maxUnavailable: '0%' },
      });
      await stage.look('never');
      await stage.evict({ app: 'web' });
      await stage.look('refused');
    },
  },
  {
    name: 'an autoscaler of what is not there',
    async play(stage) {
      await stage.create(horizontalPodAutoscalers, autoscaler());
      await stage.look('alone');
    },
  },
  ...[0, 1, 2, 5].map((replicas) => ({
    name: `an autoscaler over ${replicas} pods, without metrics`,
    known: metricsAreServed,
    async play(stage: Parameters<Sequence['play']>[0]) {
      await stage.create(deployments, web(replicas));
      await stage.look('made');
      await stage.create(horizontalPodAutoscalers, autoscaler());
      await stage.look('judged');
    },
  })),
  {
    name: 'an autoscaler follows a metric within its bounds, and is slow to shrink',
    async play(stage) {
      stage.measure('queue', '20');
      await stage.create(deployments, web(2));
      await stage.look('made');
      await stage.create(horizontalPodAutoscalers, byQueue());
      await stage.look('as it is');
      stage.measure('queue', '45');
      await stage.look('more');
      stage.measure('queue', '200');
      await stage.look('too many');
      stage.measure('queue', '10');
      await stage.look('held');
      stage.measure('queue');
      await stage.look('unknown');
    },
  },
  {
    name: 'an autoscaler may shrink by one pod in half an hour, and not grow',
    async play(stage) {
      stage.measure('queue', '40');
      await stage.create(deployments, web(4));
      await stage.look('made');
      const policies = [{ type: 'Pods', value: 1, periodSeconds: 1800 }];
      const behavior = {
        scaleDown: { stabilizationWindowSeconds: 0, policies },
        scaleUp: { selectPolicy: 'Disabled' },
      };
      await stage.create(horizontalPodAutoscalers, byQueue({ behavior }));
      await stage.look('as it is');
      stage.measure('queue', '10');
      await stage.look('one fewer');
      stage.measure('queue', '100');
      await stage.look('no more');
    },
  },
  {
    name: 'a namespace waits for what is held',
    async play(stage) {
      await stage.create(deployments, web(2));
      await stage.look('made');
      await stage.create(configMaps, { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
      await stage.removeNamespace();
      await stage.look('held');
      await stage.merge(configMaps, 'held', { metadata: { finalizers: null } });
      await stage.look('gone');
    },
  },
];
