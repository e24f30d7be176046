import type { Flow } from '#flowcontrol/flow-schema.ts';
import type { Counter, Family, Gauge, Histogram, MetricRegistry } from '@skerry/base';

const queueLengthBuckets = [0, 10, 25, 50, 100, 250, 500, 1000];
const secondsBuckets = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const byFlow = ['priority_level', 'flow_schema'];

/** The series of one flow. */
export interface FlowSeries {
  readonly dispatched: Counter;
  readonly inQueueRequests: Gauge;
  readonly inQueueSeats: Gauge;
  readonly queueLength: Histogram;
  readonly executingRequests: Gauge;
  readonly executingSeats: Gauge;
  readonly waitedAndBegan: Histogram;
  readonly waitedInVain: Histogram;
  readonly executionSeconds: Histogram;
  readonly watchStartSeconds: Histogram;
  readonly estimatedSeats: Histogram;
  readonly notAccommodated: Counter;
}

/** The `apiserver_flowcontrol_*` families that are counted as requests pass; those of limits are sampled by `FlowControl`. */
export class FlowMetrics {
  readonly #families: {
    readonly rejected: Family<Counter>;
    readonly dispatched: Family<Counter>;
    readonly inQueueRequests: Family<Gauge>;
    readonly inQueueSeats: Family<Gauge>;
    readonly queueLength: Family<Histogram>;
    readonly executingRequests: Family<Gauge>;
    readonly executingSeats: Family<Gauge>;
    readonly waitSeconds: Family<Histogram>;
    readonly executionSeconds: Family<Histogram>;
    readonly estimatedSeats: Family<Histogram>;
    readonly notAccommodated: Family<Counter>;
  };
  readonly #ofFlow = new WeakMap<Flow, FlowSeries>();

  constructor(metrics: MetricRegistry) {
    const name = (rest: string) => `apiserver_flowcontrol_${rest}`;
    this.#families = {
      rejected: metrics.counter({
        name: name('rejected_requests_total'),
        help: 'Requests that found no seat, by reason.',
        labels: [...byFlow, 'reason'],
      }),
      dispatched: metrics.counter({
        name: name('dispatched_requests_total'),
        help: 'Requests that were begun.',
        labels: byFlow,
      }),
      inQueueRequests: metrics.gauge({
        name: name('current_inqueue_requests'),
        help: 'Requests that wait in queues.',
        labels: byFlow,
      }),
      inQueueSeats: metrics.gauge({
        name: name('current_inqueue_seats'),
        help: 'Seats that requests in queues wait for.',
        labels: byFlow,
      }),
      queueLength: metrics.histogram({
        name: name('request_queue_length_after_enqueue'),
        help: 'Length of its queue as each request found it, itself included.',
        labels: byFlow,
        buckets: queueLengthBuckets,
      }),
      executingRequests: metrics.gauge({
        name: name('current_executing_requests'),
        help: 'Requests being answered; of watches those that begin.',
        labels: byFlow,
      }),
      executingSeats: metrics.gauge({
        name: name('current_executing_seats'),
        help: 'Seats that requests being answered hold.',
        labels: byFlow,
      }),
      waitSeconds: metrics.histogram({
        name: name('request_wait_duration_seconds'),
        help: 'How long requests waited in their queue, and whether they were then begun.',
        labels: [...byFlow, 'execute'],
        buckets: secondsBuckets,
      }),
      executionSeconds: metrics.histogram({
        name: name('request_execution_seconds'),
        help: 'How long requests took once begun; of watches until they had begun.',
        labels: [...byFlow, 'type'],
        buckets: secondsBuckets,
      }),
      estimatedSeats: metrics.histogram({
        name: name('work_estimated_seats'),
        help: 'Seats that requests were reckoned to need.',
        labels: byFlow,
        buckets: [1, 2, 4, 8, 16, 32, 64, 100],
      }),
      notAccommodated: metrics.counter({
        name: name('request_dispatch_no_accommodation_total'),
        help: 'Times that the next request was too wide for the seats that were free.',
        labels: byFlow,
      }),
    };
  }

  /** Looked up by name once for each flow: these are on the path of every request. */
  of(flow: Flow): FlowSeries {
    let series = this.#ofFlow.get(flow);
    if (!series) this.#ofFlow.set(flow, (series = this.#make([flow.level, flow.name])));
    return series;
  }

  rejected(flow: Flow, reason: string): Counter {
    return this.#families.rejected.with(flow.level, flow.name, reason);
  }

  #make(names: readonly [level: string, flow: string]): FlowSeries {
    const families = this.#families;
    return {
      dispatched: families.dispatched.with(...names),
      inQueueRequests: families.inQueueRequests.with(...names),
      inQueueSeats: families.inQueueSeats.with(...names),
      queueLength: families.queueLength.with(...names),
      executingRequests: families.executingRequests.with(...names),
      executingSeats: families.executingSeats.with(...names),
      waitedAndBegan: families.waitSeconds.with(...names, 'true'),
      waitedInVain: families.waitSeconds.with(...names, 'false'),
      executionSeconds: families.executionSeconds.with(...names, 'regular'),
      watchStartSeconds: families.executionSeconds.with(...names, 'watch'),
      estimatedSeats: families.estimatedSeats.with(...names),
      notAccommodated: families.notAccommodated.with(...names),
    };
  }
}
