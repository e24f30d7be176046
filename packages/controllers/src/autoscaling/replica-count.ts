/**
 * How many pods a metric asks for; free of I/O. Pods that have no number, or none that can be trusted yet, are counted so that
 * they damp a change and never turn it round. Values are thousandths. Rules:
 * https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details
 */
import { parseQuantity, quantityMilliValue } from '@skerry/api';
import type { Container, Pod } from '@skerry/api';
import { isReady, readyCondition } from '#runtime/pods.ts';

export interface PodMetric {
  readonly milli: number;
  readonly atMs: number;
  readonly windowMs: number;
}

/** How far from its target a metric may be before anything is done, as shares of it. */
export interface Tolerances {
  readonly up: number;
  readonly down: number;
}

export interface Delays {
  /** So long after its start the CPU that a pod uses may be that of starting. */
  readonly cpuInitializationMs: number;
  /** A pod that was unready from its start on for less than this may have been ready never. */
  readonly initialReadinessMs: number;
}

export interface Proposal {
  readonly replicas: number;
  /** The average that the metric shows. */
  readonly milli: number;
  readonly utilization?: number;
}

export interface CountContext {
  readonly pods: readonly Pod[];
  readonly current: number;
  readonly tolerances: Tolerances;
  readonly delays: Delays;
  readonly nowMs: number;
}

export class MetricError extends Error {}

/** For a target that is a share of what the pods request of `resource`. */
export function countByUtilization(
  metrics: ReadonlyMap<string, PodMetric>,
  given: CountContext & { readonly resource: string; readonly container?: string; readonly target: number },
): Proposal {
  const { pods, resource, container, target } = given;
  const groups = groupPods(metrics, given);
  const requests = new Map(
    pods.map((pod) => [pod.metadata.name ?? '', requestOf(pod, resource, container)] as const),
  );
  const measure = (values: ReadonlyMap<string, number>) => {
    const known = [...values].filter(([name]) => requests.has(name));
    const used = sum(known.map(([, milli]) => milli));
    const requested = sum(known.map(([name]) => requests.get(name) ?? 0));
    if (requested === 0) throw new MetricError('no metrics returned matched known pods');
    const utilization = Math.floor((used * 100) / requested);
    return { ratio: utilization / target, utilization, milli: Math.floor(used / known.length) };
  };
  // Missing pods use all they asked for, or, where more is the target, that.
  const whole = (name: string) => ((requests.get(name) ?? 0) * Math.max(100, target)) / 100;
  return count(groups, given, { measure, ofMissing: whole });
}

/** For a target that is an average per pod. `resource` is that of a resource metric. */
export function countByAverage(
  metrics: ReadonlyMap<string, PodMetric>,
  given: CountContext & { readonly resource?: string; readonly targetMilli: number },
): Proposal {
  const { targetMilli } = given;
  const groups = groupPods(metrics, given);
  const measure = (values: ReadonlyMap<string, number>) => {
    const milli = Math.floor(sum([...values.values()]) / values.size);
    return { ratio: milli / targetMilli, milli };
  };
  return count(groups, given, { measure, ofMissing: () => targetMilli });
}

/** For a target that is the value of one number for all pods together. */
export function countByValue(valueMilli: number, given: CountContext & { targetMilli: number }): Proposal {
  const { pods, current, tolerances, targetMilli } = given;
  const ratio = valueMilli / targetMilli;
  if (current === 0) return { replicas: countOf(ratio), milli: valueMilli };
  if (isWithin(ratio, tolerances)) return { replicas: current, milli: valueMilli };
  if (pods.length === 0)
    throw new MetricError(
      'unable to calculate ready pods: no pods returned by selector while calculating replica count',
    );
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod)).length;
  return { replicas: countOf(ratio * ready), milli: valueMilli };
}

/** For a target that is the share of each pod in one number. */
export function countByShare(
  valueMilli: number,
  given: { readonly statusReplicas: number; readonly tolerances: Tolerances; readonly targetMilli: number },
): Proposal {
  const { statusReplicas, tolerances, targetMilli } = given;
  const ratio = valueMilli / (targetMilli * statusReplicas);
  const replicas = isWithin(ratio, tolerances) ? statusReplicas : countOf(valueMilli / targetMilli);
  return { replicas, milli: statusReplicas > 0 ? Math.ceil(valueMilli / statusReplicas) : 0 };
}

const replicasMax = 2_147_483_647;

function countOf(replicas: number): number {
  return Math.min(replicasMax, Math.ceil(replicas));
}

