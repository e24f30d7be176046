/** What each metric of an autoscaler asks for, and what its status shows of it. */
import { formatQuantity, quantityOfMilli } from '@skerry/api';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  LabelSelector,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
  Pod,
} from '@skerry/api';
import { describeError, type Clock } from '@skerry/base';
import type { ApiClient, EventRecorder } from '@skerry/client';
import { actionOf, type AutoscalerNumbers } from '#autoscaling/autoscaler-numbers.ts';
import { MetricsClient, milliOf } from '#autoscaling/metrics-client.ts';
import {
  countByAverage,
  countByShare,
  countByUtilization,
  countByValue,
} from '#autoscaling/replica-count.ts';
import type { CountContext, Delays, Proposal } from '#autoscaling/replica-count.ts';
import { goSelector } from '#runtime/go-selector.ts';
import type { ScaleTargets } from '#runtime/scale-targets.ts';

export type MetricAnswer =
  | { readonly replicas: number; readonly metric: string; readonly status: MetricStatus }
  | { readonly failure: string; readonly condition: HorizontalPodAutoscalerCondition };

export interface Target {
  /** Of the target's pods. */
  readonly selector: string;
  readonly pods: readonly Pod[];
  readonly specReplicas: number;
  readonly statusReplicas: number;
}

interface Answer {
  readonly replicas: number;
  readonly metric: string;
  readonly status: MetricStatus;
}

/** What a kind of metric is called when it fails: the reason, and the beginning of the message. */
interface Kind {
  readonly reason: string;
  readonly failure: string;
}

export interface MetricProposalsOptions {
  readonly client: ApiClient;
  readonly targets: ScaleTargets;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly delays: Delays;
  readonly tolerance: number;
  readonly numbers?: AutoscalerNumbers;
}

export class MetricProposals {
  readonly #options: MetricProposalsOptions;
  readonly #metrics: MetricsClient;

  constructor(options: MetricProposalsOptions) {
    this.#options = options;
    this.#metrics = new MetricsClient(options);
  }

  /** In the order of the spec. */
  async all(autoscaler: HorizontalPodAutoscaler, target: Target): Promise<MetricAnswer[]> {
    const answers: MetricAnswer[] = [];
    for (const spec of autoscaler.spec?.metrics ?? []) {
      const { clock, numbers } = this.#options;
      const startedMs = clock.monotonic();
      let answer: MetricAnswer;
      try {
        answer = await this.#one(autoscaler, spec, target);
      } catch (error) {
        answer = this.#refused(autoscaler, spec, describeError(error));
      }
      answers.push(answer);
      numbers?.computed(spec.type, {
        action: 'replicas' in answer ? actionOf(target.specReplicas, answer.replicas) : 'none',
        error: 'replicas' in answer ? 'none' : 'internal',
        seconds: (clock.monotonic() - startedMs) / 1000,
      });
    }
    return answers;
  }

