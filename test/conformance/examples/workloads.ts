import { type Example, template } from './example.ts';
import { fullPodSpec } from './pod.ts';

const selector = { matchLabels: { app: 'a' } };
const fullTemplate = {
  metadata: { labels: { app: 'a', tier: 'b' } },
  spec: { ...fullPodSpec, activeDeadlineSeconds: undefined },
};
const jobTemplate = { spec: { ...template.spec, restartPolicy: 'Never' } };

export const workloadExamples: readonly Example[] = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    resource: 'deployments',
    minimal: { spec: { selector, template } },
    full: {
      spec: {
        replicas: 3,
        selector: { ...selector, matchExpressions: [{ key: 'tier', operator: 'In', values: ['b'] }] },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: '10%' } },
        minReadySeconds: 3,
        revisionHistoryLimit: 2,
        progressDeadlineSeconds: 100,
        paused: true,
        template: fullTemplate,
      },
    },
    change: { spec: { replicas: 4 } },
    status: {
      observedGeneration: 1,
      replicas: 4,
      updatedReplicas: 3,
      readyReplicas: 2,
      availableReplicas: 2,
      unavailableReplicas: 2,
      conditions: [{ type: 'Available', status: 'True', reason: 'R', message: 'm' }],
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    resource: 'replicasets',
    minimal: { spec: { selector, template } },
    full: { spec: { replicas: 2, minReadySeconds: 1, selector, template: fullTemplate } },
    change: { spec: { replicas: 4 } },
    status: { replicas: 4, readyReplicas: 3, availableReplicas: 2, fullyLabeledReplicas: 4 },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    resource: 'statefulsets',
    minimal: { spec: { serviceName: 's', selector, template } },
    full: {
      spec: {
        serviceName: 's',
        replicas: 2,
        selector,
        template: fullTemplate,
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
        minReadySeconds: 2,
        ordinals: { start: 3 },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    },
    change: { spec: { replicas: 4 } },
    status: { replicas: 4, readyReplicas: 3, currentRevision: 'a', updateRevision: 'b' },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    resource: 'daemonsets',
    minimal: { spec: { selector, template } },
    full: {
      spec: {
        selector,
        template: fullTemplate,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } },
        minReadySeconds: 4,
        revisionHistoryLimit: 3,
      },
    },
    change: { spec: { minReadySeconds: 3 } },
    status: {
      currentNumberScheduled: 2,
      desiredNumberScheduled: 3,
      numberMisscheduled: 0,
      numberReady: 1,
      updatedNumberScheduled: 2,
      numberAvailable: 1,
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    resource: 'controllerrevisions',
    minimal: { revision: 1, data: { a: 1 } },
    full: { revision: 2, data: { spec: { a: 1, b: ['c'] } } },
    change: { revision: 5 },
  },
  {
    apiVersion: 'batch/v1',
    kind: 'Job',
    resource: 'jobs',
    minimal: { spec: { template: jobTemplate } },
    full: {
      spec: {
        parallelism: 2,
        completions: 4,
        completionMode: 'Indexed',
        backoffLimitPerIndex: 1,
        maxFailedIndexes: 2,
        activeDeadlineSeconds: 100,
        ttlSecondsAfterFinished: 10,
        suspend: true,
        podFailurePolicy: {
          rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }],
        },
        template: jobTemplate,
      },
    },
    change: { spec: { parallelism: 3 } },
    status: { active: 1, succeeded: 2, failed: 1, ready: 1 },
  },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    resource: 'cronjobs',
    minimal: { spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: jobTemplate } } } },
    full: {
      spec: {
        schedule: '0 3 * * 1',
        timeZone: 'Europe/Berlin',
        startingDeadlineSeconds: 60,
        concurrencyPolicy: 'Forbid',
        suspend: true,
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 0,
        jobTemplate: {
          metadata: { labels: { a: 'b' } },
          spec: { backoffLimit: 2, template: jobTemplate },
        },
      },
    },
    change: { spec: { suspend: true } },
    status: { lastScheduleTime: '2020-01-01T00:00:00Z' },
  },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    resource: 'horizontalpodautoscalers',
    minimal: {
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3 },
    },
    full: {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        minReplicas: 2,
        maxReplicas: 10,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
          },
          {
            type: 'Resource',
            resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '500Mi' } },
          },
          {
            type: 'Pods',
            pods: {
              metric: { name: 'packets', selector: { matchLabels: { a: 'b' } } },
              target: { type: 'AverageValue', averageValue: '1k' },
            },
          },
          {
            type: 'External',
            external: { metric: { name: 'queue' }, target: { type: 'Value', value: '30' } },
          },
        ],
        behavior: {
          scaleDown: {
            stabilizationWindowSeconds: 60,
            policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }],
            selectPolicy: 'Min',
          },
        },
      },
    },
    change: { spec: { minReplicas: 2 } },
    status: {
      currentReplicas: 2,
      desiredReplicas: 3,
      conditions: [{ type: 'ScalingActive', status: 'True', reason: 'R', message: 'm' }],
      currentMetrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '100m' } },
        },
      ],
    },
  },
  {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    resource: 'horizontalpodautoscalers',
    minimal: {
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3 },
    },
    full: {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        minReplicas: 2,
        maxReplicas: 10,
        targetCPUUtilizationPercentage: 70,
      },
    },
    change: { spec: { targetCPUUtilizationPercentage: 60 } },
    status: { currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 50 },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    resource: 'poddisruptionbudgets',
    minimal: { spec: {} },
    full: { spec: { minAvailable: '50%', selector, unhealthyPodEvictionPolicy: 'AlwaysAllow' } },
    change: { spec: { maxUnavailable: 1 } },
    status: { currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0, expectedPods: 2 },
  },
];
