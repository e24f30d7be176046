import type { AnyObject, KindInfo, SchemaSet } from '@skerry/api';
import { builtinSchemas, isApiError, serverVersion, timeText, type VersionInfo } from '@skerry/api';
import { describeError, type Clock, type Logger, type MetricRegistry } from '@skerry/base';
import { apiVersionOf, encodersFor, RevisionProgress, WatchCache } from '@skerry/serving';
import type { Store } from '@skerry/store';
import { ServiceAddresses } from '#allocation/service-addresses.ts';
import { ServiceAllocator } from '#allocation/service-allocator.ts';
import { AuditMetrics } from '#audit/audit-metrics.ts';
import { ensureDnsService } from '#bootstrap/dns-service.ts';
import { ensureKubernetesService } from '#bootstrap/kubernetes-service.ts';
import { ensureNamespaces } from '#bootstrap/namespaces.ts';
import { ensureServiceRange } from '#bootstrap/service-range.ts';
import { expressionHooks } from '#admission/policy/expression-checks.ts';
import { TypeChecking } from '#admission/policy/type-checking.ts';
import { admitConnection } from '#admission/connect-admission.ts';
import { Aggregation, type FrontProxy } from '#aggregation/aggregation.ts';
import { apiServices } from '#aggregation/api-services.ts';
import { apiServiceHooks } from '#aggregation/availability.ts';
import { createDynamicAdmission } from '#admission/dynamic-admission.ts';
import { componentStatusHandler } from '#component-status/component-status.ts';
import type { ConnectFactory, ConnectHandler } from '#connect.ts';
import { CustomResources } from '#crd/custom-resources.ts';
import { deviceHooks } from '#devices/device-expressions.ts';
import { definitionHooks } from '#crd/definition-hooks.ts';
import { withDefinitionRules } from '#crd/definition-kind.ts';
import { definitions } from '#crd/definition.ts';
import { DiscoveryHandler } from '#discovery/discovery-handler.ts';
import { Dispatcher, type PathHandler } from '#dispatcher.ts';
import { reviewStored, rewriteStale } from '#encryption/rewrite.ts';
import { StorageEncryption } from '#encryption/storage-encryption.ts';
import { FlowConfig } from '#flowcontrol/flow-config.ts';
import { FlowControl } from '#flowcontrol/flow-control.ts';
import type { ResourceSize } from '#flowcontrol/work-estimate.ts';
import type { HealthCheck, HealthChecks } from '#health.ts';
import type { Exchange } from '#http/exchange.ts';
import { HttpFront, type RequestHandler } from '#http/front.ts';
import { linkHandlers, linkKinds, linkSchemas } from '#links-api/links-api.ts';
import { metricsHandlers, metricsKinds, metricsSchemas } from '#metrics-api/metrics-api.ts';
import type { MetricsSource } from '#metrics-api/metrics-source.ts';
import { measureObjects } from '#metrics/object-metrics.ts';
import { ServerMetrics } from '#metrics/server-metrics.ts';
import { SummarySource } from '#metrics-api/summary-source.ts';
import { OpenApiHandler } from '#openapi/openapi-handler.ts';
import type { Descriptions } from '#openapi/schema-document.ts';
import { Connections, type Dial } from '#outgoing/connections.ts';
import { WebhookCaller } from '#outgoing/webhook-caller.ts';
import type { AcceptedConnection, NodeDialer, NodeLinks, PeerIdentity } from '#ports.ts';
import { createConnectFactory } from '#proxy/connect-handler.ts';
import { deleteObject } from '#registry/delete.ts';
import { StoreFeed } from '#registry/feed.ts';
import { KindTable, type Served } from '#registry/kind-table.ts';
import { Registry, type KindHooks } from '#registry/registry.ts';
import { StoredResource } from '#registry/stored-resource.ts';
import { serverWrite } from '#registry/write-options.ts';
import { RequestPipeline } from '#request-pipeline.ts';
import { ResourceHandler } from '#resource-handler.ts';
import type { ObjectRef, SecurityFactory, SecurityParts } from '#security.ts';
import { tlsWarnings } from '#registry/tls-warnings.ts';
import { reviewHandlers } from '#reviews/reviews.ts';
import { OwnAccess } from '#server-access.ts';
import { bindingHandler, subresourceHandlers } from '#subresources/subresources.ts';

