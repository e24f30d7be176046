/** Numbers of the scheduler under the names of kube-scheduler. What gathers them is handed in; without it nobody counts. */
import type { Clock, MetricRegistry } from '@skerry/base';
import type { SchedulingQueue, Waiting } from '#queue.ts';

/** Where numbers go. */
export type Metrics = Pick<MetricRegistry, 'counter' | 'gauge' | 'histogram' | 'sampled'>;

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

export interface SchedulerMeter {
  /** A try to place a pod ended. */
  attempted(profile: string, result: AttemptResult, startedMs: number): void;
  /** The decision alone. */
  decided(startedMs: number): void;
  bound(waiting: Waiting): void;
  preempted(victims: number): void;
  queued(queue: 'active' | 'backoff' | 'unschedulable', event: string): void;
}

export const silentMeter: SchedulerMeter = {
  attempted: () => undefined,
  decided: () => undefined,
  bound: () => undefined,
  preempted: () => undefined,
  queued: () => undefined,
};

const exponential = (start: number, factor: number, count: number) =>
  Array.from({ length: count }, (_, index) => start * factor ** index);

export interface Pictures {
  queue(): SchedulingQueue | undefined;
  /** Nodes and pods that are held, and pods that are placed and not yet seen to be bound. */
  sizes(): { readonly nodes: number; readonly pods: number; readonly assumed_pods: number };
  unschedulable(): ReadonlyMap<string, number>;
}

export function schedulerMeter(metrics: Metrics, clock: Clock, pictures: Pictures): SchedulerMeter {
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
      labels: ['plugin'],
    },
    () => [...pictures.unschedulable()].map(([plugin, pods]) => [[plugin], pods] as const),
  );
  const secondsSince = (startedMs: number) => (clock.monotonic() - startedMs) / 1000;
  return {
    attempted(profile, result, startedMs) {
      attempts.with(profile, result).add();
      attemptSeconds.with(profile, result).observe(secondsSince(startedMs));
    },
    decided: (startedMs) => algorithmSeconds.observe(secondsSince(startedMs)),
    bound({ attempts: failed, queuedAtMs }) {
      podSeconds.with(String(Math.min(failed + 1, 16))).observe(secondsSince(queuedAtMs));
      podAttempts.observe(failed + 1);
    },
    preempted(count) {
      preemptions.add();
      victims.observe(count);
    },
    queued: (queue, event) => incoming.with(queue, event).add(),
  };
}
