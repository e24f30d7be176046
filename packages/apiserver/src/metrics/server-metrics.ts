import { type HealthNumbers, measureBuild, measureHealth, type VersionInfo } from '@skerry/api';
import { type Clock, MetricRegistry, type Counter, type Family } from '@skerry/base';
import type { Store } from '@skerry/store';
import { measureCaches } from '#metrics/cache-metrics.ts';
import { measuredStore } from '#metrics/measured-store.ts';
import { WatchMetrics } from '#metrics/watch-metrics.ts';
import { runsOn } from '#runs-on.ts';
import type { KindTable } from '#registry/kind-table.ts';
import { RequestMetrics } from '#request-metrics.ts';

/** Everything that a server counts, behind `/metrics`. */
export class ServerMetrics {
  readonly registry = new MetricRegistry();
  /** What `/metrics/slis` shows. */
  readonly levels = new MetricRegistry();
  readonly health: HealthNumbers;
  readonly requests: RequestMetrics;
  readonly watches: WatchMetrics;
  readonly #clock: Clock;
  readonly #refused: Family<Counter>;
  readonly #unavailable: Family<Counter>;

  constructor(parts: {
    readonly clock: Clock;
    readonly kinds: KindTable;
    readonly version: VersionInfo;
    /** Adds the numbers of the process that the server runs in. */
    readonly measure: ((metrics: MetricRegistry) => void) | undefined;
  }) {
    const { clock, kinds, version, measure } = parts;
    this.#clock = clock;
    this.requests = new RequestMetrics(this.registry, (group, versionName, resource) =>
      kinds.serves(group, versionName, resource),
    );
    this.watches = new WatchMetrics(this.registry);
    measureCaches(this.registry, () => kinds.storedResources());
    this.#refused = this.registry.counter({
      name: 'apiserver_connections_refused_total',
      help: 'Connections that were one too many, of one client or of all.',
      labels: ['reason'],
    });
    this.#unavailable = this.registry.counter({
      name: 'aggregator_unavailable_apiservice_total',
      help: 'Times that an APIService came to be unavailable, by why.',
      labels: ['name', 'reason'],
    });
    measureBuild(this.registry, version, runsOn);
    this.health = measureHealth(this.levels);
    measure?.(this.registry);
  }

  /** Of an APIService that was available until now, or was not yet looked at. */
  readonly apiServiceUnavailable = (name: string, reason: string): void => {
    this.#unavailable.with(name, reason).add();
  };

  connectionRefused(why: 'client' | 'total'): void {
    this.#refused.with(why).add();
  }

  store(store: Store): Store {
    return measuredStore(store, this.registry, this.#clock);
  }
}
