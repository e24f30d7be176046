/**
 * HTTP from outside to Services: Ingresses and Gateway API, served by a proxy. It follows the cluster, makes a table of routes of
 * what it reads, and serves by the table of the moment; a change is a new table, and touches no connection. What it knows it keeps
 * serving while the API is away.
 */
import { createServer, type Server } from 'node:http';
import { describeError, sleep, type Clock, type Logger } from '@skerry/base';
import { runAsLeader, type ApiClient } from '@skerry/client';
import { Bell } from '#bell.ts';
import { BackendRequests } from '#backends/backend-requests.ts';
import { EndpointDirectory } from '#backends/endpoint-directory.ts';
import { HttpProxy } from '#proxy/http-proxy.ts';
import { ProxyMetrics } from '#proxy/metrics.ts';
import { Ports } from '#proxy/ports.ts';
import type { RouteTable } from '#routing/port-table.ts';
import { Certificates } from '#sources/certificates.ts';
import { ClusterSources } from '#sources/cluster-sources.ts';
import { addGateways } from '#sources/gateway-routes.ts';
import { addIngresses } from '#sources/ingress-routes.ts';
import { TableBuilder, type ServedPorts } from '#sources/table-builder.ts';
import { StatusWriter, type StatusReport } from '#status/status-writer.ts';

export interface IngressProxyOptions {
  readonly client: ApiClient;
  /** Unique among the proxies. */
  readonly identity: string;
  readonly pool: string | undefined;
  readonly ports: ServedPorts;
  readonly gatewayApi: boolean;
  /** The Service by which the proxies are reached, whose addresses are told. */
  readonly service: { readonly namespace: string; readonly name: string };
  /** Of `/healthz` and `/metrics`. */
  readonly adminPort: number;
  readonly bindPort?: (port: number) => number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** A burst of changes makes one table. */
const gatherMs = 20;
/** After which a port that could not be opened is tried again. */
const reopenMs = 2_000;
const statusGatherMs = 200;
const statusRetryMs = 2_000;
const leadAgainMs = 1_000;
/** Before a proxy that is stopped ends what is still under way. */
const drainMs = 25_000;

export class IngressProxy {
  readonly name = 'ingress proxy';
  readonly #options: IngressProxyOptions;
  readonly #sources: ClusterSources;
  readonly #certificates = new Certificates();
  readonly #endpoints: EndpointDirectory;
  readonly #backends: BackendRequests;
  readonly #metrics: ProxyMetrics;
  readonly #ports: Ports;
  #table: RouteTable = new Map();
  #report: StatusReport | undefined;
  readonly #reported = new Bell();
  #faults = '';
  #isReady = false;

  constructor(options: IngressProxyOptions) {
    const { clock, log, random, pool } = options;
    this.#options = options;
    this.#sources = new ClusterSources(options);
    this.#endpoints = new EndpointDirectory(
      {
        service: (namespace, name) => this.#sources.services.get(namespace, name),
        slices: (namespace, name) => this.#sources.slicesOf(namespace, name),
      },
      { pool },
    );
    this.#backends = new BackendRequests({ clock });
    this.#metrics = new ProxyMetrics({ clock });
    const table = (port: number) => this.#table.get(port);
    const proxy = new HttpProxy({
      table,
      endpoints: this.#endpoints,
      backends: this.#backends,
      metrics: this.#metrics,
      clock,
      log,
      random,
    });
    this.#ports = new Ports({ proxy, table, log, bindPort: options.bindPort });
  }

  /** Where a port is really listened at. */
  addressOf(port: number): number | undefined {
    return this.#ports.addressOf(port);
  }

