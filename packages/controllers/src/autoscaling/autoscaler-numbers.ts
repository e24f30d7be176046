/** Numbers of autoscalers under the names of stock clusters. */
import type { HorizontalPodAutoscaler } from '@skerry/api';
import type { Informer } from '@skerry/client';
import type { Metrics } from '#runtime/metrics.ts';
import { exponential } from '#runtime/numbers.ts';

export type ScaleAction = 'scale_up' | 'scale_down' | 'none';
export type ScaleFault = 'spec' | 'internal' | 'none';

export type AutoscalerNumbers = ReturnType<typeof autoscalerNumbers>;

export const actionOf = (from: number, to: number): ScaleAction =>
  to > from ? 'scale_up' : to < from ? 'scale_down' : 'none';

export function autoscalerNumbers(metrics: Metrics) {
  const named = (name: string, help: string, labels: readonly string[]) => ({
    name: `horizontal_pod_autoscaler_controller_${name}`,
    help,
    labels,
  });
  const buckets = exponential(0.001, 2, 15);
  const looks = metrics.counter(
    named('reconciliations_total', 'Number of reconciliations of HPA controller.', ['action', 'error']),
  );
  const lookSeconds = metrics.histogram({
    ...named(
      'reconciliation_duration_seconds',
      'The time(seconds) that the HPA controller takes to reconcile once.',
      ['action', 'error'],
    ),
    buckets,
  });
  const ofMetric = ['action', 'error', 'metric_type'];
  const computations = metrics.counter(
    named('metric_computation_total', 'Number of metric computations.', ofMetric),
  );
  const computationSeconds = metrics.histogram({
    ...named(
      'metric_computation_duration_seconds',
      'The time(seconds) that the HPA controller takes to calculate one metric.',
      ofMetric,
    ),
    buckets,
  });
  let copies: Informer<HorizontalPodAutoscaler> | undefined;
  const sampled = (
    name: string,
    help: string,
    labels: readonly string[],
    sample: (all: readonly HorizontalPodAutoscaler[]) => (readonly [readonly string[], number])[],
  ) => metrics.sampled({ ...named(name, help, labels), type: 'gauge' }, () => sample(copies?.list() ?? []));
  sampled('num_horizontal_pod_autoscalers', 'Current number of controlled HPA objects.', [], (all) => [
    [[], all.length],
  ]);
  sampled(
    'desired_replicas',
    'Current desired replica count for HPA objects.',
    ['namespace', 'hpa_name'],
    (all) =>
      all.map(({ metadata, status }) => [
        [metadata.namespace ?? '', metadata.name ?? ''],
        status?.desiredReplicas ?? 0,
      ]),
  );
  return {
    follow: (autoscalers: Informer<HorizontalPodAutoscaler>) => void (copies = autoscalers),
    looked({ action, error, seconds }: { action: ScaleAction; error: ScaleFault; seconds: number }) {
      looks.with(action, error).add();
      lookSeconds.with(action, error).observe(seconds);
    },
    computed(type: string, given: { action: ScaleAction; error: ScaleFault; seconds: number }) {
      computations.with(given.action, given.error, type).add();
      computationSeconds.with(given.action, given.error, type).observe(given.seconds);
    },
  };
}
