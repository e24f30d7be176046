import type { Counter, MetricRegistry } from '@skerry/base';
import { connectSubresources, type RequestInfo } from '#request-info.ts';

const durationBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const sizeBuckets = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const place = ['group', 'version', 'resource', 'subresource', 'scope', 'component'];
const component = 'apiserver';
/** From a millisecond, doubled 14 times. */
const judgedBuckets = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power);
/** From none over half an hour and days to a year. */
const certificateBuckets = [
  0, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 2_592_000, 7_776_000, 15_552_000,
  31_104_000,
];

/** What of a request its metrics tell apart. */
export interface Measured {
  readonly info: RequestInfo;
  readonly method: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly longRunning: boolean;
}

export interface Outcome {
  /** 0: no answer was begun. */
  readonly code: number;
  readonly bytes: number;
  readonly durationMs: number;
  /** Of these, waiting for a seat. */
  readonly waitedMs: number;
}

/**
 * Requests by what they are about and how they ended, under the names that dashboards for Kubernetes know. Resources that
 * nothing serves are words of strangers and count under none. Names:
 * https://kubernetes.io/docs/reference/instrumentation/metrics/
 */
export class RequestMetrics {
  readonly #total;
  readonly #duration;
  readonly #slis;
  readonly #sizes;
  readonly #longRunning;
  readonly #inFlight;
  readonly #terminations;
  readonly #aborts;
  readonly #dropped;
  readonly #authentications;
  readonly #authorizations;
  readonly #authenticationSeconds;
  readonly #authorizationSeconds;
  readonly #users;
  readonly #certificateSeconds;
  readonly #serves: (group: string, version: string, resource: string) => boolean;

  constructor(
    metrics: MetricRegistry,
    serves: (group: string, version: string, resource: string) => boolean,
  ) {
    this.#serves = serves;
    this.#total = metrics.counter({
      name: 'apiserver_request_total',
      help: 'Requests by verb, what they are about, and the code of the answer.',
      labels: ['verb', 'dry_run', ...place, 'code'],
    });
    this.#duration = metrics.histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'How long requests took that are no streams.',
      labels: ['verb', 'dry_run', ...place],
      buckets: durationBuckets,
    });
    this.#slis = metrics.histogram({
      name: 'apiserver_request_sli_duration_seconds',
      help: 'How long requests took without their waiting for a seat.',
      labels: ['verb', ...place],
      buckets: durationBuckets.slice(2),
    });
    this.#sizes = metrics.histogram({
      name: 'apiserver_response_sizes',
      help: 'Bytes of answers to GET and LIST.',
      labels: ['verb', ...place],
      buckets: sizeBuckets,
    });
    this.#longRunning = metrics.gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Open watches and streams.',
      labels: ['verb', ...place],
    });
    this.#inFlight = metrics.gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests being answered, reading and mutating apart.',
      labels: ['request_kind'],
    });
    for (const kind of ['mutating', 'readOnly']) this.#inFlight.with(kind).set(0);
    this.#terminations = metrics.counter({
      name: 'apiserver_request_terminations_total',
      help: 'Requests that the server ended to protect itself.',
      labels: ['verb', ...place, 'code'],
    });
    this.#aborts = metrics.counter({
      name: 'apiserver_request_aborts_total',
      help: 'Answers that were begun and broken off.',
      labels: ['verb', 'group', 'version', 'resource', 'subresource', 'scope'],
    });
    this.#dropped = metrics.counter({
      name: 'apiserver_dropped_requests_total',
      help: 'Requests that were told to come back later.',
      labels: ['request_kind'],
    });
    this.#authentications = metrics.counter({
      name: 'authentication_attempts',
      help: 'Requests by whether it is known who asks; who shows nothing is anonymous.',
      labels: ['result'],
    });
    this.#authorizations = metrics.counter({
      name: 'authorization_attempts_total',
      help: 'Requests by whether they may do what they ask for.',
      labels: ['result'],
    });
    this.#authenticationSeconds = metrics.histogram({
      name: 'authentication_duration_seconds',
      help: 'How long it took to find out who asks.',
      labels: ['result'],
      buckets: judgedBuckets,
    });
    this.#authorizationSeconds = metrics.histogram({
      name: 'authorization_duration_seconds',
      help: 'How long it took to find out whether they may.',
      labels: ['result'],
      buckets: judgedBuckets,
    });
    this.#users = metrics.counter({
      name: 'authenticated_user_requests',
      help: 'Requests of those who are known, by few names.',
      labels: ['username'],
    });
    this.#certificateSeconds = metrics
      .histogram({
        name: 'apiserver_client_certificate_expiration_seconds',
        help: 'How long the certificates that clients show are still good.',
        buckets: certificateBuckets,
      })
      .with();
  }

  /** `user` is that of a success; `certificateEndMs` how long the certificate that was shown is still good. */
  authenticated(
    result: 'success' | 'failure',
    { tookMs, user, certificateEndMs }: { tookMs: number; user?: string; certificateEndMs?: number },
  ): void {
    this.#authentications.with(result).add();
    this.#authenticationSeconds.with(result).observe(tookMs / 1000);
    if (user !== undefined) this.#users.with(kindOfUser(user)).add();
    if (certificateEndMs !== undefined) this.#certificateSeconds.observe(certificateEndMs / 1000);
  }

  authorized(result: 'allowed' | 'denied', tookMs: number): void {
    this.#authorizations.with(result).add();
    this.#authorizationSeconds.with(result).observe(tookMs / 1000);
  }

  /** Counts a stream that begins; the returned function counts its end. */
  beginLongRunning(measured: Measured): () => void {
    const gauge = this.#longRunning.with(verbOf(measured), ...this.#placeOf(measured.info));
    gauge.add(1);
    return () => gauge.add(-1);
  }

  /** Counts a request that has its seat; the returned function counts its end. */
  beginExecuting(info: RequestInfo): () => void {
    const gauge = this.#inFlight.with(kindOf(info));
    gauge.add(1);
    return () => gauge.add(-1);
  }

  end(measured: Measured, { code, bytes, durationMs, waitedMs }: Outcome): void {
    const verb = verbOf(measured);
    const dryRun = dryRunOf(measured.query);
    const labels = this.#placeOf(measured.info);
    this.#total.with(verb, dryRun, ...labels, String(code)).add();
    if (measured.longRunning) return;
    this.#duration.with(verb, dryRun, ...labels).observe(durationMs / 1000);
    if (dryRun === '') this.#slis.with(verb, ...labels).observe((durationMs - waitedMs) / 1000);
    if (verb === 'GET' || verb === 'LIST') this.#sizes.with(verb, ...labels).observe(bytes);
  }

  terminated(measured: Measured, code: number): void {
    this.#terminationOf(measured, code).add();
    if (code === 429) this.#dropped.with(kindOf(measured.info)).add();
  }

  aborted(measured: Measured): void {
    this.#aborts.with(verbOf(measured), ...this.#placeOf(measured.info).slice(0, -1)).add();
  }

  #terminationOf(measured: Measured, code: number): Counter {
    return this.#terminations.with(verbOf(measured), ...this.#placeOf(measured.info), String(code));
  }

  #placeOf(info: RequestInfo): readonly string[] {
    if (info.type === 'path') return noPlace;
    const { group, version, resource, subresource } = info;
    if (!this.#serves(group, version, resource)) return unknownPlace;
    return [group, version, resource, subresource, scopeOf(info), component];
  }
}

