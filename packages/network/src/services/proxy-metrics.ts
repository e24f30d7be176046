/**
 * What the service proxy counts, under kube-proxy's names and at kube-proxy's address, so that its dashboards and alerts fit.
 * https://kubernetes.io/docs/reference/instrumenting/metrics/
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describeError, MetricRegistry, sleep, type Clock, type Logger, type Service } from '@skerry/base';

const address = '127.0.0.1';
const port = 10_249;
const retryMs = 30_000;

/** kube-proxy's: powers of two from a millisecond. */
const syncBuckets = Array.from({ length: 15 }, (_, index) => 0.001 * 2 ** index);
const programmingBuckets = [0.25, 0.5, ...range(1, 59, 1), ...range(60, 120, 5), ...range(150, 300, 30)];

export interface Programmed {
  readonly isWhole: boolean;
  readonly durationMs: number;
  /** When what changed the endpoints happened, in ms since the epoch, as the slices tell it. */
  readonly triggeredMs: readonly number[];
}

export class ProxyMetrics {
  readonly #registry = new MetricRegistry();
  readonly #clock: Clock;
  #endpointChanges = 0;
  #serviceChanges = 0;
  #pendingEndpoints = 0;
  #pendingServices = 0;
  #queuedMs = 0;
  #syncedMs = 0;
  readonly #all = this.#histogram('sync_proxy_rules', 'SyncProxyRules latency in seconds');
  readonly #whole = this.#histogram(
    'sync_full_proxy_rules',
    'SyncProxyRules latency of full resyncs in seconds',
  );
  readonly #part = this.#histogram(
    'sync_partial_proxy_rules',
    'SyncProxyRules latency of partial syncs in seconds',
  );
  readonly #programming = this.#registry
    .histogram({
      name: 'kubeproxy_network_programming_duration_seconds',
      help: 'In cluster network programming latency in seconds',
      buckets: programmingBuckets,
    })
    .with();
  readonly #failures = this.#registry
    .counter({
      name: 'kubeproxy_sync_proxy_rules_nftables_sync_failures_total',
      help: 'Cumulative proxy nftables sync failures',
    })
    .with();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
    const numbers: [string, string, 'counter' | 'gauge', () => number][] = [
      [
        'endpoint_changes_total',
        'Cumulative proxy rules Endpoint changes',
        'counter',
        () => this.#endpointChanges,
      ],
      [
        'endpoint_changes_pending',
        'Pending proxy rules Endpoint changes',
        'gauge',
        () => this.#pendingEndpoints,
      ],
      [
        'service_changes_total',
        'Cumulative proxy rules Service changes',
        'counter',
        () => this.#serviceChanges,
      ],
      [
        'service_changes_pending',
        'Pending proxy rules Service changes',
        'gauge',
        () => this.#pendingServices,
      ],
      [
        'last_queued_timestamp_seconds',
        'The last time a sync of proxy rules was queued',
        'gauge',
        () => this.#queuedMs / 1000,
      ],
      [
        'last_timestamp_seconds',
        'The last time proxy rules were successfully synced',
        'gauge',
        () => this.#syncedMs / 1000,
      ],
    ];
    for (const [name, help, type, read] of numbers)
      this.#registry.sampled({ name: `kubeproxy_sync_proxy_rules_${name}`, help, type }, () => [
        [[], read()],
      ]);
  }

  changed(what: 'endpoints' | 'service'): void {
    this.#queuedMs = this.#clock.now();
    if (what === 'service') {
      this.#serviceChanges++;
      this.#pendingServices++;
    } else {
      this.#endpointChanges++;
      this.#pendingEndpoints++;
    }
  }

  /** What came until now is being programmed. */
  begun(): void {
    this.#pendingEndpoints = 0;
    this.#pendingServices = 0;
  }

  programmed({ isWhole, durationMs, triggeredMs }: Programmed): void {
    this.#syncedMs = this.#clock.now();
    this.#all.observe(durationMs / 1000);
    (isWhole ? this.#whole : this.#part).observe(durationMs / 1000);
    for (const at of triggeredMs) this.#programming.observe(Math.max(this.#syncedMs - at, 0) / 1000);
  }

  failed(): void {
    this.#failures.add();
  }

  render(): string {
    return this.#registry.render();
  }

  #histogram(name: string, help: string) {
    return this.#registry
      .histogram({ name: `kubeproxy_${name}_duration_seconds`, help, buckets: syncBuckets })
      .with();
  }
}

/** Answers `/metrics` on the machine's loopback. Where another kube-proxy does, it waits until that one is gone. */
export function createMetricsServer(
  metrics: Pick<ProxyMetrics, 'render'>,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Service {
  return {
    name: 'metrics of Services',
    async run(signal) {
      const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000 }, (request, response) => {
        const isThere = request.url === '/metrics';
        response.writeHead(isThere ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' });
        response.end(isThere ? metrics.render() : 'not found\n');
      });
      server.maxConnections = 16;
      let isTold = false;
      while (!signal.aborted) {
        server.listen(port, address);
        try {
          await once(server, 'listening', { signal });
          await once(signal, 'abort');
        } catch (error) {
          if (!signal.aborted && !isTold)
            log.info('metrics of Services not served', { error: describeError(error) });
          isTold = true;
          await sleep(clock, retryMs, signal).catch(() => undefined);
        }
      }
      server.close();
      server.closeAllConnections();
    },
  };
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}
