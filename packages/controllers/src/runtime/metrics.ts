/**
 * Numbers of work queues and leadership, under the names of stock clusters. What gathers them is handed in; without it
 * nobody counts.
 */
import type { Clock, MetricRegistry } from '@skerry/base';

/** Where numbers go. */
export type Metrics = Pick<MetricRegistry, 'counter' | 'gauge' | 'histogram' | 'sampled'>;

const buckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10];

/** What one queue tells. Times are of the clock that it was made with. */
export interface QueueMeter {
  added(key: string): void;
  taken(key: string): void;
  done(key: string): void;
  retried(): void;
}

interface Watched {
  readonly name: string;
  readonly waitingSince: Map<string, number>;
  readonly workingSince: Map<string, number>;
}

/** The numbers of all queues of one process. */
export class QueueMetrics {
  readonly #clock: Clock;
  readonly #queues: Watched[] = [];
  readonly #adds;
  readonly #retries;
  readonly #waits;
  readonly #works;

  constructor(metrics: Metrics, clock: Clock) {
    this.#clock = clock;
    const labels = ['name'];
    this.#adds = metrics.counter({
      name: 'workqueue_adds_total',
      help: 'Total number of adds handled by workqueue',
      labels,
    });
    this.#retries = metrics.counter({
      name: 'workqueue_retries_total',
      help: 'Total number of retries handled by workqueue',
      labels,
    });
    this.#waits = metrics.histogram({
      name: 'workqueue_queue_duration_seconds',
      help: 'How long in seconds an item stays in workqueue before being requested.',
      labels,
      buckets,
    });
    this.#works = metrics.histogram({
      name: 'workqueue_work_duration_seconds',
      help: 'How long in seconds processing an item from workqueue takes.',
      labels,
      buckets,
    });
    const sampled = (name: string, help: string, of: (queue: Watched) => number) =>
      metrics.sampled({ name, help, type: 'gauge', labels }, () => this.#sums(of));
    sampled('workqueue_depth', 'Current depth of workqueue', ({ waitingSince }) => waitingSince.size);
    sampled(
      'workqueue_unfinished_work_seconds',
      "How many seconds of work has done that is in progress and hasn't been observed by work_duration.",
      ({ workingSince }) => this.#ages(workingSince).reduce((sum, age) => sum + age, 0),
    );
    sampled(
      'workqueue_longest_running_processor_seconds',
      'How many seconds has the longest running processor for workqueue been running.',
      ({ workingSince }) => Math.max(0, ...this.#ages(workingSince)),
    );
  }

  /** A queue of that name; several may have one. */
  queue(name: string): QueueMeter {
    const watched: Watched = { name, waitingSince: new Map(), workingSince: new Map() };
    this.#queues.push(watched);
    const adds = this.#adds.with(name);
    const retries = this.#retries.with(name);
    const waits = this.#waits.with(name);
    const works = this.#works.with(name);
    return {
      added: (key) => {
        adds.add();
        watched.waitingSince.set(key, this.#clock.monotonic());
      },
      taken: (key) => {
        waits.observe(this.#age(watched.waitingSince, key));
        watched.waitingSince.delete(key);
        watched.workingSince.set(key, this.#clock.monotonic());
      },
      done: (key) => {
        works.observe(this.#age(watched.workingSince, key));
        watched.workingSince.delete(key);
      },
      retried: () => retries.add(),
    };
  }

  /** Queues of a leader that has gone. */
  forgetQueues(): void {
    this.#queues.length = 0;
  }

  #age(since: ReadonlyMap<string, number>, key: string): number {
    const nowMs = this.#clock.monotonic();
    return (nowMs - (since.get(key) ?? nowMs)) / 1000;
  }

  #ages(since: ReadonlyMap<string, number>): number[] {
    return [...since.keys()].map((key) => this.#age(since, key));
  }

  *#sums(of: (queue: Watched) => number): Iterable<readonly [readonly string[], number]> {
    for (const [name, queues] of Map.groupBy(this.#queues, (queue) => queue.name))
      yield [[name], queues.map(of).reduce((a, b) => a + b)];
  }
}

/** Names that dashboards know queues by, where they aren't their controller's. */
const stockNames: Readonly<Record<string, string>> = {
  'deployment-controller': 'deployment',
  'replicaset-controller': 'replicaset',
  'replicationcontroller-controller': 'replicationmanager',
  'daemonset-controller': 'daemonset',
  'statefulset-controller': 'statefulset',
  'job-controller': 'job',
  'cronjob-controller': 'cronjob',
  'disruption-controller': 'disruption',
  'endpointslice-controller': 'endpoint_slice',
  'endpointslice-mirroring-controller': 'endpoint_slice_mirroring',
  'horizontal-pod-autoscaler-controller': 'horizontalpodautoscaler',
  'garbage-collector-controller': 'garbage_collector_attempt_to_delete',
  'namespace-controller': 'namespace',
  'node-lifecycle-controller': 'node_lifecycle_controller',
  'taint-eviction-controller': 'noexec_taint_pod',
  'certificate-controller': 'certificate',
  'service-account-controller': 'serviceaccount',
  'serviceaccount-token-controller': 'serviceaccount_tokens_secret',
  'root-ca-certificate-publisher-controller': 'root_ca_cert_publisher',
  'token-cleaner-controller': 'token_cleaner',
  'ttl-controller': 'ttlcontroller',
  'ttl-after-finished-controller': 'ttl_jobs_to_delete',
  'persistentvolume-binder-controller': 'volumes',
  'persistentvolume-expander-controller': 'volume_expand',
  'persistentvolumeclaim-protection-controller': 'pvcprotection',
  'persistentvolume-protection-controller': 'pvprotection',
  'ephemeral-volume-controller': 'ephemeral_volume',
};

export function queueNameOf(controller: string): string {
  return stockNames[controller] ?? controller.replaceAll('-', '_');
}
