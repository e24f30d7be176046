import type { ObjectMeta } from '#object.ts';
import type {
  ContainerResourceMetricSource,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV1,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
  MetricValueStatus,
  ResourceMetricSource,
} from '#types.generated.ts';
import {
  validateAutoscaler,
  validateAutoscalerStatus,
  validateAutoscalerUpdate,
} from '#validation/autoscaling.ts';
import {
  autoscalerAnnotations,
  behaviorOf,
  behaviorText,
  conditionsOf,
  conditionsText,
  currentMetricsOf,
  currentMetricsText,
  droppedAnnotations,
  metricsOf,
  metricsText,
} from '#kinds/autoscaling/autoscaler-annotations.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

const unknown = '<unknown>';

function percent(value: number | undefined): string {
  return value === undefined ? unknown : `${value}%`;
}

function resourceText(
  source: ResourceMetricSource | ContainerResourceMetricSource,
  current: MetricValueStatus | undefined,
): string {
  const { target } = source;
  const text =
    target.averageValue !== undefined
      ? `${current?.averageValue ?? unknown}/${target.averageValue}`
      : `${percent(current?.averageUtilization)}/${target.averageUtilization === undefined ? '<auto>' : percent(target.averageUtilization)}`;
  return `${source.name}: ${text}`;
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  if (spec.resource) return resourceText(spec.resource, status?.resource?.current);
  if (spec.containerResource) return resourceText(spec.containerResource, status?.containerResource?.current);
  if (spec.pods) return `${status?.pods?.current?.averageValue ?? unknown}/${spec.pods.target.averageValue}`;
  const target = spec.external?.target ?? spec.object?.target;
  if (!target) return '<unknown type>';
  const current = status?.external?.current ?? status?.object?.current;
  return target.averageValue !== undefined
    ? `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`
    : `${current?.value ?? unknown}/${target.value}`;
}

function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const specs = spec?.metrics ?? [];
  if (specs.length === 0) return '<none>';
  const texts = specs.map((metric, index) => metricText(metric, status?.currentMetrics?.[index]));
  return texts.length > 2
    ? `${texts.slice(0, 2).join(', ')} + ${texts.length - 2} more...`
    : texts.join(', ');
}

function withDefaultRules(rules: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules {
  const given = Object.entries(rules ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

function setDefaults({ spec }: HorizontalPodAutoscaler): void {
  if (!spec) return;
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length)
    spec.metrics = [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
      },
    ];
  if (!spec.behavior) return;
  spec.behavior.scaleUp = withDefaultRules(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  });
  spec.behavior.scaleDown = withDefaultRules(spec.behavior.scaleDown, {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  });
}

export const horizontalPodAutoscalerBehaviour = behaviour<HorizontalPodAutoscaler>({
  columns: [
    nameColumn,
    column<HorizontalPodAutoscaler>(
      'Reference',
      ({ spec }) => `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`,
    ),
    column<HorizontalPodAutoscaler>('Targets', targetsText),
    column<HorizontalPodAutoscaler>('MinPods', ({ spec }) => String(spec?.minReplicas ?? '<unset>')),
    column<HorizontalPodAutoscaler>('MaxPods', ({ spec }) => spec?.maxReplicas ?? 0),
    column<HorizontalPodAutoscaler>('Replicas', ({ status }) => status?.currentReplicas ?? 0),
    ageColumn,
  ],
  strategy: {
    setDefaults,
    validate: validateAutoscaler,
    validateUpdate: validateAutoscalerUpdate,
    validateStatus: validateAutoscalerStatus,
  },
});

function withoutCarried(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !droppedAnnotations.includes(key)));
}

function isCpuUtilization(metric: MetricSpec): boolean {
  return metric.resource?.name === 'cpu' && metric.resource.target.averageUtilization !== undefined;
}

function withAnnotations<T extends { annotations?: Record<string, string> }>(
  { annotations: _replaced, ...metadata }: T,
  annotations: Record<string, string>,
): Omit<T, 'annotations'> & { annotations?: Record<string, string> } {
  return Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata;
}

/** autoscaling/v1 knows one metric, cpu; all else of v2 rides along in annotations. */
function autoscalerFromV1(old: HorizontalPodAutoscalerV1): HorizontalPodAutoscaler {
  const given = old.metadata.annotations ?? {};
  const kept = withoutCarried(given);
  const { targetCPUUtilizationPercentage: cpu, ...spec } = old.spec ?? {
    maxReplicas: 0,
    scaleTargetRef: {} as never,
  };
  const { currentCPUUtilizationPercentage: currentCpu, ...status } = old.status ?? {
    currentReplicas: 0,
    desiredReplicas: 0,
  };
  const cpuSpec: MetricSpec[] =
    cpu === undefined
      ? []
      : [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } },
          },
        ];
  const cpuStatus: MetricStatus[] =
    currentCpu === undefined
      ? []
      : [
          {
            type: 'Resource',
            resource: { name: 'cpu', current: { averageUtilization: currentCpu, averageValue: '0' } },
          },
        ];
  const behavior = behaviorOf(given[autoscalerAnnotations.behavior]);
  const conditions = conditionsOf(given[autoscalerAnnotations.conditions]);
  const allMetrics = [...(metricsOf(given[autoscalerAnnotations.metrics]) ?? []), ...cpuSpec];
  // What the annotation says of cpu is more than the plain field does.
  const allStatus = currentMetricsOf(given[autoscalerAnnotations.currentMetrics]) ?? cpuStatus;
  return {
    ...old,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(old.metadata, kept),
    spec: {
      ...spec,
      ...(allMetrics.length > 0 ? { metrics: allMetrics } : {}),
      ...(behavior ? { behavior } : {}),
    },
    status: {
      ...status,
      ...(allStatus.length > 0 ? { currentMetrics: allStatus } : {}),
      ...(conditions ? { conditions } : {}),
    },
  };
}

