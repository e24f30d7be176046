/**
 * HorizontalPodAutoscalers: every 15 seconds the size that metrics ask for, within what the spec and recent changes allow.
 *
 * A look reads the target's scale, asks each metric, takes the largest size, holds it back by stabilization and rates, and
 * writes scale and status. Where a metric can't be had, nothing shrinks for it. The conditions tell of each step.
 * Rules: https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
 */
import { isApiError, parseLabelSelector } from '@skerry/api';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
  MetricStatus,
  Pod,
  Selector,
} from '@skerry/api';
import { describeError } from '@skerry/base';
import { keyOf, resources } from '@skerry/client';
import { actionOf, autoscalerNumbers, type ScaleFault } from '#autoscaling/autoscaler-numbers.ts';
import { MetricProposals } from '#autoscaling/metric-proposals.ts';
import type { Delays } from '#autoscaling/replica-count.ts';
import { limitWithoutBehavior, Recommendations, scaleDownStabilized } from '#autoscaling/recommendations.ts';
import type { Sizes } from '#autoscaling/recommendations.ts';
import { ScaleTargets } from '#runtime/scale-targets.ts';
import type { FoundScale } from '#runtime/scale-targets.ts';
import { isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { numbersOf } from '#runtime/numbers.ts';
import { splitKey, timestamp, withCondition, writeStatus } from '#runtime/status.ts';

/** As the flags of kube-controller-manager after `--horizontal-pod-autoscaler-`. */
export interface AutoscalerSettings {
  readonly autoscalerSyncPeriodMs?: number;
  readonly autoscalerDownscaleStabilizationMs?: number;
  readonly autoscalerTolerance?: number;
  readonly autoscalerCpuInitializationMs?: number;
  readonly autoscalerInitialReadinessDelayMs?: number;
}

const defaults = {
  syncPeriodMs: 15_000,
  stabilizationMs: 5 * 60_000,
  tolerance: 0.1,
  cpuInitializationMs: 5 * 60_000,
  initialReadinessMs: 30_000,
};

/** A conflict means that someone else changes the target too; then the next look decides anew. */
const conflictsMax = 5;

/** What a look comes to; the status is written whatever happens. */
interface Look {
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly key: string;
  status: HorizontalPodAutoscalerStatus;
}

/** Something that events and conditions have told of; the next look may find it gone. */
class AutoscalingError extends Error {
  /** Whose fault it is. */
  readonly fault: ScaleFault;

  constructor(message: string, options: ErrorOptions & { readonly fault?: ScaleFault } = {}) {
    super(message, options);
    this.fault = options.fault ?? 'internal';
  }
}

export function createHorizontalPodAutoscalerController(
  context: ControllerContext,
  settings: AutoscalerSettings = {},
): Controller {
  const { client, informers, clock, events } = context;
  const log = context.log.with({ controller: 'horizontal-pod-autoscaler' });
  const syncPeriodMs = settings.autoscalerSyncPeriodMs ?? defaults.syncPeriodMs;
  const stabilizationMs = settings.autoscalerDownscaleStabilizationMs ?? defaults.stabilizationMs;
  const delays: Delays = {
    cpuInitializationMs: settings.autoscalerCpuInitializationMs ?? defaults.cpuInitializationMs,
    initialReadinessMs: settings.autoscalerInitialReadinessDelayMs ?? defaults.initialReadinessMs,
  };
  const autoscalers = informers.informer<HorizontalPodAutoscaler>(resources.horizontalPodAutoscalers);
  const pods = informers.informer<Pod>(resources.pods);
  const targets = new ScaleTargets({ client, clock });
  const tolerance = settings.autoscalerTolerance ?? defaults.tolerance;
  const numbers = numbersOf(context, autoscalerNumbers);
  numbers.follow(autoscalers);
  const proposals = new MetricProposals({ client, targets, events, clock, delays, tolerance, numbers });
  const recommendations = new Map<string, Recommendations>();
  /** What each autoscaler last found its target's selector to be. */
  const selectors = new Map<string, Selector>();
  const queue = createQueue(context);

  autoscalers.addHandler({
    onAdd: (autoscaler) => queue.add(keyOf(autoscaler)),
    onUpdate(autoscaler, old) {
      if (!isSame(autoscaler.spec, old.spec)) queue.add(keyOf(autoscaler));
    },
    onDelete(autoscaler) {
      recommendations.delete(keyOf(autoscaler));
      selectors.delete(keyOf(autoscaler));
    },
  });

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace, name } = splitKey(key);
    const autoscaler = autoscalers.get(namespace, name);
    if (!autoscaler) return undefined;
    const given = autoscaler.status ?? { desiredReplicas: 0 };
    const look: Look = { autoscaler, key, status: structuredClone(given) };
    const startedMs = clock.monotonic();
    let fault: ScaleFault = 'none';
    try {
      await scale(look);
    } catch (error) {
      fault = error instanceof AutoscalingError ? error.fault : 'internal';
      if (!(error instanceof AutoscalingError)) throw error;
      log.debug('autoscaler could not scale', { key, error: error.message });
    } finally {
      const seconds = (clock.monotonic() - startedMs) / 1000;
      const { currentReplicas = 0, desiredReplicas } = look.status;
      const action = fault === 'none' ? actionOf(currentReplicas, desiredReplicas) : 'none';
      numbers.looked({ action, error: fault, seconds });
    }
    try {
      const shown = { ...autoscaler, status: given };
      await writeStatus(client, resources.horizontalPodAutoscalers, shown, look.status);
    } catch (error) {
      if (!isApiError(error, 'Conflict')) throw error;
    }
    return { afterMs: syncPeriodMs };
  }

  async function scale(look: Look): Promise<void> {
    const { autoscaler, key } = look;
    const { minReplicas: min = 1 } = autoscaler.spec ?? {};
    const max = autoscaler.spec?.maxReplicas ?? 0;
    const found = await findScale(look);
    setCondition(look, {
      type: 'AbleToScale',
      status: 'True',
      reason: 'SucceededGetScale',
      message: "the HPA controller was able to get the target's current scale",
    });
    const current = found.scale.spec?.replicas ?? 0;
    const memory = recommendations.get(key) ?? new Recommendations();
    recommendations.set(key, memory);
    memory.begin(current, clock.monotonic());
    look.status.currentReplicas = current;
    const plan = await desired(look, { found, memory, current, min, max });
    look.status.currentMetrics = plan.metrics.length > 0 ? [...plan.metrics] : undefined;
    look.status.desiredReplicas = plan.replicas;
    if (plan.replicas === current) return;
    await rescale(look, { found, memory, current, ...plan });
  }

  async function findScale(look: Look): Promise<FoundScale> {
    const { metadata, spec } = look.autoscaler;
    try {
      if (!spec) throw new Error('spec is missing');
      return await targets.get(metadata.namespace ?? '', spec.scaleTargetRef);
    } catch (error) {
      const why = describeError(error);
      warn(look, 'FailedGetScale', why);
      setCondition(look, {
        type: 'AbleToScale',
        status: 'False',
        reason: 'FailedGetScale',
        message: `the HPA controller was unable to get the target's current scale: ${why}`,
      });
      throw new AutoscalingError(why, { cause: error });
    }
  }

  async function desired(
    look: Look,
    given: {
      readonly found: FoundScale;
      readonly memory: Recommendations;
      readonly current: number;
      readonly min: number;
      readonly max: number;
    },
  ): Promise<{ replicas: number; reason: string; metrics: readonly MetricStatus[] }> {
    const { found, memory, current, min, max } = given;
    if (current === 0) {
      setCondition(look, {
        type: 'ScalingActive',
        status: 'False',
        reason: 'ScalingDisabled',
        message: 'scaling is disabled since the replica count of the target is zero',
      });
      return { replicas: 0, reason: '', metrics: [] };
    }
    if (current > max) {
      return { replicas: max, reason: 'Current number of replicas above Spec.MaxReplicas', metrics: [] };
    }
    if (current < min) {
      return { replicas: min, reason: 'Current number of replicas below Spec.MinReplicas', metrics: [] };
    }
    const asked = await askMetrics(look, found);
    const replicas = bounded(look, memory, { current, desired: asked.replicas, min, max });
    const reason = asked.replicas > current ? `${asked.metric} above target` : 'All metrics below target';
    return { replicas, reason, metrics: asked.metrics };
  }

  /** The largest size that a metric asks for. A metric that fails is no reason to shrink, and one of all that fail none at all. */
  async function askMetrics(look: Look, { scale: shown }: FoundScale) {
    const { metadata, spec } = look.autoscaler;
    const selector = selectorOf(look, shown.status?.selector ?? '');
    const namespace = metadata.namespace ?? '';
    const members = pods.list(namespace).filter((pod) => selector.matches(pod.metadata.labels));
    refuseAmbiguous(look, selector, members);
    const current = shown.spec?.replicas ?? 0;
    const answers = await proposals.all(look.autoscaler, {
      selector: selector.text,
      pods: members,
      specReplicas: current,
      statusReplicas: shown.status?.replicas ?? 0,
    });
    const metrics = answers.map((answer) => ('status' in answer ? answer.status : { type: '' }));
    const failures = answers.filter((answer) => 'failure' in answer);
    const counted = answers.filter((answer) => 'replicas' in answer);
    const best = counted.toSorted((a, b) => b.replicas - a.replicas)[0];
    const [first] = failures;
    if (first && (!best || best.replicas < current)) {
      setCondition(look, first.condition);
      look.status.currentMetrics = metrics;
      const why = `invalid metrics (${failures.length} invalid out of ${spec?.metrics?.length ?? 0}), first error is: ${first.failure}`;
      warn(look, 'FailedComputeMetricsReplicas', why);
      throw new AutoscalingError(why);
    }
    const { replicas = 0, metric = '' } = best ?? {};
    setCondition(look, {
      type: 'ScalingActive',
      status: 'True',
      reason: 'ValidMetricFound',
      message: `the HPA was able to successfully calculate a replica count from ${metric}`,
    });
    return { replicas, metric, metrics };
  }

  function selectorOf(look: Look, text: string): Selector {
    const refuse = (reason: string, event: string, condition: string): never => {
      warn(look, reason, event);
      const given = { type: 'ScalingActive', status: 'False', reason: 'InvalidSelector', message: condition };
      setCondition(look, given);
      warn(look, 'FailedComputeMetricsReplicas', event);
      throw new AutoscalingError(event, { fault: 'spec' });
    };
    if (text === '')
      refuse('SelectorRequired', 'selector is required', "the HPA target's scale is missing a selector");
    try {
      const selector = parseLabelSelector(text);
      selectors.set(look.key, selector);
      return selector;
    } catch (error) {
      const why = `couldn't convert selector into a corresponding internal selector object: ${describeError(error)}`;
      return refuse('InvalidSelector', why, why);
    }
  }

  /** Two autoscalers of the same pods would undo each other's work. */
  function refuseAmbiguous(look: Look, selector: Selector, members: readonly Pod[]): void {
    const { namespace } = splitKey(look.key);
    const sharing = [...selectors].filter(
      ([key, other]) =>
        splitKey(key).namespace === namespace &&
        members.some(({ metadata }) => other.matches(metadata.labels)),
    );
    if (sharing.length <= 1) return;
    const names = sharing.map(([key]) => `{${splitKey(key).name} ${namespace}}`).sort();
    const why = `pods by selector ${selector.text} are controlled by multiple HPAs: [${names.join(' ')}]`;
    warn(look, 'AmbiguousSelector', why);
    setCondition(look, {
      type: 'ScalingActive',
      status: 'False',
      reason: 'AmbiguousSelector',
      message: why,
    });
    warn(look, 'FailedComputeMetricsReplicas', why);
    throw new AutoscalingError(why, { fault: 'spec' });
  }

  function bounded(look: Look, memory: Recommendations, sizes: Sizes): number {
    const { behavior } = look.autoscaler.spec ?? {};
    const nowMs = clock.monotonic();
    if (!behavior) {
      const windowMs = stabilizationMs;
      const replicas = memory.highest(sizes.desired, { windowMs, nowMs });
      noteStabilized(look, replicas === sizes.desired ? undefined : scaleDownStabilized);
      return noteLimited(look, replicas, limitWithoutBehavior({ ...sizes, desired: replicas }));
    }
    const rules = {
      up: behavior.scaleUp ?? {},
      down: { stabilizationWindowSeconds: stabilizationMs / 1000, ...behavior.scaleDown },
      nowMs,
    };
    const stabilized = memory.stabilize(sizes, rules);
    noteStabilized(look, stabilized.replicas === sizes.desired ? undefined : stabilized);
    const limited = memory.limit({ ...sizes, desired: stabilized.replicas }, rules);
    return noteLimited(look, stabilized.replicas, limited);
  }

  function noteStabilized(look: Look, held: { reason: string; message: string } | undefined): void {
    const ready = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
    const { reason, message } = held ?? ready;
    setCondition(look, { type: 'AbleToScale', status: 'True', reason, message });
  }

  function noteLimited(
    look: Look,
    wanted: number,
    { replicas, reason, message }: { replicas: number; reason: string; message: string },
  ): number {
    const status = replicas === wanted ? 'False' : 'True';
    setCondition(look, { type: 'ScalingLimited', status, reason, message });
    return replicas;
  }

  async function rescale(
    look: Look,
    given: {
      readonly found: FoundScale;
      readonly memory: Recommendations;
      readonly current: number;
      readonly replicas: number;
      readonly reason: string;
    },
  ): Promise<void> {
    const { found, memory, current, replicas, reason } = given;
    try {
      await setScale(look, found, replicas);
    } catch (error) {
      const why = describeError(error);
      warn(look, 'FailedRescale', `New size: ${replicas}; reason: ${reason}; error: ${why}`);
      setCondition(look, {
        type: 'AbleToScale',
        status: 'False',
        reason: 'FailedUpdateScale',
        message: `the HPA controller was unable to update the target scale: ${why}`,
      });
      look.status.desiredReplicas = look.autoscaler.status?.desiredReplicas ?? 0;
      throw new AutoscalingError(why, { cause: error });
    }
    setCondition(look, {
      type: 'AbleToScale',
      status: 'True',
      reason: 'SucceededRescale',
      message: `the HPA controller was able to update the target scale to ${replicas}`,
    });
    const message = `New size: ${replicas}; reason: ${reason}`;
    events.record(look.autoscaler, { type: 'Normal', reason: 'SuccessfulRescale', message });
    const { behavior } = look.autoscaler.spec ?? {};
    memory.changed(behavior, { from: current, to: replicas, nowMs: clock.monotonic() });
    look.status.lastScaleTime = timestamp(clock.now());
  }

  async function setScale(look: Look, found: FoundScale, replicas: number): Promise<void> {
    const { metadata, spec } = look.autoscaler;
    const namespace = metadata.namespace ?? '';
    let { scale: shown } = found;
    for (let conflicts = 0; ; conflicts++) {
      try {
        return await targets.set(namespace, { scale: shown, ref: found.ref }, replicas);
      } catch (error) {
        if (!isApiError(error, 'Conflict') || conflicts >= conflictsMax || !spec) throw error;
        ({ scale: shown } = await targets.get(namespace, spec.scaleTargetRef));
      }
    }
  }

  function warn({ autoscaler }: Look, reason: string, message: string): void {
    events.record(autoscaler, { type: 'Warning', reason, message });
  }

  function setCondition(look: Look, condition: HorizontalPodAutoscalerCondition): void {
    look.status.conditions = withCondition(look.status.conditions, condition, clock.now());
  }

  return createController({
    name: 'horizontal-pod-autoscaler',
    context,
    waitFor: [autoscalers, pods],
    queue,
    workers: 5,
    reconcile,
  });
}
