/**
 * Keeps the kernel's rules for Services equal to what is known of them. A change is computed for the Services that it
 * concerns and handed over in one transaction; while one is under way, what comes is gathered for the next. The rules stay
 * when this ends. Where the kernel has rules from before, they are left until the API has answered: what this machine's
 * disk remembers may be older than they are. After a reboot there are none, and what the disk remembers is put there.
 */
import { isIPv4 } from 'node:net';
import type { EndpointSlice, Node, Service } from '@skerry/api';
import {
  Backoff,
  describeError,
  sleep,
  type Clock,
  type Logger,
  type Service as Runnable,
} from '@skerry/base';
import { keyOf } from '@skerry/client';
import { serviceIndex } from '#cluster-view.ts';
import { dnsServiceName } from '#dns/dns-service.ts';
import type { FollowedObjects } from '#followed-objects.ts';
import type { SliceSource } from '#local-endpoints/local-slices.ts';
import type { LocalApi } from '#node-network.ts';
import type { NodeView } from '#services/choose-endpoints.ts';
import type { ReachablePools } from '#reachable-pools.ts';
import { HealthChecks } from '#services/health-checks.ts';
import type { ProxyMetrics } from '#services/proxy-metrics.ts';
import type { Contents, KernelTable } from '#services/kernel-table.ts';
import { serviceNameLabel } from '#services/service-ports.ts';
import { podRangeContents, serviceState, type ServiceState } from '#services/service-state.ts';
import { staleFlows } from '#services/stale-flows.ts';

