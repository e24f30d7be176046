/**
 * The pod network between the machines of a pool, on one of them. It follows the PoolNetwork of its pool, one small object
 * that changes when machines come and go, and makes the kernel have what follows from it. What is in the kernel stays when
 * this stops or the API can't be reached.
 */
import { type Clock, describeError, type Logger, type Service, sleep, unreachable } from '@skerry/base';
import { Informer, resources, type ApiClient } from '@skerry/client';
import type { PoolCrossing, PoolMember, PoolNetwork, PoolNetworkStatus } from '@skerry/api';
import { applyPlan, readKernel } from '#fabric/apply.ts';
import { guardScript } from '#fabric/guard.ts';
import { KnownNetwork } from '#fabric/known-network.ts';
import { overlapOf } from '#fabric/overlap.ts';
import { addressOf, planFabric } from '#fabric/plan.ts';
import type { Crossing } from '#crossing/crossing.ts';
import { Kernel } from '#kernel/links.ts';
import { runNft } from '#nftables/run-nft.ts';
import { watchLifeMs } from '#watch-life.ts';

export interface FabricOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly pool: string | undefined;
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** What `podNetwork` answers is another than before. */
  readonly onPodNetwork?: () => void;
  /** Ways to other pools; none unless given. */
  readonly crossing?: Pick<Crossing, 'follow' | 'ways'>;
  /** Told of the pools that this one crosses to, also that there are none. */
  readonly onCrossings?: (crossings: readonly PoolCrossing[]) => void;
  /** Whether the machine speaks IPv6. */
  readonly hasIpv6: boolean;
  readonly kernel?: Kernel;
}

/** What the pods of a node have for a network. */
export type PodNetworkPlan =
  /** Ours; to the ranges they go under their own address. */
  | { readonly kind: 'own'; readonly mtu: number | undefined; readonly unmasqueraded: readonly string[] }
  /** That of a CNI plugin which users brought along. */
  | { readonly kind: 'external' }
  /** None: only those of the host's network run. */
  | { readonly kind: 'host'; readonly why: string }
  /** None, by a fault that somebody has to mend: the node is not Ready. */
  | { readonly kind: 'unusable'; readonly why: string }
  /** The center has not said it yet. */
  | { readonly kind: 'unknown' };

export interface Fabric extends Service {
  /** Something has changed on which routes depend. */
  look(): void;
  podNetwork(): PodNetworkPlan;
  /** The machines of the pool, this one too, as far as is known now. */
  members(): readonly PoolMember[];
}

/** Somebody else may change links and routes at any time, and says it to nobody. */
const lookMs = 30_000;
const retryMs = 2_000;

export function createFabric(options: FabricOptions): Fabric {
  const { client, nodeName, pool, hasIpv6, clock, log, random, kernel = new Kernel() } = options;
  const known = new KnownNetwork(options.stateDirectory);
  let podMtu: number | undefined;
  let unusable: string | undefined;
  let told = '';
  let guarded = '';
  let announced = '';
  let wake: (() => void) | undefined;
  let again = false;

  return { name: 'pod network', run, podNetwork, look, members: () => known.status?.members ?? [] };

  function podNetwork(): PodNetworkPlan {
    if (pool === undefined) return { kind: 'own', mtu: undefined, unmasqueraded: [] };
    const { status } = known;
    if (!status) return { kind: 'unknown' };
    const { provider } = status;
    switch (provider) {
      case 'external':
        return { kind: 'external' };
      case 'host':
        return {
          kind: 'host',
          why: `node pool ${pool} has hostNetwork: true, its nodes have no network for pods; run the pod with hostNetwork: true or in another pool`,
        };
      case 'skerry':
        if (unusable !== undefined) return { kind: 'unusable', why: unusable };
        // Until the machine's links were looked at: pods keep what they start with.
        return podMtu === undefined
          ? { kind: 'unknown' }
          : { kind: 'own', mtu: podMtu, unmasqueraded: status.clusterCIDRs };
      default:
        return unreachable(provider);
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    if (pool === undefined) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      return;
    }
    await known.read();
    if (known.status) tell(known.status);
    const informer = new Informer<PoolNetwork>({
      watchLifeMs,
      source: client.resource<PoolNetwork>(resources.poolNetworks),
      name: 'poolnetworks',
      scope: { fieldSelector: `metadata.name=${pool}` },
      clock,
      log,
      random,
    });
    const learn = ({ status }: PoolNetwork) => {
      if (status) void learned(status);
    };
    informer.addHandler({ onAdd: learn, onUpdate: learn });
    await Promise.all([informer.run(signal), keep(signal)]);
  }

  async function learned(status: PoolNetworkStatus): Promise<void> {
    await known
      .learn(status)
      .catch((error: unknown) => log.warn('pool network not kept on disk', { error: describeError(error) }));
    tell(status);
    look();
  }

  function tell(status: PoolNetworkStatus): void {
    options.crossing?.follow(status);
    options.onCrossings?.(status.crossings ?? []);
  }

  function look(): void {
    again = true;
    wake?.();
  }

  async function keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let isWhole = true;
      again = false;
      try {
        isWhole = await reconcile();
      } catch (error) {
        isWhole = false;
        log.warn('pod network not looked after', { error: describeError(error) });
      }
      const woken = new AbortController();
      wake = () => woken.abort();
      // Told of something new while it looked.
      if (again) woken.abort();
      await sleep(clock, isWhole ? lookMs : retryMs, AbortSignal.any([signal, woken.signal])).catch(
        () => undefined,
      );
    }
  }

  async function reconcile(): Promise<boolean> {
    const { status } = known;
    // Never told anything: what is in the kernel may be right.
    if (!status) return true;
    const state = await readKernel(kernel);
    const peers = status.provider === 'skerry' ? status.members.filter(({ node }) => node !== nodeName) : [];
    const ways = await kernel.ways(peers.flatMap(({ addresses }) => addresses));
    const crossingWays = options.crossing?.ways() ?? [];
    const overlap =
      status.provider === 'skerry' ? overlapOf(status, { nodeName, links: state.links }) : undefined;
    if (overlap !== undefined && overlap !== unusable) log.error('no pod network', { because: overlap });
    unusable = overlap;
    const plan = planFabric(overlap === undefined ? status : undefined, {
      nodeName,
      links: state.links,
      ways,
      crossingWays,
      hasIpv6,
    });
    // Before there is anything to guard.
    const guard = guardScript(
      plan,
      peers.flatMap((peer) => addressOf(peer) ?? []),
    );
    if (guard !== guarded) await runNft(guard);
    guarded = guard;
    const refusals = await applyPlan(kernel, plan, state);
    podMtu = plan.podMtu;
    const now = JSON.stringify(podNetwork());
    if (now !== announced) options.onPodNetwork?.();
    announced = now;
    // One that stays is said once.
    const said = JSON.stringify(refusals);
    if (said !== told) {
      for (const { command, error } of refusals)
        log.warn('pod network: the kernel refused a change', { command, error });
    }
    told = said;
    return refusals.length === 0;
  }
}
