/** What the proxy counts. */
import { MetricRegistry, type Clock } from '@skerry/base';

const bucketsSeconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export class ProxyMetrics {
  readonly #registry = new MetricRegistry();
  readonly #clock: Clock;
  readonly #requests = this.#registry.counter({
    name: 'skerry_ingress_requests_total',
    help: 'Requests by the status that they were answered with.',
    labels: ['code'],
  });
  readonly #durations = this.#registry
    .histogram({
      name: 'skerry_ingress_request_duration_seconds',
      help: 'From the head of a request to the end of its answer.',
      buckets: bucketsSeconds,
    })
    .with();
  readonly #underWay = this.#registry
    .gauge({ name: 'skerry_ingress_requests_in_flight', help: 'Requests that are not answered yet.' })
    .with();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Returns what ends it, with the status. */
  begin(): (status: number) => void {
    const startedMs = this.#clock.monotonic();
    this.#underWay.add(1);
    return (status) => {
      this.#underWay.add(-1);
      this.#requests.with(String(status)).add();
      this.#durations.observe((this.#clock.monotonic() - startedMs) / 1000);
    };
  }

  render(): string {
    return this.#registry.render();
  }
}