const noPlace = ['', '', '', '', '', component];
const unknownPlace = ['', '', 'other', '', '', component];
const readOnlyVerbs = new Set(['get', 'list', 'watch', 'head', 'options']);
const methods = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

function verbOf({ info, method, contentType }: Measured): string {
  if (info.type === 'resource') {
    if (connectSubresources.has(info.subresource)) return 'CONNECT';
    if (info.verb === 'watch' || info.verb === 'list') return info.verb.toUpperCase();
    if (method === 'PATCH' && contentType?.startsWith('application/apply-patch+')) return 'APPLY';
  }
  if (method === 'HEAD') return 'GET';
  return methods.has(method) ? method : 'other';
}

/** Names would be too many: those that every cluster has, addresses of mail, and all others. */
function kindOfUser(name: string): string {
  if (ownUsers.has(name)) return name;
  return name.includes('@') ? 'email_id' : 'other';
}

const ownUsers = new Set([
  'admin',
  'client',
  'kube_proxy',
  'kubelet',
  'system:serviceaccount:kube-system:default',
]);

function kindOf(info: RequestInfo): 'readOnly' | 'mutating' {
  return readOnlyVerbs.has(info.verb) ? 'readOnly' : 'mutating';
}

function scopeOf(info: RequestInfo): string {
  if (info.type === 'path') return '';
  if (info.name !== '' || info.verb === 'create') return 'resource';
  return info.namespace === '' ? 'cluster' : 'namespace';
}

function dryRunOf(query: URLSearchParams): string {
  const asked = query.getAll('dryRun');
  if (asked.length === 0) return '';
  return asked.every((value) => value === 'All') ? 'All' : 'invalid';
}