function isWithin(ratio: number, { up, down }: Tolerances): boolean {
  return ratio >= 1 - down && ratio <= 1 + up;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

interface Groups {
  /** What pods that count use, by name. */
  readonly values: ReadonlyMap<string, number>;
  readonly ready: number;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
}

function groupPods(
  metrics: ReadonlyMap<string, PodMetric>,
  given: CountContext & { readonly resource?: string },
): Groups {
  const { pods, resource, delays, nowMs } = given;
  if (pods.length === 0)
    throw new MetricError('no pods returned by selector while calculating replica count');
  const values = new Map([...metrics].map(([name, { milli }]) => [name, milli]));
  const unready: string[] = [];
  const missing: string[] = [];
  let ready = 0;
  for (const pod of pods) {
    const name = pod.metadata.name ?? '';
    const metric = metrics.get(name);
    if (pod.metadata.deletionTimestamp || pod.status?.phase === 'Failed') values.delete(name);
    else if (pod.status?.phase === 'Pending') unready.push(name);
    else if (!metric) missing.push(name);
    else if (resource === 'cpu' && !isSettled(pod, metric, { delays, nowMs })) unready.push(name);
    else ready++;
  }
  for (const name of unready) values.delete(name);
  if (values.size === 0)
    throw new MetricError('did not receive metrics for targeted pods (pods might be unready)');
  return { values, ready, unready, missing };
}

/** Whether the CPU that a pod uses is that of its work. */
function isSettled(pod: Pod, metric: PodMetric, given: { delays: Delays; nowMs: number }): boolean {
  const { delays, nowMs } = given;
  const condition = readyCondition(pod);
  const startMs = Date.parse(pod.status?.startTime ?? '');
  if (!condition || Number.isNaN(startMs)) return false;
  const changedMs = Date.parse(condition.lastTransitionTime ?? '');
  if (startMs + delays.cpuInitializationMs > nowMs)
    return condition.status !== 'False' && !(metric.atMs < changedMs + metric.windowMs);
  return condition.status !== 'False' || startMs + delays.initialReadinessMs <= changedMs;
}

interface Measured {
  readonly ratio: number;
  readonly milli: number;
  readonly utilization?: number;
}

function count(
  { values, ready, unready, missing }: Groups,
  { current, tolerances }: CountContext,
  how: {
    measure(values: ReadonlyMap<string, number>): Measured;
    ofMissing(name: string): number;
  },
): Proposal {
  const { ratio, ...shown } = how.measure(values);
  const isUnreadyCounted = unready.length > 0 && ratio > 1;
  if (!isUnreadyCounted && missing.length === 0) {
    return { ...shown, replicas: isWithin(ratio, tolerances) ? current : countOf(ratio * ready) };
  }
  const damped = new Map(values);
  for (const name of missing) {
    if (ratio < 1) damped.set(name, how.ofMissing(name));
    else if (ratio > 1) damped.set(name, 0);
  }
  if (isUnreadyCounted) for (const name of unready) damped.set(name, 0);
  const next = how.measure(damped).ratio;
  const isTurned = (ratio < 1 && next > 1) || (ratio > 1 && next < 1);
  if (isWithin(next, tolerances) || isTurned) return { ...shown, replicas: current };
  const replicas = countOf(next * damped.size);
  const isAgainst = (next < 1 && replicas > current) || (next > 1 && replicas < current);
  return { ...shown, replicas: isAgainst ? current : replicas };
}

function requestOf(pod: Pod, resource: string, container: string | undefined): number {
  const name = pod.metadata.name;
  const ofPod = pod.spec?.resources?.requests;
  if (container === undefined && ofPod && Object.keys(ofPod).length > 0) {
    const request = ofPod[resource];
    if (request === undefined)
      throw new MetricError(`missing pod-level request for ${resource} in Pod ${name}`);
    return quantityMilliValue(parseQuantity(request));
  }
  const sidecars = (pod.spec?.initContainers ?? []).filter((one) => one.restartPolicy === 'Always');
  const all = [...(pod.spec?.containers ?? []), ...sidecars];
  const counted: readonly Container[] =
    container === undefined ? all : all.filter((one) => one.name === container);
  if (counted.length === 0 && container !== undefined)
    throw new MetricError(`container ${container} not found in Pod ${name}`);
  return sum(
    counted.map((one) => {
      const request = one.resources?.requests?.[resource];
      if (request === undefined)
        throw new MetricError(`missing request for ${resource} in container ${one.name} of Pod ${name}`);
      return quantityMilliValue(parseQuantity(request));
    }),
  );
}
