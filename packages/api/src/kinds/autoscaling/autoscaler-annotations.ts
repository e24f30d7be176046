/**
 * What autoscaling/v1 can't say of an autoscaler rides in annotations, each the JSON of a list in a form that is older than
 * v2; the behaviour, for reasons of history, in the form of Go's own types. Order of fields and zeros that are told are
 * those of stock servers, since clients compare the texts.
 */
import type {
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
  MetricTarget,
} from '#types.generated.ts';
import { typedForm } from '#validation/typed-form.ts';

export const autoscalerAnnotations = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
} as const;

/** These say something about the two ways of scaling and are dropped with the others. */
export const droppedAnnotations: readonly string[] = [
  ...Object.values(autoscalerAnnotations),
  'autoscaling.alpha.kubernetes.io/scale-down-tolerance',
  'autoscaling.alpha.kubernetes.io/scale-up-tolerance',
];

export function metricsText(metrics: readonly MetricSpec[]): string {
  return JSON.stringify(
    metrics.map(({ type, object, pods, resource, containerResource, external }) => ({
      type,
      object: object && {
        target: targetReference(object.describedObject),
        metricName: object.metric.name,
        targetValue: object.target.value ?? '0',
        selector: selector(object.metric.selector),
        averageValue: object.target.averageValue,
      },
      pods: pods && {
        metricName: pods.metric.name,
        targetAverageValue: pods.target.averageValue ?? '0',
        selector: selector(pods.metric.selector),
      },
      resource: resource && {
        name: resource.name,
        targetAverageUtilization: resource.target.averageUtilization,
        targetAverageValue: resource.target.averageValue,
      },
      containerResource: containerResource && {
        name: containerResource.name,
        targetAverageUtilization: containerResource.target.averageUtilization,
        targetAverageValue: containerResource.target.averageValue,
        container: containerResource.container,
      },
      external: external && {
        metricName: external.metric.name,
        metricSelector: selector(external.metric.selector),
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      },
    })),
  );
}

export function currentMetricsText(metrics: readonly MetricStatus[]): string {
  return JSON.stringify(
    metrics.map(({ type, object, pods, resource, containerResource, external }) => ({
      type,
      object: object && {
        target: targetReference(object.describedObject),
        metricName: object.metric.name,
        currentValue: object.current.value ?? '0',
        selector: selector(object.metric.selector),
        averageValue: object.current.averageValue,
      },
      pods: pods && {
        metricName: pods.metric.name,
        currentAverageValue: pods.current.averageValue ?? '0',
        selector: selector(pods.metric.selector),
      },
      resource: resource && {
        name: resource.name,
        currentAverageUtilization: resource.current.averageUtilization,
        currentAverageValue: resource.current.averageValue ?? '0',
      },
      containerResource: containerResource && {
        name: containerResource.name,
        currentAverageUtilization: containerResource.current.averageUtilization,
        currentAverageValue: containerResource.current.averageValue ?? '0',
        container: containerResource.container,
      },
      external: external && {
        metricName: external.metric.name,
        metricSelector: selector(external.metric.selector),
        currentValue: external.current.value ?? '0',
        currentAverageValue: external.current.averageValue,
      },
    })),
  );
}

export function conditionsText(conditions: readonly HorizontalPodAutoscalerCondition[]): string {
  return JSON.stringify(
    conditions.map(({ type, status, lastTransitionTime, reason, message }) => ({
      type,
      status,
      lastTransitionTime: lastTransitionTime ?? null,
      reason: reason || undefined,
      message: message || undefined,
    })),
  );
}

export function behaviorText(behavior: HorizontalPodAutoscalerBehavior): string {
  return JSON.stringify(typedForm('autoscaling.HorizontalPodAutoscalerBehavior', behavior));
}

interface Reference {
  readonly kind: string;
  readonly name: string;
  readonly apiVersion?: string;
}

function targetReference({ kind, name, apiVersion }: Reference): object {
  return { kind, name, apiVersion: apiVersion || undefined };
}

type Selector = NonNullable<MetricSpec['pods']>['metric']['selector'];

function selector(given: Selector): Selector {
  if (!given) return undefined;
  const { matchLabels, matchExpressions } = given;
  return {
    ...(matchLabels
      ? { matchLabels: Object.fromEntries(Object.entries(matchLabels).sort(([a], [b]) => (a < b ? -1 : 1))) }
      : {}),
    ...(matchExpressions ? { matchExpressions } : {}),
  };
}

/** The forms that texts have; any field may be missing from what people write by hand. */
interface OldMetric {
  readonly type?: string;
  readonly object?: Old & { readonly target?: Partial<Reference> };
  readonly pods?: Old;
  readonly resource?: Old & { readonly name?: string };
  readonly containerResource?: Old & { readonly name?: string; readonly container?: string };
  readonly external?: Old;
}