  async run(signal: AbortSignal): Promise<void> {
    const admin = await this.#serveAdmin();
    // What it reads is followed until the last connection has ended: endpoints change while it drains.
    const following = new AbortController();
    const reading = this.#sources.run(following.signal);
    try {
      await Promise.all([this.#keepTable(signal), this.#keepStatus(signal)]);
    } finally {
      this.#isReady = false;
      const cut = new AbortController();
      const timer = this.#options.clock.after(drainMs, () => cut.abort());
      await this.#ports.close(cut.signal);
      timer.cancel();
      this.#backends.close();
      following.abort();
      await reading;
      admin.close();
      admin.closeAllConnections();
    }
  }

  async #keepTable(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const changed = new Bell();
    this.#sources.onService((namespace, name) => this.#endpoints.forget(namespace, name));
    this.#sources.onRoutes(() => changed.ring());
    await this.#sources.synced(signal);
    changed.ring();
    for (;;) {
      await changed.heard(signal);
      if (signal.aborted) return;
      try {
        this.#compute();
      } catch (error) {
        log.error('routes not renewed; those from before stay', { error: describeError(error) });
      }
      await this.#ports.follow(this.#table);
      const isWhole = [...this.#table.keys()].every((port) => this.#ports.isOpen(port));
      this.#isReady = isWhole;
      if (!isWhole) changed.ring();
      await sleep(clock, isWhole ? gatherMs : reopenMs, signal).catch(() => undefined);
    }
  }

  #compute(): void {
    const { ports, log } = this.#options;
    const sources = this.#sources;
    const builder = new TableBuilder(ports);
    const certificates = this.#certificates;
    const secret = (namespace: string, name: string) => sources.secrets.get(namespace, name);
    const addresses = this.#addresses();
    const gateways = addGateways(builder, {
      classes: sources.gatewayClasses?.list() ?? [],
      gateways: sources.gateways?.list() ?? [],
      routes: sources.httpRoutes?.list() ?? [],
      grants: sources.referenceGrants?.list() ?? [],
      namespaceLabels: (name) => sources.namespaces?.get(undefined, name)?.metadata.labels ?? {},
      secret,
      service: (namespace, name) => sources.services.get(namespace, name),
      certificates,
      ports,
      addresses,
    });
    const { ours, faults } = addIngresses(builder, {
      ingresses: sources.ingresses.list(),
      classes: sources.ingressClasses.list(),
      secret,
      certificates,
      ports,
    });
    const told = faults.slice(0, 20).join('; ');
    if (told !== '' && told !== this.#faults)
      log.warn('certificates of Ingresses are missing', { faults: told });
    this.#faults = told;
    this.#table = builder.finish();
    this.#report = { ingresses: ours, addresses, gateways };
    this.#reported.ring();
  }

  /** As ingress controllers tell them: of the load balancer, else those that the Service has at all. */
  #addresses(): string[] {
    const { namespace, name } = this.#options.service;
    const service = this.#sources.services.get(namespace, name);
    const assigned = (service?.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
    if (assigned.length > 0) return assigned;
    if (service?.spec?.externalIPs?.length) return service.spec.externalIPs;
    const clusterIP = service?.spec?.clusterIP;
    const isOwn = service?.spec?.type !== 'LoadBalancer' && clusterIP !== undefined && clusterIP !== 'None';
    return isOwn ? [clusterIP] : [];
  }

  async #keepStatus(signal: AbortSignal): Promise<void> {
    const { client, identity, service, clock, log, random } = this.#options;
    const election = { client, namespace: service.namespace, name: 'ingress', identity, clock, log, random };
    while (!signal.aborted) {
      await runAsLeader(election, (leading) => this.#writeStatus(leading), signal).catch((error: unknown) =>
        log.info('no longer leader', { error: describeError(error) }),
      );
      await sleep(clock, leadAgainMs, signal).catch(() => undefined);
    }
  }

  async #writeStatus(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const writer = new StatusWriter(this.#options);
    this.#reported.ring();
    while (!signal.aborted) {
      await this.#reported.heard(signal);
      const isWhole = !this.#report || (await writer.write(this.#report));
      if (!isWhole) this.#reported.ring();
      await sleep(clock, isWhole ? statusGatherMs : statusRetryMs, signal).catch(() => undefined);
    }
  }

  async #serveAdmin(): Promise<Server> {
    const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000 }, (request, response) => {
      const isHealth = request.url === '/healthz';
      const status = isHealth ? (this.#isReady ? 200 : 503) : request.url === '/metrics' ? 200 : 404;
      response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' });
      response.end(status === 404 ? 'not found\n' : isHealth ? `${status}\n` : this.#metrics.render());
    });
    server.maxConnections = 64;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#options.adminPort, resolve);
    });
    return server;
  }
}