  #refused(autoscaler: HorizontalPodAutoscaler, spec: MetricSpec, why: string): MetricAnswer {
    const { reason, failure } = kindOf(spec);
    this.#options.events.record(autoscaler, { type: 'Warning', reason, message: why });
    const message = `the HPA was unable to compute the replica count: ${why}`;
    return {
      failure: failure ? `${failure}: ${why}` : why,
      condition: { type: 'ScalingActive', status: 'False', reason, message },
    };
  }

  async #one(autoscaler: HorizontalPodAutoscaler, spec: MetricSpec, target: Target): Promise<Answer> {
    const namespace = autoscaler.metadata.namespace ?? '';
    const context = this.#context(autoscaler, target);
    if (spec.resource) {
      const { name, target: wanted } = spec.resource;
      const found = await this.#ofResource(namespace, { name, wanted, target, context });
      const status = { type: 'Resource', resource: { name, current: found.current } };
      const what = wanted.averageValue === undefined ? ' utilization (percentage of request)' : '';
      return { ...found, metric: `${name} resource${what}`, status };
    }
    if (spec.containerResource) {
      const { name, container, target: wanted } = spec.containerResource;
      const found = await this.#ofResource(namespace, { name, container, wanted, target, context });
      const status = {
        type: 'ContainerResource',
        containerResource: { name, container, current: found.current },
      };
      const isAverage = wanted.averageValue !== undefined;
      const metric = isAverage
        ? `${name} resource`
        : `${name} container resource utilization (percentage of request)`;
      return { ...found, metric, status };
    }
    if (spec.pods) return this.#ofPods(namespace, { spec: spec.pods, target, context });
    if (spec.object) return this.#ofObject(namespace, { spec: spec.object, target, context });
    if (spec.external) return this.#ofExternal(namespace, { spec: spec.external, target, context });
    throw new Error(`unknown metric source type ${JSON.stringify(spec.type)}`);
  }

  #context({ spec }: HorizontalPodAutoscaler, { pods, specReplicas }: Target): CountContext {
    const { delays, clock, tolerance } = this.#options;
    const of = (given: string | undefined) => (given === undefined ? tolerance : milliOf(given) / 1000);
    const tolerances = {
      up: of(spec?.behavior?.scaleUp?.tolerance),
      down: of(spec?.behavior?.scaleDown?.tolerance),
    };
    return { pods, current: specReplicas, tolerances, delays, nowMs: clock.now() };
  }

  async #ofResource(
    namespace: string,
    given: {
      readonly name: string;
      readonly container?: string;
      readonly wanted: MetricTarget;
      readonly target: Target;
      readonly context: CountContext;
    },
  ): Promise<{ replicas: number; current: MetricValueStatus }> {
    const { name, container, wanted, target, context } = given;
    const { averageValue, averageUtilization } = wanted;
    if (averageValue === undefined && averageUtilization === undefined)
      throw new Error(
        'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
      );
    const what = averageValue === undefined ? 'utilization' : 'usage';
    const count = async (): Promise<Proposal> => {
      const { selector } = target;
      const asked = { selector, resource: name, container };
      const metrics = await wrapped(
        () => this.#metrics.ofResource(namespace, asked),
        `unable to get metrics for resource ${name}`,
      );
      if (averageValue !== undefined)
        return countByAverage(metrics, { ...context, resource: name, targetMilli: milliOf(averageValue) });
      const share = { ...context, resource: name, container, target: averageUtilization ?? 0 };
      return countByUtilization(metrics, share);
    };
    const proposal = await wrapped(count, `failed to get ${name} ${what}`);
    const format = name === 'memory' ? 'BinarySI' : 'DecimalSI';
    const value = formatQuantity(quantityOfMilli(proposal.milli, format));
    return {
      replicas: proposal.replicas,
      current:
        averageValue === undefined
          ? { averageUtilization: proposal.utilization, averageValue: value }
          : { averageValue: value },
    };
  }

  async #ofPods(
    namespace: string,
    given: { spec: NonNullable<MetricSpec['pods']>; target: Target; context: CountContext },
  ): Promise<Answer> {
    const { metric, target: wanted } = given.spec;
    const asked = {
      selector: given.target.selector,
      metric: metric.name,
      metricSelector: metric.selector,
    };
    const metrics = await wrapped(
      () => this.#metrics.ofPods(namespace, asked),
      `unable to get metric ${metric.name}`,
    );
    const targetMilli = milliOf(wanted.averageValue ?? '0');
    const { replicas, milli } = countByAverage(metrics, { ...given.context, targetMilli });
    const current = { averageValue: textOf(milli) };
    return {
      replicas,
      metric: `pods metric ${metric.name}`,
      status: { type: 'Pods', pods: { metric, current } },
    };
  }

  async #ofObject(
    namespace: string,
    given: { spec: NonNullable<MetricSpec['object']>; target: Target; context: CountContext },
  ): Promise<Answer> {
    const { metric, target: wanted, describedObject } = given.spec;
    const { type, value, averageValue } = wanted;
    const isValue = type === 'Value' && value !== undefined;
    if (!isValue && !(type === 'AverageValue' && averageValue !== undefined))
      throw new Error(
        'invalid object metric source: neither a value target nor an average value target was set',
      );
    const asked = { object: describedObject, metric: metric.name, metricSelector: metric.selector };
    const read = async () => {
      try {
        return await this.#metrics.ofObject(namespace, asked);
      } catch (error) {
        const where = `${describedObject.kind} ${namespace}/${describedObject.name}`;
        const why = `unable to get metric ${metric.name}: ${describeError(error)} on ${where}`;
        throw new Error(why, { cause: error });
      }
    };
    if (isValue) {
      const { replicas, milli } = countByValue(await read(), {
        ...given.context,
        targetMilli: milliOf(value),
      });
      const object = { describedObject, metric, current: { value: textOf(milli) } };
      const name = `${describedObject.kind} metric ${metric.name}`;
      return { replicas, metric: name, status: { type: 'Object', object } };
    }
    const { replicas, milli } = this.#share(await read(), given, averageValue ?? '0');
    const object = { describedObject, metric, current: { averageValue: textOf(milli) } };
    return { replicas, metric: externalName(metric), status: { type: 'Object', object } };
  }

  async #ofExternal(
    namespace: string,
    given: { spec: NonNullable<MetricSpec['external']>; target: Target; context: CountContext },
  ): Promise<Answer> {
    const { metric, target: wanted } = given.spec;
    const { value, averageValue } = wanted;
    if (value === undefined && averageValue === undefined)
      throw new Error(
        'invalid external metric source: neither a value target nor an average value target was set',
      );
    const where = `${namespace}/${metric.name}/${goSelector(metric.selector)}`;
    const read = () =>
      wrapped(
        () => this.#metrics.ofExternal(namespace, metric.name, metric.selector),
        `unable to get external metric ${where}`,
      );
    if (averageValue !== undefined) {
      const { replicas, milli } = this.#share(await read(), given, averageValue);
      const external = { metric, current: { averageValue: textOf(milli) } };
      return { replicas, metric: externalName(metric), status: { type: 'External', external } };
    }
    const targetMilli = milliOf(value ?? '0');
    const { replicas, milli } = countByValue(await read(), { ...given.context, targetMilli });
    const external = { metric, current: { value: textOf(milli) } };
    return { replicas, metric: externalName(metric), status: { type: 'External', external } };
  }

  #share(
    valueMilli: number,
    { target, context }: { target: Target; context: CountContext },
    averageValue: string,
  ): Proposal {
    return countByShare(valueMilli, {
      statusReplicas: target.statusReplicas,
      tolerances: context.tolerances,
      targetMilli: milliOf(averageValue),
    });
  }
}