/**
 * The API server, put together. A request passes: front (HTTP/1.1 or HTTP/2) → pipeline (identity, authorization, audit,
 * errors) → dispatcher → the verbs of a resource → registry → store; what the store acknowledged comes back through one
 * feed into the watch caches, from which every read is answered. It is the store's only writer, and the only place that
 * knows all its parts; they know each other through the interfaces they declare.
 */
export interface ApiServerOptions {
  readonly store: Store;
  /** Built-in kinds, as `@skerry/api` describes them. */
  readonly kinds: readonly KindInfo[];
  readonly schemas?: SchemaSet;
  readonly clock: Clock;
  readonly random: () => number;
  /** Makes an RFC 4122 UUID. */
  readonly uid: () => string;
  readonly log: Logger;
  readonly security: SecurityFactory;
  /** The way to nodes; without it logs, exec, port-forward, proxying and metrics answer 503. */
  readonly dialer?: NodeDialer;
  /** What is known of links to nodes; the resource `nodelinks` is not served without. */
  readonly links?: NodeLinks;
  /** The way to webhooks by URL and to what stands behind ExternalName Services; without it only pods are called. */
  readonly dial?: Dial;
  /** By what aggregated API servers know this one; without it they are told no user. */
  readonly frontProxy?: FrontProxy;
  /** Signs users' certificates, PEM; aggregated servers are told. */
  readonly clientAuthorityPem?: string;
  /** Whether validating policies are told, in their status, what their expressions get wrong about the kinds they match. */
  readonly checksPolicies?: boolean;
  /** Logs, exec, port-forward and proxying over `dialer`; the server's own unless told. */
  readonly connect?: ConnectFactory;
  /** Numbers for metrics.k8s.io; unless told, nodes are asked through `dialer`. */
  readonly metrics?: MetricsSource;
  readonly version?: VersionInfo;
  /** Prometheus text of other processes of this server, by path below `/metrics/`. */
  readonly metricsPages?: Readonly<Record<string, () => Promise<string>>>;
  /** Adds to `/metrics` the numbers of the process that the server runs in. */
  readonly measure?: (metrics: MetricRegistry) => void;
  /** Networks of Service addresses, one or one of each family, the default one first; `10.96.0.0/16` unless told. */
  readonly serviceCidrs?: readonly string[];
  /** Domain of the cluster's names, where nodes answer them; no Service for it is made without. */
  readonly clusterDomain?: string;
  /** Ports of NodePort Services; 30000-32767 unless told. */
  readonly nodePorts?: { readonly first: number; readonly last: number };
  /** Words for `kubectl explain`, by schema and field; asked for once, when they are first needed. */
  readonly descriptions?: () => Descriptions;
  /** What is sealed in the store, and how; nothing unless told. */
  readonly encryption?: StorageEncryption;
  /** How likely a request over HTTP/2 makes its client connect anew; 0 unless told. */
  readonly goawayChance?: number;
  /** How clients outside reach this server; discovery names it. */
  readonly advertise?: { readonly address: string; readonly port: number };
  /** Answers paths that are for anyone, before a request is asked who it is; undefined for all others. */
  readonly openPaths?: (exchange: Exchange) => Promise<void> | undefined;
}

export interface ApiServer {
  /** Fills the caches and writes what must exist; resolves when requests can be answered. */
  start(): Promise<void>;
  /** Takes a connection whose TLS, if any, is done. */
  accept(connection: AcceptedConnection): void;
  /** Why a connection of this peer is to be refused; undefined when it is not. */
  refusesPeer(peer: PeerIdentity): string | undefined;
  /** Those that wait for a seat, or with one for their turn. */
  readonly waitingRequests: number;
  /** Also answers on a Unix socket file of mode 0600. */
  listenUnix(path: string): Promise<void>;
  /** Also answers plain HTTP on loopback; returns the port. For tests. */
  listenLoopback(port?: number): Promise<number>;
  /** After `encryption` changed its keys: seals anew what lies under others, and reads what opens at last. */
  reseal(): Promise<void>;
  /** Ends all connections and background work. The store stays open: its opener closes it. */
  close(): Promise<void>;
}