interface Old {
  readonly metricName?: string;
  readonly selector?: Selector;
  readonly metricSelector?: Selector;
  readonly averageValue?: string;
  readonly targetValue?: string;
  readonly targetAverageValue?: string;
  readonly targetAverageUtilization?: number;
  readonly currentValue?: string;
  readonly currentAverageValue?: string;
  readonly currentAverageUtilization?: number;
}

/** Undefined for a text that is no list of metrics, which counts as none. */
export function metricsOf(text: string | undefined): MetricSpec[] | undefined {
  return (listOf(text) as OldMetric[] | undefined)?.map(
    ({ type = '', object, pods, resource, containerResource, external }) =>
      dense({
        type,
        object: object && {
          describedObject: describedObject(object),
          metric: metric(object),
          target: objectTarget(object),
        },
        pods: pods && {
          metric: metric(pods),
          target: { type: 'AverageValue', averageValue: pods.targetAverageValue ?? '0' },
        },
        resource: resource && { name: resource.name ?? '', target: resourceTarget(resource) },
        containerResource: containerResource && {
          name: containerResource.name ?? '',
          container: containerResource.container ?? '',
          target: resourceTarget(containerResource),
        },
        external: external && {
          metric: metric({ ...external, selector: external.metricSelector }),
          target: {
            type: external.targetValue === undefined ? 'AverageValue' : 'Value',
            value: external.targetValue,
            averageValue: external.targetAverageValue,
          },
        },
      }),
  );
}

export function currentMetricsOf(text: string | undefined): MetricStatus[] | undefined {
  return (listOf(text) as OldMetric[] | undefined)?.map(
    ({ type = '', object, pods, resource, containerResource, external }) =>
      dense({
        type,
        object: object && {
          describedObject: describedObject(object),
          metric: metric(object),
          current: { value: object.currentValue ?? '0', averageValue: object.averageValue },
        },
        pods: pods && { metric: metric(pods), current: { averageValue: pods.currentAverageValue ?? '0' } },
        resource: resource && { name: resource.name ?? '', current: resourceCurrent(resource) },
        containerResource: containerResource && {
          name: containerResource.name ?? '',
          container: containerResource.container ?? '',
          current: resourceCurrent(containerResource),
        },
        external: external && {
          metric: metric({ ...external, selector: external.metricSelector }),
          current: { value: external.currentValue ?? '0', averageValue: external.currentAverageValue },
        },
      }),
  );
}

export function conditionsOf(text: string | undefined): HorizontalPodAutoscalerCondition[] | undefined {
  return (listOf(text) as HorizontalPodAutoscalerCondition[] | undefined)?.map((condition) =>
    dense(condition),
  );
}

/** Undefined for a text that says nothing about behaviour. */
export function behaviorOf(text: string | undefined): HorizontalPodAutoscalerBehavior | undefined {
  const read = withSmallNames(parsed(text));
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return undefined;
  return Object.keys(read).length > 0 ? read : undefined;
}

function metric({ metricName = '', selector: chosen }: Old) {
  return { name: metricName, selector: chosen };
}

function describedObject({ target = {} }: { readonly target?: Partial<Reference> }) {
  return { kind: target.kind ?? '', name: target.name ?? '', apiVersion: target.apiVersion };
}

function objectTarget({ averageValue, targetValue = '0' }: Old): MetricTarget {
  if (averageValue === undefined) return { type: 'Value', value: targetValue };
  return { type: 'AverageValue', averageValue, ...(targetValue === '0' ? {} : { value: targetValue }) };
}

function resourceTarget({ targetAverageUtilization, targetAverageValue }: Old): MetricTarget {
  return {
    type: targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization',
    averageValue: targetAverageValue,
    averageUtilization: targetAverageUtilization,
  };
}

function resourceCurrent({ currentAverageUtilization, currentAverageValue = '0' }: Old) {
  return { averageValue: currentAverageValue, averageUtilization: currentAverageUtilization };
}

function parsed(text: string | undefined): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function listOf(text: string | undefined): object[] | undefined {
  const read = parsed(text);
  return Array.isArray(read)
    ? read.filter((each: unknown): each is object => typeof each === 'object' && each !== null)
    : undefined;
}

/** Without fields that are undefined or null, at any depth. */
function dense<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, held: unknown) => held ?? undefined) as T;
}

/** `ScaleUp` → `scaleUp`, at any depth. */
function withSmallNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSmallNames);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, held]) => held !== null)
      .map(([key, held]) => [key.charAt(0).toLowerCase() + key.slice(1), withSmallNames(held)]),
  );
}
