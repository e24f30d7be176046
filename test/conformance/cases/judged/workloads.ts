/** What people get wrong in workloads. */
import type { Case } from '../../case.ts';
import { changed, container, inGroup, judged } from './asking.ts';

const template = (spec: object = {}, labels: object | null = { app: 'a' }) => ({
  metadata: { labels },
  spec: { containers: [container()], ...spec },
});
const selector = { matchLabels: { app: 'a' } };
const deployment = (spec: object) => ({
  metadata: { name: 'd' },
  spec: { selector: selector, template: template(), ...spec },
});
const job = (spec: object, name = 'j') => ({
  metadata: { name },
  spec: { template: { spec: { containers: [container()], restartPolicy: 'Never' } }, ...spec },
});
const cronJob = (spec: object) => ({
  metadata: { name: 'cj' },
  spec: { schedule: '* * * * *', jobTemplate: { spec: job({}).spec }, ...spec },
});

const deployments: readonly object[] = [
  { selector: null },
  { selector: {} },
  { selector: { matchLabels: { app: 'b' } } },
  { template: null },
  { template: template({}, null) },
  { replicas: -1 },
  { minReadySeconds: -1 },
  { revisionHistoryLimit: -1 },
  { progressDeadlineSeconds: 0 },
  { progressDeadlineSeconds: 5, minReadySeconds: 10 },
  { strategy: { type: 'Foo' } },
  { strategy: { type: 'Recreate', rollingUpdate: {} } },
  { strategy: { rollingUpdate: { maxUnavailable: '0%', maxSurge: 0 } } },
  { strategy: { rollingUpdate: { maxUnavailable: '101%', maxSurge: '-1%' } } },
  { strategy: { rollingUpdate: { maxUnavailable: 'x' } } },
  { strategy: { rollingUpdate: { maxUnavailable: -1 } } },
  { template: template({ restartPolicy: 'Never' }) },
  { template: template({ containers: [] }) },
  { template: template({ activeDeadlineSeconds: 4 }) },
  { selector: { matchExpressions: [{ key: 'a', operator: 'Foo' }] } },
  { selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
  { selector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] } },
  { selector: { matchLabels: { 'a b': 'c d' } } },
  { replicas: 'x' },
  { replicas: 1.5 },
  { replicas: 3000000000 },
];

const statefulSets: readonly object[] = [
  ...deployments.slice(0, 6),
  { serviceName: 'Bad_' },
  { podManagementPolicy: 'Foo' },
  { updateStrategy: { type: 'Foo' } },
  { updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } },
  { updateStrategy: { rollingUpdate: { partition: -1, maxUnavailable: 0 } } },
  { ordinals: { start: -1 } },
  { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Foo' } },
  { volumeClaimTemplates: [{}] },
  { volumeClaimTemplates: [{ metadata: { name: 'a' }, spec: {} }] },
  { minReadySeconds: -1 },
];

const daemonSets: readonly object[] = [
  ...deployments.slice(0, 5),
  { updateStrategy: { type: 'Foo' } },
  { updateStrategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } } },
  { updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } },
  { minReadySeconds: -1 },
  { template: template({ activeDeadlineSeconds: 4 }) },
];

const jobs: readonly object[] = [
  { template: { spec: { containers: [container()] } } },
  { parallelism: -1 },
  { completions: -1 },
  { backoffLimit: -1 },
  { activeDeadlineSeconds: -1 },
  { ttlSecondsAfterFinished: -1 },
  { completionMode: 'Foo' },
  { completionMode: 'Indexed' },
  { completionMode: 'Indexed', completions: 200000, parallelism: 200000 },
  { selector: selector },
  { manualSelector: true },
  { manualSelector: true, selector: selector },
  { podFailurePolicy: { rules: [{}] } },
  {
    podFailurePolicy: {
      rules: [
        {
          action: 'FailJob',
          onExitCodes: { operator: 'In', values: [0, 0], containerName: 'x' },
          onPodConditions: [{ type: 'Bad cond' }],
        },
      ],
    },
  },
  { backoffLimitPerIndex: 1 },
  { maxFailedIndexes: 1 },
  { successPolicy: { rules: [{}] } },
  {
    completionMode: 'Indexed',
    completions: 3,
    successPolicy: { rules: [{ succeededIndexes: '0-9', succeededCount: 0 }] },
  },
  { podReplacementPolicy: 'Foo' },
  { managedBy: 'x' },
  { suspend: 'x' },
];

const cronJobs: readonly object[] = [
  { schedule: '' },
  { schedule: 'foo' },
  { schedule: '60 * * * *' },
  { schedule: '@every 1h' },
  { schedule: 'TZ=UTC * * * * *' },
  { timeZone: 'Foo/Bar' },
  { timeZone: '' },
  { timeZone: 'local' },
  { concurrencyPolicy: 'Foo' },
  { startingDeadlineSeconds: -1 },
  { successfulJobsHistoryLimit: -1 },
  { failedJobsHistoryLimit: -1 },
  { jobTemplate: null },
  { jobTemplate: { spec: { template: { spec: { containers: [container()] } } } } },
];

const apps = inGroup('apps/v1');
const batch = inGroup('batch/v1');

export const workloadCases: readonly Case[] = [
  judged('deployments', `${apps}/deployments`, deployments.map(deployment)),
  judged('replica sets', `${apps}/replicasets`, deployments.slice(0, 7).map(deployment)),
  judged('stateful sets', `${apps}/statefulsets`, statefulSets.map(deployment)),
  judged('daemon sets', `${apps}/daemonsets`, daemonSets.map(deployment)),
  judged(
    'jobs',
    `${batch}/jobs`,
    jobs.map((spec) => job(spec)),
  ),
  judged('cron jobs', `${batch}/cronjobs`, cronJobs.map(cronJob)),
  changed('a deployment that is changed', `${apps}/deployments`, deployment({}), [
    { selector: { matchLabels: { app: 'b' } } },
    { template: template({}, { app: 'b' }) },
    { replicas: 5 },
    { strategy: { type: 'Recreate' } },
    { strategy: { type: 'Recreate', rollingUpdate: null } },
    { paused: true },
  ]),
  changed('a stateful set that is changed', `${apps}/statefulsets`, deployment({ serviceName: 's' }), [
    { serviceName: 't' },
    { podManagementPolicy: 'Parallel' },
    { replicas: 3 },
    { minReadySeconds: 4 },
    { selector: { matchLabels: { app: 'b' } } },
  ]),
  changed('a job that is changed', `${batch}/jobs`, job({ completions: 2 }), [
    { completions: 3 },
    { parallelism: 3 },
    { template: { spec: { containers: [container({ image: 'z' })] } } },
    { suspend: true },
    { ttlSecondsAfterFinished: 4 },
    { backoffLimit: 3 },
    { completionMode: 'Indexed' },
  ]),
];