export interface ServiceProxyOptions {
  readonly nodeName: string;
  readonly pool: string | undefined;
  readonly services: FollowedObjects<Service>;
  /** With the index `service`. */
  readonly slices: SliceSource;
  /** This node's own Node. */
  readonly node: FollowedObjects<Node>;
  readonly reachablePools: Pick<ReachablePools, 'has' | 'onChange'>;
  /** Where the Service `kubernetes` leads, where it is not to its endpoints. */
  readonly localApi?: LocalApi;
  readonly table: KernelTable;
  readonly metrics?: ProxyMetrics;
  /** Runs `conntrack` with these arguments. */
  readonly forgetFlow: (args: readonly string[]) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between the beginnings of two transactions; a first change after a pause is carried out at once. */
const minSyncPeriodMs = 100;
/** https://kubernetes.io/docs/reference/labels-annotations-taints/#endpoints-kubernetes-io-last-change-trigger-time */
const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
/** Between two transactions; beyond, some are not told of. */
const triggersMax = 1_000;
const nodeOwner = '(node)';
const serviceProxyNameLabel = 'service.kubernetes.io/service-proxy-name';

export function createServiceProxy(options: ServiceProxyOptions): Runnable {
  return { name: 'service proxy', run: (signal) => new ServiceProxy(options).run(signal) };
}

class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #health: HealthChecks;
  readonly #states = new Map<string, ServiceState>();
  readonly #dirty = new Set<string>();
  /** When what changed endpoints happened: of changes that are not in the kernel yet. */
  #triggeredMs: number[] = [];
  #isAllDirty = true;
  #wake: (() => void) | undefined;

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#health = new HealthChecks({ log: options.log });
  }

  async run(signal: AbortSignal): Promise<void> {
    const ends = this.#follow();
    const wake = () => this.#wake?.();
    signal.addEventListener('abort', wake, { once: true });
    try {
      await this.#known(signal);
      await this.#keep(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', wake);
      for (const end of ends) end();
      this.#health.close();
    }
  }

  #follow(): (() => void)[] {
    const { services, slices, node, reachablePools, localApi, metrics } = this.#options;
    const one = (key: string, what: 'endpoints' | 'service' = 'service') => {
      metrics?.changed(what);
      this.#dirty.add(key);
      this.#wake?.();
    };
    const all = () => {
      this.#isAllDirty = true;
      this.#wake?.();
    };
    const ofSlice = ({ metadata }: EndpointSlice) => {
      const name = metadata.labels?.[serviceNameLabel];
      if (name) one(`${metadata.namespace}/${name}`, 'endpoints');
    };
    const trigger = ({ metadata }: EndpointSlice) => {
      const at = Date.parse(metadata.annotations?.[triggerTimeAnnotation] ?? '');
      if (at > 0 && this.#triggeredMs.length < triggersMax) this.#triggeredMs.push(at);
    };
    return [
      services.addHandler({
        onAdd: (service) => one(keyOf(service)),
        onUpdate: (service) => one(keyOf(service)),
        onDelete: (service) => one(keyOf(service)),
      }),
      slices.addHandler({
        onAdd: ofSlice,
        onUpdate(slice, old) {
          ofSlice(old);
          ofSlice(slice);
          trigger(slice);
        },
        onDelete: ofSlice,
      }),
      node.addHandler({
        onAdd: all,
        onUpdate(next, old) {
          if (JSON.stringify(factsOf(next)) !== JSON.stringify(factsOf(old))) all();
        },
      }),
      reachablePools.onChange(all),
      ...(localApi ? [localApi.onChange(() => one(apiService))] : []),
    ];
  }

  async #known(signal: AbortSignal): Promise<void> {
    const { services, slices, node, clock } = this.#options;
    const copies = [services, slices, node];
    while (!copies.every((copy) => copy.isKnown())) await sleep(clock, 20, signal);
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const backoff = new Backoff({ baseMs: 200, maxMs: 30_000 });
    while (!signal.aborted) {
      if (!this.#isAllDirty && this.#dirty.size === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
        continue;
      }
      try {
        await this.#sync();
        backoff.reset();
      } catch (error) {
        this.#options.metrics?.failed();
        log.error('packet rules of Services not loaded', { error: describeError(error) });
        // Nothing of it holds; the table is made anew by the next.
        this.#isAllDirty = true;
        await sleep(clock, backoff.next(), signal);
      }
      await sleep(clock, minSyncPeriodMs, signal);
    }
  }

  async #sync(): Promise<void> {
    const { services, table, metrics, clock, log } = this.#options;
    metrics?.begun();
    const triggeredMs = this.#triggeredMs;
    this.#triggeredMs = [];
    const startedMs = clock.monotonic();
    const isAll = this.#isAllDirty;
    const keys = isAll ? this.#everything() : new Set(this.#dirty);
    this.#isAllDirty = false;
    this.#dirty.clear();
    const node = this.#nodeView();
    const updates = new Map<string, Contents | undefined>();
    const removals: string[][] = [];
    for (const key of keys) {
      if (key === nodeOwner) continue;
      const [namespace, name = ''] = key.split('/');
      const service = services.get(namespace, name);
      const next = service && isOurs(service) ? serviceState(service, this.#slicesOf(key), node) : undefined;
      const old = this.#states.get(key);
      if (next) this.#states.set(key, next);
      else this.#states.delete(key);
      if (!isAll || old) removals.push(...staleFlows(old?.flows ?? [], next?.flows ?? []));
      if (JSON.stringify(old?.contents) !== JSON.stringify(next?.contents) || isAll) {
        updates.set(key, next?.contents);
      }
    }
    if (isAll) updates.set(nodeOwner, podRangeContents(this.#podRanges()));
    const { kind, conflicts } = await table.apply(updates);
    for (const { owner, element, holder } of conflicts) {
      log.warn('address or port of a Service is taken by another', { service: owner, element, holder });
    }
    const durationMs = clock.monotonic() - startedMs;
    metrics?.programmed({ isWhole: kind === 'rebuilt', durationMs, triggeredMs });
    this.#health.set([...this.#states.values()].flatMap(({ health }) => health ?? []));
    if (kind !== 'unchanged') {
      log.info('packet rules of Services loaded', {
        kind,
        services: updates.size,
        ms: Math.round(durationMs),
      });
    }
    await this.#forget(removals);
  }

  #everything(): Set<string> {
    const { services, table } = this.#options;
    return new Set([...services.list().map(keyOf), ...this.#states.keys(), ...table.owners()]);
  }

  #slicesOf(key: string): EndpointSlice[] {
    const local = key === apiService ? this.#options.localApi?.current() : undefined;
    if (local) return [localApiSlice(local)];
    return this.#options.slices.byIndex(serviceIndex, key);
  }

  #nodeView(): NodeView {
    const { nodeName, pool, reachablePools } = this.#options;
    const zone = this.#ownNode()?.metadata.labels?.['topology.kubernetes.io/zone'];
    return { name: nodeName, pool, zone, reachablePools };
  }

  #ownNode(): Node | undefined {
    return this.#options.node.get(undefined, this.#options.nodeName);
  }

  #podRanges(): readonly string[] {
    const { podCIDRs, podCIDR } = this.#ownNode()?.spec ?? {};
    return podCIDRs ?? (podCIDR ? [podCIDR] : []);
  }

  async #forget(removals: readonly (readonly string[])[]): Promise<void> {
    const { forgetFlow, log } = this.#options;
    try {
      for (const args of removals) await forgetFlow(args);
    } catch (error) {
      log.warn('flows of datagrams not forgotten', { error: describeError(error) });
    }
  }
}

const apiService = 'default/kubernetes';

function localApiSlice({
  address,
  port,
}: {
  readonly address: string;
  readonly port: number;
}): EndpointSlice {
  return {
    metadata: {},
    addressType: isIPv4(address) ? 'IPv4' : 'IPv6',
    ports: [{ name: 'https', protocol: 'TCP', port }],
    endpoints: [{ addresses: [address] }],
  };
}

/** Not another proxy's, whose name is on it then, nor the one that the node's own name server answers for at its address. */
function isOurs(service: Service): boolean {
  const { namespace, name, labels } = service.metadata;
  const isNames = namespace === dnsServiceName.namespace && name === dnsServiceName.name;
  const isAnsweredHere = isNames && Object.keys(service.spec?.selector ?? {}).length === 0;
  return !isAnsweredHere && labels?.[serviceProxyNameLabel] === undefined;
}

function factsOf({ metadata, spec }: Node) {
  return [metadata.labels?.['topology.kubernetes.io/zone'], spec?.podCIDRs, spec?.podCIDR];
}
