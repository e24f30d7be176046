/** Numbers of the scheduler under the names of kube-scheduler. What gathers them is handed in; without it nobody counts. */
import type { Clock, Counter, Family, Histogram, MetricRegistry } from '@skerry/base';
import { type CycleWatch, type ExtensionPoint, noWatch, type PluginStatus } from '#cycle-watch.ts';
import type { QueueWatcher, SchedulingQueue, Waiting } from '#queue.ts';

/** Where numbers go. */
export type Metrics = Pick<MetricRegistry, 'counter' | 'gauge' | 'histogram' | 'sampled'>;

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

export interface SchedulerMeter {
  /** A try begins. */
  cycle(profile: string): CycleWatch;
  /** What an event of the API meant was taken in. */
  handled(event: string, startedMs: number): void;
  /** A try to place a pod ended. */
  attempted(profile: string, result: AttemptResult, startedMs: number): void;
  /** The decision alone. */
  decided(startedMs: number): void;
  bound(waiting: Waiting): void;
  preempted(victims: number): void;
  readonly queue: QueueWatcher;
}

export const silentMeter: SchedulerMeter = {
  cycle: () => noWatch,
  handled: () => undefined,
  attempted: () => undefined,
  decided: () => undefined,
  bound: () => undefined,
  preempted: () => undefined,
  queue: { entered: () => undefined, hinted: () => undefined },
};

/** Of all cycles, those whose plug-ins are timed one by one; as in kube-scheduler. */
const detailedShare = 0.1;

const exponential = (start: number, factor: number, count: number) =>
  Array.from({ length: count }, (_, index) => start * factor ** index);

export interface Pictures {
  queue(): SchedulingQueue | undefined;
  /** Nodes and pods that are held, and pods that are placed and not yet seen to be bound. */
  sizes(): { readonly nodes: number; readonly pods: number; readonly assumed_pods: number };
  /** By profile, how many pods each plug-in refused. */
  unschedulable(): ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface MeterOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly pictures: Pictures;
}

export function schedulerMeter({ metrics, clock, random, pictures }: MeterOptions): SchedulerMeter {
  const attempts = metrics.counter({
    name: 'scheduler_schedule_attempts_total',
    help: "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
    labels: ['profile', 'result'],
  });
  const attemptSeconds = metrics.histogram({
    name: 'scheduler_scheduling_attempt_duration_seconds',
    help: 'Scheduling attempt latency in seconds (scheduling algorithm + binding)',
    labels: ['profile', 'result'],
    buckets: exponential(0.001, 2, 15),
  });
  const algorithmSeconds = metrics
    .histogram({
      name: 'scheduler_scheduling_algorithm_duration_seconds',
      help: 'Scheduling algorithm latency in seconds',
      buckets: exponential(0.001, 2, 15),
    })
    .with();
  const podSeconds = metrics.histogram({
    name: 'scheduler_pod_scheduling_sli_duration_seconds',
    help: 'E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.',
    labels: ['attempts'],
    buckets: exponential(0.01, 2, 20),
  });
  const podAttempts = metrics
    .histogram({
      name: 'scheduler_pod_scheduling_attempts',
      help: 'Number of attempts to successfully schedule a pod.',
      buckets: exponential(1, 2, 5),
    })
    .with();
  const preemptions = metrics
    .counter({
      name: 'scheduler_preemption_attempts_total',
      help: 'Total preemption attempts in the cluster till now',
    })
    .with();
  const victims = metrics
    .histogram({
      name: 'scheduler_preemption_victims',
      help: 'Number of selected preemption victims',
      buckets: exponential(1, 2, 7),
    })
    .with();
  const incoming = metrics.counter({
    name: 'scheduler_queue_incoming_pods_total',
    help: 'Number of pods added to scheduling queues by event and queue type.',
    labels: ['queue', 'event'],
  });
  metrics.sampled(
    {
      name: 'scheduler_pending_pods',
      help: "Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.",
      type: 'gauge',
      labels: ['queue'],
    },
    () => Object.entries(pictures.queue()?.sizes ?? {}).map(([queue, size]) => [[queue], size] as const),
  );
  metrics.sampled(
    {
      name: 'scheduler_cache_size',
      help: 'Number of nodes, pods, and assumed (bound) pods in the scheduler cache.',
      type: 'gauge',
      labels: ['type'],
    },
    () => Object.entries(pictures.sizes()).map(([type, size]) => [[type], size] as const),
  );
  metrics.sampled(
    {
      name: 'scheduler_unschedulable_pods',
      help: 'The number of unschedulable pods broken down by plugin name. A pod will increment the gauge for all plugins that caused it to not schedule and so this metric have meaning only when broken down by plugin.',
      type: 'gauge',
      labels: ['plugin', 'profile'],
    },
    () =>
      [...pictures.unschedulable()].flatMap(([profile, plugins]) =>
        [...plugins].map(([plugin, pods]) => [[plugin, profile], pods] as const),
      ),
  );
  const forgotten = metrics
    .counter({
      name: 'scheduler_pod_scheduled_after_flush_total',
      help: 'Number of pods that were successfully scheduled after being flushed from unschedulablePods due to timeout. This metric helps detect potential queueing hint misconfigurations or event handling issues.',
    })
    .with();
  const handling = metrics.histogram({
    name: 'scheduler_event_handling_duration_seconds',
    help: 'Event handling latency in seconds.',
    labels: ['event'],
    buckets: exponential(0.0001, 2, 12),
  });
  const hints = metrics.histogram({
    name: 'scheduler_queueing_hint_execution_duration_seconds',
    help: 'Duration for running a queueing hint function of a plugin.',
    labels: ['plugin', 'event', 'hint'],
    buckets: exponential(0.00001, 1.5, 20),
  });
  const cycles = cycleMeter({ metrics, clock, random });
  const secondsSince = (startedMs: number) => (clock.monotonic() - startedMs) / 1000;
  return {
    attempted(profile, result, startedMs) {
      attempts.with(profile, result).add();
      attemptSeconds.with(profile, result).observe(secondsSince(startedMs));
    },
    decided: (startedMs) => algorithmSeconds.observe(secondsSince(startedMs)),
    cycle: cycles,
    handled: (event, startedMs) => handling.with(event).observe(secondsSince(startedMs)),
    bound({ attempts: failed, queuedAtMs, wasForgotten }) {
      if (wasForgotten) forgotten.add();
      podSeconds.with(String(Math.min(failed + 1, 16))).observe(secondsSince(queuedAtMs));
      podAttempts.observe(failed + 1);
    },
    preempted(count) {
      preemptions.add();
      victims.observe(count);
    },
    queue: {
      entered: (queue, event) => incoming.with(queue, event).add(),
      hinted({ rejectedBy }, event, helps, startedMs) {
        const seconds = secondsSince(startedMs);
        const hint = helps ? 'Queue' : 'QueueSkip';
        for (const plugin of rejectedBy) hints.with(plugin, event, hint).observe(seconds);
      },
    },
  };
}