/** Seconds that an Event is kept after it was last written. */
const eventTtlSeconds = 3600;

/** How long the store may take to tell what happened shortly before a start. */
const replayMsMax = 60_000;

/** What is done at a start before the server is ready. */
const hooks = [
  'start-system-namespaces-controller',
  'bootstrap-controller',
  'crd-informer-synced',
  'start-apiextensions-controllers',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
  'priority-and-fairness-config-consumer',
];

const same = (object: AnyObject): AnyObject => object;

/** What a write returns is in the served version already; what the store has is not. */
function converted(
  object: AnyObject,
  info: KindInfo,
  conversion: NonNullable<KindInfo['conversion']>,
): AnyObject {
  return object.apiVersion === apiVersionOf(info) ? object : conversion.fromStorage(object);
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  return new Server(options);
}

class Server implements ApiServer {
  readonly #options: ApiServerOptions;
  readonly #kinds = new KindTable();
  readonly #progress: RevisionProgress;
  readonly #feed: StoreFeed;
  readonly #front: HttpFront;
  readonly #access: OwnAccess;
  readonly #hooks = new Map<string, KindHooks>();
  readonly #security: SecurityParts;
  readonly #services: ServiceAllocator;
  readonly #addresses: ServiceAddresses;
  readonly #connections: Connections;
  readonly #aggregation: Aggregation;
  readonly #typeChecking: TypeChecking;
  readonly #custom: CustomResources;
  readonly #flowControl: FlowControl;
  readonly #flowConfig: FlowConfig;
  readonly #stop = new AbortController();
  readonly #encryption: StorageEncryption;
  readonly #auditMetrics = new AuditMetrics();
  #rewriting: Promise<unknown> = Promise.resolve();
  #following: Promise<void> | undefined;
  #state: 'new' | 'starting' | 'ready' | 'closed' = 'new';