function kindOf(spec: MetricSpec): Kind {
  switch (spec.type) {
    case 'Resource':
      return {
        reason: 'FailedGetResourceMetric',
        failure: `failed to get ${spec.resource?.name} resource metric value`,
      };
    case 'ContainerResource':
      return {
        reason: 'FailedGetContainerResourceMetric',
        failure: `failed to get ${spec.containerResource?.container} container metric value`,
      };
    case 'Pods':
      return { reason: 'FailedGetPodsMetric', failure: 'failed to get pods metric value' };
    case 'Object': {
      const { type, averageValue } = spec.object?.target ?? {};
      const isShared = type === 'AverageValue' && averageValue !== undefined;
      const inner = isShared ? `: failed to get ${spec.object?.metric.name} object metric` : '';
      return { reason: 'FailedGetObjectMetric', failure: `failed to get object metric value${inner}` };
    }
    case 'External': {
      const name = spec.external?.metric.name;
      const { value, averageValue } = spec.external?.target ?? {};
      const ofValue = value === undefined ? '' : `: failed to get external metric ${name}`;
      const inner = averageValue === undefined ? ofValue : `: failed to get ${name} external metric`;
      return {
        reason: 'FailedGetExternalMetric',
        failure: `failed to get ${name} external metric value${inner}`,
      };
    }
    default:
      return { reason: 'InvalidMetricSourceType', failure: '' };
  }
}

async function wrapped<T>(work: () => Promise<T>, what: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${what}: ${describeError(error)}`, { cause: error });
  }
}

function textOf(milli: number): string {
  return formatQuantity(quantityOfMilli(milli));
}

function externalName({ name, selector }: { name: string; selector?: LabelSelector }): string {
  return `external metric ${name}(${goSelector(selector)})`;
}
