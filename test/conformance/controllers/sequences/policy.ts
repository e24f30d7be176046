import { resources } from '@skerry/client';
import type { Sequence } from '../sequence.ts';
import { object, selecting, template } from './objects.ts';

const { podDisruptionBudgets, horizontalPodAutoscalers, deployments, configMaps, pods } = resources;
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
  {
    name: 'a budget in percent',
    async play(stage) {
      await stage.create(deployments, web(3));
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