  constructor(options: ApiServerOptions) {
    const { store, clock, log, random, uid } = options;
    this.#options = options;
    this.#encryption = options.encryption ?? new StorageEncryption();
    this.#progress = new RevisionProgress();
    const metrics = new ServerMetrics({
      clock,
      kinds: this.#kinds,
      version: options.version ?? serverVersion(process),
      measure: options.measure,
    });
    const registry = new Registry({
      store: metrics.store(store),
      clock,
      random,
      uid,
      log,
      progress: this.#progress,
      hooks: this.#hooks,
      admission: () => this.#security.admission,
    });
    this.#access = new OwnAccess(this.#kinds, registry);
    this.#addresses = new ServiceAddresses({
      cidrs: serviceCidrsOf(options),
      random,
      log,
      access: this.#access,
    });
    const nodePorts = options.nodePorts ?? { first: 30_000, last: 32_767 };
    measureObjects(metrics.registry, this.#access.read, nodePorts);
    this.#services = new ServiceAllocator({
      addresses: this.#addresses,
      nodePorts,
      random,
      removeEndpoints: ({ name, namespace }) =>
        this.#access.write.delete({ group: '', resource: 'endpoints' }, name, namespace),
    });
    this.#hooks.set('/services', this.#services);
    this.#feed = new StoreFeed({
      store,
      progress: this.#progress,
      clock,
      log,
      changes: this.#access,
      encryption: this.#encryption,
    });
    this.#hooks.set(`${definitions.group}/${definitions.resource}`, definitionHooks);
    this.#hooks.set(`${apiServices.group}/${apiServices.resource}`, apiServiceHooks(clock));
    this.#hooks.set('/secrets', { warnings: tlsWarnings });
    for (const [kind, hooks] of deviceHooks) this.#hooks.set(kind, hooks);
    for (const [kind, hooks] of expressionHooks()) this.#hooks.set(kind, hooks);
    const { read, write } = this.#access;
    this.#connections = new Connections({ read, dialer: options.dialer, dial: options.dial, random });
    const caller = new WebhookCaller({ connections: this.#connections, clock });
    this.#custom = new CustomResources({
      kinds: this.#kinds,
      registry,
      feed: this.#feed,
      progress: this.#progress,
      read,
      caller,
      uid,
      clock,
      log,
      encryption: this.#encryption,
    });
    const schemas = options.schemas ?? builtinSchemas;
    for (const info of options.kinds) this.#serveBuiltin(withDefinitionRules(info), schemas);
    const dynamicAdmission = createDynamicAdmission({
      read,
      kinds: this.#kinds,
      caller,
      clock,
      log,
      uid,
      authorizer: () => this.#security.authorizer,
    });
    this.#security = options.security({
      read,
      write,
      kinds: () => this.#access.kinds(),
      dynamicAdmission: dynamicAdmission.plugin,
    });

    this.#typeChecking = new TypeChecking({ read, write, kinds: this.#kinds, log });
    this.#aggregation = new Aggregation({
      access: { read, write },
      connections: this.#connections,
      clock,
      log,
      remove: (name) => this.#remove(registry, apiServices, name),
      kinds: () => this.#access.kinds(),
      frontProxy: options.frontProxy,
      clientAuthorityPem: options.clientAuthorityPem,
      onUnavailable: metrics.apiServiceUnavailable,
    });

    this.#flowControl = new FlowControl({
      clock,
      metrics: metrics.registry,
      sizeOf: (group, resource) => this.#sizeOf(group, resource),
    });
    this.#flowConfig = new FlowConfig({
      access: this.#access,
      control: this.#flowControl,
      fresh: () => registry.fresh(),
      clock,
      log,
    });
    const resources = new ResourceHandler(registry, {
      clock,
      random,
      watches: metrics.watches,
      authorizer: () => this.#security.authorizer,
    });
    const subresources = subresourceHandlers(registry, resources, {
      kinds: this.#kinds,
      schemas,
      clock,
      issuer: () => this.#security.tokenIssuer,
      scalePathsOf: (group, resource) => this.#custom.scalePathsOf(group, resource),
    });
    for (const info of metricsKinds) this.#kinds.addVirtual({ info, schemas: metricsSchemas });
    const { links } = options;
    if (links) for (const info of linkKinds) this.#kinds.addVirtual({ info, schemas: linkSchemas });
    const metricsSource =
      options.metrics ??
      (options.dialer && new SummarySource({ read: this.#access.read, dialer: options.dialer, clock, log }));
    const virtual = new Map([
      ...reviewHandlers(
        () => this.#security,
        () => registry.timestamp(),
      ),
      ['/bindings', bindingHandler(registry, this.#kinds)] as const,
      ...options.kinds
        .filter(({ group, resource }) => group === '' && resource === 'componentstatuses')
        .map((info) => ['/componentstatuses', componentStatusHandler(info, { clock })] as const),
      ...metricsHandlers({ read: this.#access.read, clock, source: () => metricsSource }),
      ...(links ? linkHandlers({ read: this.#access.read, clock, links }) : []),
    ]);
    const openApi = new OpenApiHandler(this.#kinds, {
      version: (options.version ?? serverVersion(process)).gitVersion,
      ...(options.descriptions ? { descriptions: options.descriptions } : {}),
      remote: this.#aggregation.documents,
    });
    const morePaths: PathHandler[] = [(exchange) => openApi.handle(exchange)];
    const { address, port } = options.advertise ?? { address: '127.0.0.1', port: 6443 };
    const dispatcher = new Dispatcher({
      kinds: this.#kinds,
      resources,
      discovery: new DiscoveryHandler(this.#kinds, `${address}:${port}`, this.#aggregation.documents),
      subresources,
      virtual,
      morePaths,
      connect: options.dialer && this.#connect(options.dialer),
      admitConnect: (call, exchange) => admitConnection(registry, call, exchange),
      paths: {
        version: options.version ?? serverVersion(process),
        metrics: metrics.registry,
        levels: metrics.levels,
        healthNumbers: metrics.health,
        flowControl: this.#flowControl,
        health: this.#healthChecks(),
        issuer: () => this.#security.tokenIssuer,
        metricsPages: options.metricsPages,
        moreMetrics: () => dynamicAdmission.renderMetrics() + this.#auditMetrics.render(this.#security.audit),
      },
    });
    const pipeline = new RequestPipeline(this.#aggregation.over(dispatcher), {
      clock,
      log,
      uid,
      metrics: metrics.requests,
      flowControl: this.#flowControl,
      auditMetrics: this.#auditMetrics,
      security: () => this.#security,
    });
    this.#front = new HttpFront(behindOpenPaths(pipeline, options.openPaths), log, {
      onRefused: (why) => metrics.connectionRefused(why),
      goaway: { chance: options.goawayChance ?? 0, random },
    });
  }

  async start(): Promise<void> {
    this.#state = 'starting';
    const revision = await this.#feed.start();
    this.#following = this.#feed.run(revision, this.#stop.signal);
    await this.#progress.waitFor(this.#options.store.revision, {
      clock: this.#options.clock,
      timeoutMs: replayMsMax,
      signal: this.#stop.signal,
    });
    await ensureNamespaces(this.#access);
    if (this.#serves('', 'services')) await this.#ensureServices();
    await this.#custom.start();
    this.#feed.settled();
    await this.#security.bootstrap?.();
    if (this.#serves('apiregistration.k8s.io', 'apiservices')) await this.#aggregation.start();
    if (this.#options.checksPolicies) this.#typeChecking.start();
    if (this.#serves('flowcontrol.apiserver.k8s.io', 'flowschemas')) await this.#flowConfig.start();
    this.#state = 'ready';
    this.#rewriting = this.#rewrite();
  }

  async reseal(): Promise<void> {
    if (this.#state !== 'ready') return;
    this.#rewriting = this.#rewriting.then(() => this.#rewrite('changed'));
    await this.#rewriting;
  }

  get waitingRequests(): number {
    return this.#flowControl.waiting;
  }

  accept(connection: AcceptedConnection): void {
    this.#front.accept(connection);
  }

  refusesPeer(peer: PeerIdentity): string | undefined {
    return this.#security.refusesPeer?.(peer);
  }

  listenUnix(path: string): Promise<void> {
    return this.#front.listenUnix(path);
  }

  listenLoopback(port?: number): Promise<number> {
    return this.#front.listenLoopback(port);
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    await this.#aggregation.stop();
    await this.#typeChecking.stop();
    await this.#flowConfig.stop();
    this.#flowControl.close();
    await this.#custom.stop();
    this.#stop.abort();
    for (const { stored } of this.#kinds.allStored()) stored.cache.stop();
    this.#connections.close();
    await this.#front.close();
    await this.#following;
    await this.#rewriting;
  }

  /** A server of some kinds only, such as a center's management API, makes no objects of the others. */
  #serves(group: string, resource: string): boolean {
    return this.#kinds.anyVersion(group, resource) !== undefined;
  }

  async #ensureServices(): Promise<void> {
    this.#services.restore(this.#access.read.list({ group: '', resource: 'services' }));
    await this.#addresses.repair();
    this.#stop.signal.addEventListener('abort', this.#addresses.keep());
    const cidrs = serviceCidrsOf(this.#options);
    await ensureServiceRange(this.#access, {
      cidrs,
      now: timeText(this.#options.clock.now()),
    });
    await ensureKubernetesService(this.#access, {
      clusterIP: this.#addresses.apiServerAddress,
      ...(this.#options.advertise ?? { port: 6443 }),
    });
    const { clusterDomain } = this.#options;
    if (clusterDomain)
      await ensureDnsService(this.#access, { serviceCidr: cidrs[0]!, domain: clusterDomain });
  }

  async #rewrite(keys: 'as-read' | 'changed' = 'as-read'): Promise<void> {
    const { store, clock, log } = this.#options;
    const { signal } = this.#stop;
    const resources = new Set(this.#kinds.allStored().map(({ stored }) => stored));
    try {
      if (keys === 'changed') {
        for (const stored of resources)
          await reviewStored(stored, { store, encryption: this.#encryption, signal });
      }
      await rewriteStale(resources, { store, clock, log, signal });
    } catch (error) {
      log.warn('stored values not rewritten', { error: describeError(error) });
    }
  }

  /** Under the names of kube-apiserver, where this server has the like: there is no etcd, and still something is asked by that name. */
  #healthChecks(): HealthChecks {
    const check = (name: string, fault: () => string | undefined): HealthCheck => ({ name, check: fault });
    const started = () => (this.#state === 'ready' ? undefined : 'not finished');
    const stored = () => (this.#feed.following ? undefined : 'the store is not followed');
    const livez = [
      check('ping', () => undefined),
      check('log', () => undefined),
      check('etcd', stored),
      ...(this.#encryption.checksPlugins ? [check('kms-providers', () => this.#encryption.faults[0])] : []),
      ...hooks.map((name) => check(`poststarthook/${name}`, started)),
    ];
    const readyz = [
      ...livez,
      check('etcd-readiness', stored),
      check('informer-sync', started),
      check('shutdown', () => (this.#state === 'closed' ? 'process is shutting down' : undefined)),
    ];
    return { livez, readyz };
  }

  #sizeOf(group: string, resource: string): ResourceSize | undefined {
    const cache = this.#kinds.storedResource(group, resource)?.cache;
    return cache && { count: cache.size, bytes: cache.bytes };
  }

  async #remove(registry: Registry, ref: ObjectRef, name: string): Promise<void> {
    const served = this.#kinds.anyVersion(ref.group, ref.resource);
    if (!served) return;
    await deleteObject(registry, served, { namespace: '', name }, {}, serverWrite()).catch(
      (error: unknown) => {
        if (!isApiError(error, 'NotFound')) throw error;
      },
    );
  }

  #connect(dialer: NodeDialer): ConnectHandler {
    const { clock, log, random } = this.#options;
    const factory = this.#options.connect ?? createConnectFactory({ random });
    const { read } = this.#access;
    return factory({ read, dialer, clock, log });
  }

  #serveBuiltin(info: KindInfo, schemas: SchemaSet): void {
    if (!info.verbs.includes('get') || !info.verbs.includes('create')) {
      this.#kinds.addVirtual({ info, schemas });
      return;
    }
    const at = info.storage ?? info;
    const known = this.#kinds.storedResource(at.group, at.resource);
    const stored = known ?? this.#store(info, at);
    const { conversion } = info;
    this.#kinds.add({
      info,
      schemas,
      stored,
      custom: false,
      toStorage: conversion ? (object) => conversion.toStorage(object) : same,
      fromStorage: conversion ? (object) => conversion.fromStorage(object) : same,
      encoders: encodersFor(info, {
        clock: this.#options.clock,
        protobuf: true,
        ...(conversion ? { convert: (object: AnyObject) => converted(object, info, conversion) } : {}),
      }),
    } satisfies Served);
  }

  #store(info: KindInfo, at: { group: string; resource: string }): StoredResource {
    const groupResource = { group: at.group, resource: at.resource };
    const fieldValue = info.strategy.fieldValue?.bind(info.strategy);
    const stored = new StoredResource({
      groupResource,
      namespaced: info.namespaced,
      transformer: this.#encryption.transformerFor(groupResource),
      cache: new WatchCache({
        resource: groupResource,
        namespaced: info.namespaced,
        progress: this.#progress,
        clock: this.#options.clock,
        indexedFields: info.resource === 'pods' ? ['spec.nodeName'] : [],
        ...(fieldValue ? { fieldValue } : {}),
      }),
      ...(at.resource === 'events' ? { ttlSeconds: eventTtlSeconds } : {}),
    });
    this.#feed.register(stored);
    return stored;
  }
}

function serviceCidrsOf({
  serviceCidrs = ['10.96.0.0/16'],
}: Pick<ApiServerOptions, 'serviceCidrs'>): readonly string[] {
  return serviceCidrs;
}

function behindOpenPaths(
  pipeline: RequestPipeline,
  openPaths: ApiServerOptions['openPaths'],
): RequestHandler {
  if (!openPaths) return pipeline;
  return {
    handle: (exchange) => openPaths(exchange) ?? pipeline.handle(exchange),
    upgrade: (request) => pipeline.upgrade(request),
  };
}
