/**
 * What was recommended and done of late for one autoscaler, and what may be done now because of it; free of I/O.
 *
 * Kept in memory alone, as kube-controller-manager does: after a restart a stabilization window begins anew with the size that
 * is found. Times are of a clock that is never set. Rules:
 * https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#configurable-scaling-behavior
 */
import type { HorizontalPodAutoscalerBehavior, HPAScalingRules } from '@skerry/api';

interface Recommendation {
  readonly replicas: number;
  readonly atMs: number;
}

interface Change {
  /** Pods added; less than 0 of those removed. */
  readonly pods: number;
  readonly atMs: number;
}

export interface Sizes {
  readonly current: number;
  readonly desired: number;
  readonly min: number;
  readonly max: number;
}

export interface Stabilized {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
}

/** More than a window of an hour has at the shortest period that is sensible. */
const entriesMax = 4_000;

export class Recommendations {
  #recommendations: Recommendation[] = [];
  #changes: Change[] = [];

  /** The size that is found first counts as a recommendation. */
  begin(replicas: number, atMs: number): void {
    if (this.#recommendations.length === 0) this.#recommendations.push({ replicas, atMs });
  }

  /** The highest recommendation of the window, and so no smaller than the present one, which is kept. */
  highest(replicas: number, { windowMs, nowMs }: { windowMs: number; nowMs: number }): number {
    const recent = this.#recommendations.filter(({ atMs }) => atMs >= nowMs - windowMs);
    this.#keep({ replicas, atMs: nowMs }, windowMs);
    return Math.max(replicas, ...recent.map((one) => one.replicas));
  }

  /** Bounded by the lowest recommendation of the window for growing, and the highest of that for shrinking. */
  stabilize(
    { current, desired }: Sizes,
    { up, down, nowMs }: { up: HPAScalingRules; down: HPAScalingRules; nowMs: number },
  ): Stabilized {
    const upMs = (up.stabilizationWindowSeconds ?? 0) * 1000;
    const downMs = (down.stabilizationWindowSeconds ?? 0) * 1000;
    const within = (windowMs: number) =>
      this.#recommendations.filter(({ atMs }) => atMs > nowMs - windowMs).map(({ replicas }) => replicas);
    const lowest = Math.min(desired, ...within(upMs));
    const highest = Math.max(desired, ...within(downMs));
    this.#keep({ replicas: desired, atMs: nowMs }, Math.max(upMs, downMs));
    const replicas = Math.min(Math.max(current, lowest), highest);
    return desired >= current
      ? {
          replicas,
          reason: 'ScaleUpStabilized',
          message:
            'recent recommendations were lower than current one, applying the lowest recent recommendation',
        }
      : { replicas, ...scaleDownStabilized };
  }

  /** The size that rates and bounds allow. */
  limit(
    sizes: Sizes,
    { up, down, nowMs }: { up: HPAScalingRules; down: HPAScalingRules; nowMs: number },
  ): Stabilized {
    const { current, desired, min, max } = sizes;
    if (desired > current) {
      const most = Math.max(current, this.#upLimit(current, up, nowMs));
      if (max > most && desired > most) return { replicas: most, ...scaleUpLimit };
      if (max <= most && desired > max) return { replicas: max, ...tooManyReplicas };
    } else if (desired < current) {
      const least = Math.min(current, this.#downLimit(current, down, nowMs));
      if (min < least && desired < least) return { replicas: least, ...scaleDownLimit };
      if (min >= least && desired < min) return { replicas: min, ...tooFewReplicas };
    }
    return { replicas: desired, ...withinRange };
  }

  /** Remembers a change of size, as long as one of the policies looks back. */
  changed(
    behavior: HorizontalPodAutoscalerBehavior | undefined,
    { from, to, nowMs }: { from: number; to: number; nowMs: number },
  ): void {
    if (!behavior) return;
    const policies = [...(behavior.scaleUp?.policies ?? []), ...(behavior.scaleDown?.policies ?? [])];
    const longestMs = Math.max(0, ...policies.map(({ periodSeconds }) => periodSeconds)) * 1000;
    this.#changes = this.#changes.filter(({ atMs }) => atMs >= nowMs - longestMs).slice(-entriesMax);
    this.#changes.push({ pods: to - from, atMs: nowMs });
  }

  #keep(recommendation: Recommendation, windowMs: number): void {
    this.#recommendations = this.#recommendations
      .filter(({ atMs }) => atMs >= recommendation.atMs - windowMs)
      .slice(-entriesMax);
    this.#recommendations.push(recommendation);
  }

  /** The size at the beginning of a period that ends now. */
  #before(current: number, periodSeconds: number, nowMs: number): number {
    const recent = this.#changes.filter(({ atMs }) => atMs > nowMs - periodSeconds * 1000);
    return current - recent.reduce((sum, { pods }) => sum + pods, 0);
  }

  #upLimit(current: number, rules: HPAScalingRules, nowMs: number): number {
    if (rules.selectPolicy === 'Disabled') return current;
    const limits = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
      const before = this.#before(current, periodSeconds, nowMs);
      // Rounded up: otherwise a small set would never grow.
      return type === 'Pods' ? before + value : Math.ceil((before * (100 + value)) / 100);
    });
    return rules.selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits);
  }

  #downLimit(current: number, rules: HPAScalingRules, nowMs: number): number {
    if (rules.selectPolicy === 'Disabled') return current;
    const limits = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
      const before = this.#before(current, periodSeconds, nowMs);
      return type === 'Pods' ? before - value : Math.trunc((before * (100 - value)) / 100);
    });
    return rules.selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits);
  }
}

/** The bounds of an autoscaler without `behavior`: never more than double, or four. */
export function limitWithoutBehavior({ current, desired, min, max }: Sizes): Stabilized {
  const most = Math.max(2 * current, 4);
  if (desired < min) return { replicas: min, ...tooFewReplicas };
  if (max > most && desired > most) return { replicas: most, ...scaleUpLimit };
  if (max <= most && desired > max) return { replicas: max, ...tooManyReplicas };
  return { replicas: desired, ...withinRange };
}

export const scaleDownStabilized = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const scaleUpLimit = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
const scaleDownLimit = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};
const tooManyReplicas = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
};
const tooFewReplicas = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
};
const withinRange = {
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
};