function autoscalerToV1(current: HorizontalPodAutoscaler): HorizontalPodAutoscalerV1 {
  const { metrics = [], behavior, ...spec } = current.spec ?? { maxReplicas: 0, scaleTargetRef: {} as never };
  const { currentMetrics: told, conditions, ...status } = current.status ?? { desiredReplicas: 0 };
  const currentMetrics = told ?? [];
  const cpu = metrics.find(isCpuUtilization)?.resource?.target.averageUtilization;
  const currentCpu = currentMetrics.find(({ resource }) => resource?.name === 'cpu')?.resource?.current
    .averageUtilization;
  const others = metrics.filter((metric) => !isCpuUtilization(metric));
  const { metrics: metricsKey, currentMetrics: currentKey, ...keys } = autoscalerAnnotations;
  const carried = {
    ...withoutCarried(current.metadata.annotations ?? {}),
    ...(others.length > 0 ? { [metricsKey]: metricsText(others) } : {}),
    ...(currentMetrics.length > 0 ? { [currentKey]: currentMetricsText(currentMetrics) } : {}),
    ...(conditions?.length ? { [keys.conditions]: conditionsText(conditions) } : {}),
    ...(behavior ? { [keys.behavior]: behaviorText(behavior) } : {}),
  };
  return {
    ...current,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(current.metadata, carried),
    spec: { ...spec, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
    status: {
      currentReplicas: 0,
      ...status,
      ...(currentCpu === undefined ? {} : { currentCPUUtilizationPercentage: currentCpu }),
    },
  };
}

const ofSpec = [autoscalerAnnotations.metrics, autoscalerAnnotations.behavior];
const ofStatus = [autoscalerAnnotations.currentMetrics, autoscalerAnnotations.conditions];

/** What annotations carry of a part that a writer may not change is as it was. */
function keepCarried(
  { metadata }: HorizontalPodAutoscalerV1,
  old: HorizontalPodAutoscalerV1 | undefined,
  keys: readonly string[],
): void {
  const kept = Object.entries(metadata.annotations ?? {}).filter(([key]) => !keys.includes(key));
  for (const key of keys) {
    const text = old?.metadata.annotations?.[key];
    if (text !== undefined) kept.push([key, text]);
  }
  setAnnotations(metadata, Object.fromEntries(kept));
}

/** In place: whoever writes an object holds on to its metadata. */
function setAnnotations(metadata: ObjectMeta, annotations: Record<string, string> = {}): void {
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations;
  else delete metadata.annotations;
}

export const horizontalPodAutoscalerV1Behaviour = behaviour<HorizontalPodAutoscalerV1>({
  columns: horizontalPodAutoscalerBehaviour.columns.map((info) => ({
    ...info,
    cell: (object, nowMs) =>
      info.cell(
        autoscalerFromV1(object as unknown as HorizontalPodAutoscalerV1) as unknown as typeof object,
        nowMs,
      ),
  })),
  storage: { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' },
  conversion: {
    // Both sides are autoscalers by the registry's schema check.
    toStorage: (object) =>
      autoscalerFromV1(object as unknown as HorizontalPodAutoscalerV1) as unknown as typeof object,
    fromStorage: (object) =>
      autoscalerToV1(object as unknown as HorizontalPodAutoscaler) as unknown as typeof object,
  },
  strategy: {
    setDefaults(autoscaler) {
      const { metadata, spec } = autoscaler;
      if (!spec) return;
      spec.minReplicas ??= 1;
      if (!metadata?.annotations?.[autoscalerAnnotations.metrics]) spec.targetCPUUtilizationPercentage ??= 80;
      // A stock server reads it into the newer form and back.
      const { metadata: carrying, status } = autoscalerToV1(
        autoscalerFromV1({ ...autoscaler, metadata: metadata ?? {} }),
      );
      setAnnotations(metadata ?? {}, carrying.annotations);
      if (autoscaler.status) autoscaler.status = status;
    },
    prepareForCreate: (autoscaler) => keepCarried(autoscaler, undefined, ofStatus),
    prepareForUpdate: (autoscaler, old) => keepCarried(autoscaler, old, ofStatus),
    prepareForStatus: (autoscaler, old) => keepCarried(autoscaler, old, ofSpec),
    validate: (old) => validateAutoscaler(autoscalerFromV1(old)),
    validateUpdate: (next, old) => validateAutoscalerUpdate(autoscalerFromV1(next), autoscalerFromV1(old)),
    validateStatus: (next) => validateAutoscalerStatus(autoscalerFromV1(next)),
  },
});
