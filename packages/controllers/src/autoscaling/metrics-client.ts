/**
 * Numbers from the three metrics APIs: metrics.k8s.io, which this server has, and custom.metrics.k8s.io and
 * external.metrics.k8s.io, where an APIService brings them. Values are thousandths.
 */
import { isApiError, labelSelectorFrom, parseQuantity, quantityMilliValue } from '@skerry/api';
import type { CrossVersionObjectReference, LabelSelector } from '@skerry/api';
import { describeError } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import { MetricError } from '#autoscaling/replica-count.ts';
import type { PodMetric } from '#autoscaling/replica-count.ts';
import { groupOf } from '#runtime/scale-targets.ts';
import type { ScaleTargets } from '#runtime/scale-targets.ts';

interface PodMetricsDocument {
  items: {
    metadata: { name: string };
    timestamp: string;
    window: string;
    containers: { name: string; usage: Record<string, string> }[];
  }[];
}

interface MetricValueDocument {
  items: {
    describedObject?: { name: string };
    timestamp: string;
    windowSeconds?: number;
    window?: number;
    value: string;
  }[];
}

const windowDefaultMs = 60_000;

export class MetricsClient {
  readonly #client: ApiClient;
  readonly #targets: ScaleTargets;

  constructor({ client, targets }: { readonly client: ApiClient; readonly targets: ScaleTargets }) {
    this.#client = client;
    this.#targets = targets;
  }

  /** What each pod uses of a resource: all its containers, or one of them. */
  async ofResource(
    namespace: string,
    given: { readonly selector: string; readonly resource: string; readonly container?: string },
  ): Promise<Map<string, PodMetric>> {
    const { selector, resource, container } = given;
    const query = new URLSearchParams({ labelSelector: selector });
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/pods?${query.toString()}`;
    const { items } = await this.#get<PodMetricsDocument>(path, 'resource');
    const found = new Map<string, PodMetric>();
    for (const { metadata, timestamp, window, containers } of items) {
      const counted = container ? containers.filter(({ name }) => name === container) : containers;
      const usages = counted.map(({ usage }) => usage[resource]);
      if (usages.length === 0 || usages.some((usage) => usage === undefined)) continue;
      const milli = usages.reduce((sum, usage) => sum + milliOf(usage ?? '0'), 0);
      found.set(metadata.name, { milli, atMs: Date.parse(timestamp), windowMs: durationMs(window) });
    }
    return found;
  }

  /** A metric of each pod. */
  async ofPods(
    namespace: string,
    given: { readonly selector: string; readonly metric: string; readonly metricSelector?: LabelSelector },
  ): Promise<Map<string, PodMetric>> {
    const { selector, metric, metricSelector } = given;
    const base = await this.#customBase();
    const query = new URLSearchParams({ labelSelector: selector, ...ofMetric(metricSelector) });
    const path = `${base}/namespaces/${encodeURIComponent(namespace)}/pods/*/${encodeURIComponent(metric)}?${query.toString()}`;
    const { items } = await this.#get<MetricValueDocument>(path, 'custom');
    return new Map(
      items.map(({ describedObject, timestamp, value, windowSeconds, window }) => {
        const seconds = windowSeconds ?? window;
        const windowMs = seconds === undefined ? windowDefaultMs : seconds * 1000;
        return [
          describedObject?.name ?? '',
          { milli: milliOf(value), atMs: Date.parse(timestamp), windowMs },
        ] as const;
      }),
    );
  }

  /** A metric of one object of the namespace, or of the namespace itself. */
  async ofObject(
    namespace: string,
    given: {
      readonly object: CrossVersionObjectReference;
      readonly metric: string;
      readonly metricSelector?: LabelSelector;
    },
  ): Promise<number> {
    const { object, metric, metricSelector } = given;
    const base = await this.#customBase();
    const [space, name] = [namespace, metric].map(encodeURIComponent);
    const query = new URLSearchParams(ofMetric(metricSelector));
    const group = groupOf(object.apiVersion);
    const where =
      object.kind === 'Namespace' && group === ''
        ? 'metrics'
        : `${await this.#targets.resourceName(group, object.kind)}/${encodeURIComponent(object.name)}`;
    const path = `${base}/namespaces/${space}/${where}/${name}?${query.toString()}`;
    const { items } = await this.#get<MetricValueDocument>(path, 'custom');
    return milliOf(items[0]?.value ?? '0');
  }

  /** The sum of all values of a metric that is about no object. */
  async ofExternal(namespace: string, metric: string, selector: LabelSelector | undefined): Promise<number> {
    const query = selector
      ? `?${new URLSearchParams({ labelSelector: selectorText(selector) }).toString()}`
      : '';
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/${encodeURIComponent(metric)}${query}`;
    const { items } = await this.#get<MetricValueDocument>(path, 'external');
    return items.reduce((sum, { value }) => sum + milliOf(value), 0);
  }

  async #customBase(): Promise<string> {
    const group = 'custom.metrics.k8s.io';
    try {
      const { preferredVersion, versions } = await this.#client.request<{
        preferredVersion?: { version: string };
        versions: { version: string }[];
      }>('GET', `/apis/${group}`);
      return `/apis/${group}/${preferredVersion?.version ?? versions[0]?.version ?? 'v1beta2'}`;
    } catch (error) {
      const why = isApiError(error, 'NotFound')
        ? `no custom metrics API (${group}) registered`
        : describeError(error);
      throw new MetricError(`unable to fetch metrics from custom metrics API: ${why}`, { cause: error });
    }
  }

  async #get<T extends { items: readonly unknown[] }>(path: string, api: string): Promise<T> {
    let answer: T;
    try {
      answer = await this.#client.request<T>('GET', path);
    } catch (error) {
      const message = `unable to fetch metrics from ${api} metrics API: ${describeError(error)}`;
      throw new MetricError(message, { cause: error });
    }
    if (!Array.isArray(answer.items) || answer.items.length === 0)
      throw new MetricError(`no metrics returned from ${api} metrics API`);
    return answer;
  }
}

export function milliOf(quantity: string): number {
  return quantityMilliValue(parseQuantity(quantity));
}

function ofMetric(selector: LabelSelector | undefined): Record<string, string> {
  return selector ? { metricLabelSelector: selectorText(selector) } : {};
}

function selectorText(selector: LabelSelector): string {
  return labelSelectorFrom(selector).text;
}

/** As `10s` or `1m30s`. */
function durationMs(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  let ms = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g))
    ms += Number(amount) * (units[unit] ?? 0);
  return ms;
}
