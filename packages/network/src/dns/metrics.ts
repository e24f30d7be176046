/**
 * What the name server counts, under the names that CoreDNS gives them, so that its dashboards and alerts fit.
 * https://coredns.io/plugins/metrics/
 */
import { rcodes, type Query } from '#dns/message.ts';

export type Transport = 'udp' | 'tcp';

const bucketsSeconds = [
  0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048,
  4.096, 8.192,
];
/** Others are counted as one, so that strangers can't make series. */
const typesCounted = new Set([
  'A',
  'AAAA',
  'MX',
  'SOA',
  'CNAME',
  'PTR',
  'TXT',
  'NS',
  'SRV',
  'DS',
  'DNSKEY',
  'RRSIG',
  'NSEC',
  'NSEC3',
  'HTTPS',
  'ANY',
]);
const rcodeNames = new Map<number, string>(Object.entries(rcodes).map(([name, value]) => [value, name]));
const server = 'dns://:53';

class Counter {
  readonly #values = new Map<string, number>();

  add(labels: string, by = 1): void {
    this.#values.set(labels, (this.#values.get(labels) ?? 0) + by);
  }

  lines(name: string): string[] {
    return [...this.#values].map(([labels, value]) => `${name}{${labels}} ${value}`);
  }
}

export class NameServerMetrics {
  readonly #requests = new Counter();
  readonly #responses = new Counter();
  readonly #hits = new Counter();
  readonly #misses = new Counter();
  readonly #durations = new Map<string, { readonly buckets: number[]; sumSeconds: number; count: number }>();
  readonly #cacheSize: () => number;

  constructor({ cacheSize }: { readonly cacheSize: () => number }) {
    this.#cacheSize = cacheSize;
  }

  /** What could not be read. */
  refused(transport: Transport, response: Buffer): void {
    this.#requests.add(
      `server="${server}",zone="dropped",view="",proto="${transport}",family="1",type="other"`,
    );
    this.#respond('dropped', response);
  }

  answered(done: {
    readonly query: Query;
    readonly transport: Transport;
    readonly zone: string;
    readonly response: Buffer;
    readonly tookMs: number;
  }): void {
    const { query, transport, zone, response, tookMs } = done;
    const asked = query.question.type === 'UNKNOWN_65' ? 'HTTPS' : query.question.type;
    const type = typesCounted.has(asked) ? asked : 'other';
    this.#requests.add(
      `server="${server}",zone="${zone}",view="",proto="${transport}",family="1",type="${type}"`,
    );
    this.#respond(zone, response);
    this.#observe(zone, tookMs / 1_000);
  }

  looked({ isCached }: { isCached: boolean }): void {
    (isCached ? this.#hits : this.#misses).add(`server="${server}",zones=".",view=""`);
  }

  /** In the text format of Prometheus. */
  text(): string {
    return [
      ...described(
        'coredns_dns_requests_total',
        'counter',
        'Counter of DNS requests made per zone, protocol and family.',
      ),
      ...this.#requests.lines('coredns_dns_requests_total'),
      ...described('coredns_dns_responses_total', 'counter', 'Counter of response status codes.'),
      ...this.#responses.lines('coredns_dns_responses_total'),
      ...described(
        'coredns_dns_request_duration_seconds',
        'histogram',
        'Histogram of the time (in seconds) each request took per zone.',
      ),
      ...[...this.#durations].flatMap(([zone, durations]) => histogramLines(zone, durations)),
      ...described('coredns_cache_hits_total', 'counter', 'The count of cache hits.'),
      ...this.#hits.lines('coredns_cache_hits_total'),
      ...described('coredns_cache_misses_total', 'counter', 'The count of cache misses.'),
      ...this.#misses.lines('coredns_cache_misses_total'),
      ...described('coredns_cache_entries', 'gauge', 'The number of elements in the cache.'),
      `coredns_cache_entries{server="${server}",type="success",zones=".",view=""} ${this.#cacheSize()}`,
      '',
    ].join('\n');
  }

  #respond(zone: string, response: Buffer): void {
    const rcode = rcodeNames.get(response.readUInt16BE(2) & 0xf) ?? 'other';
    this.#responses.add(`server="${server}",zone="${zone}",view="",rcode="${rcode}",plugin=""`);
  }

  #observe(zone: string, seconds: number): void {
    let durations = this.#durations.get(zone);
    if (!durations) {
      durations = { buckets: bucketsSeconds.map(() => 0), sumSeconds: 0, count: 0 };
      this.#durations.set(zone, durations);
    }
    const { buckets } = durations;
    const index = bucketsSeconds.findIndex((bound) => seconds <= bound);
    if (index >= 0) buckets[index] = (buckets[index] ?? 0) + 1;
    durations.sumSeconds += seconds;
    durations.count++;
  }
}

function described(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function histogramLines(
  zone: string,
  { buckets, sumSeconds, count }: { buckets: readonly number[]; sumSeconds: number; count: number },
): string[] {
  const name = 'coredns_dns_request_duration_seconds';
  const labels = `server="${server}",zone="${zone}",view=""`;
  let below = 0;
  const lines = bucketsSeconds.map((bound, index) => {
    below += buckets[index] ?? 0;
    return `${name}_bucket{${labels},le="${bound}"} ${below}`;
  });
  return [
    ...lines,
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${sumSeconds}`,
    `${name}_count{${labels}} ${count}`,
  ];
}
