/** Requests of a client under the names that client-go has for its own. A watch counts when it is answered. */
import type { Clock, MetricRegistry } from '@skerry/base';
import type { Transport } from '#transport.ts';

export interface CountedOptions {
  readonly clock: Clock;
  /** The API server, as the label `host` has it. */
  readonly host: string;
}

/** The code of a request that nobody answered. */
const noAnswer = '<error>';

/** For each transport that is given one whose requests are counted; all of them together, and once in a registry. */
export function countRequests(
  metrics: Pick<MetricRegistry, 'counter' | 'histogram'>,
  { clock, host }: CountedOptions,
): (transport: Transport) => Transport {
  const requests = metrics.counter({
    name: 'rest_client_requests_total',
    help: 'Number of HTTP requests, partitioned by status code, method, and host.',
    labels: ['code', 'method', 'host'],
  });
  const seconds = metrics.histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Request latency in seconds. Broken down by verb, and host.',
    labels: ['verb', 'host'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
  });
  return (transport) => ({
    async request(request) {
      const startedMs = clock.monotonic();
      let code = noAnswer;
      try {
        const response = await transport.request(request);
        code = String(response.status);
        return response;
      } finally {
        requests.with(code, request.method, host).add();
        seconds.with(request.method, host).observe((clock.monotonic() - startedMs) / 1000);
      }
    },
    close: () => transport.close(),
  });
}