/** Extension points and plug-ins, cycle by cycle. */
function cycleMeter({
  metrics,
  clock,
  random,
}: Omit<MeterOptions, 'pictures'>): (profile: string) => CycleWatch {
  const points = metrics.histogram({
    name: 'scheduler_framework_extension_point_duration_seconds',
    help: 'Latency for running all plugins of a specific extension point.',
    labels: ['extension_point', 'status', 'profile'],
    buckets: exponential(0.0001, 2, 12),
  });
  const plugins = metrics.histogram({
    name: 'scheduler_plugin_execution_duration_seconds',
    help: 'Duration for running a plugin at a specific extension point.',
    labels: ['plugin', 'extension_point', 'status'],
    buckets: exponential(0.00001, 1.5, 20),
  });
  const evaluations = metrics.counter({
    name: 'scheduler_plugin_evaluation_total',
    help: 'Number of attempts to schedule pods by each plugin and the extension point (available only in PreFilter, Filter, PreScore, and Score).',
    labels: ['plugin', 'extension_point', 'profile'],
  });
  const series = { points, plugins, evaluations };
  return (profile) => new Cycle(series, clock, profile, random() < detailedShare);
}

interface CycleSeries {
  readonly points: Family<Histogram>;
  readonly plugins: Family<Histogram>;
  readonly evaluations: Family<Counter>;
}

/** One is made for every try. */
class Cycle implements CycleWatch {
  readonly startedMs: number;
  readonly isDetailed: boolean;
  readonly #series: CycleSeries;
  readonly #clock: Clock;
  readonly #profile: string;

  constructor(series: CycleSeries, clock: Clock, profile: string, isDetailed: boolean) {
    this.#series = series;
    this.#clock = clock;
    this.#profile = profile;
    this.isDetailed = isDetailed;
    this.startedMs = clock.monotonic();
  }

  now(): number {
    return this.#clock.monotonic();
  }

  point(point: ExtensionPoint, status: PluginStatus, tookMs: number): void {
    this.#series.points.with(point, status, this.#profile).observe(tookMs / 1000);
  }

  plugin(plugin: string, point: ExtensionPoint, status: PluginStatus, tookMs: number): void {
    this.#series.plugins.with(plugin, point, status).observe(tookMs / 1000);
  }

  evaluated(plugin: string, point: ExtensionPoint, times: number): void {
    this.#series.evaluations.with(plugin, point, this.#profile).add(times);
  }
}
