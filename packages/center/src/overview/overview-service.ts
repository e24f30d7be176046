/** One look at all clusters, and one at a cluster: how many are how, what there is and what is taken, what wants attention. */
import { describeError, type Clock } from '@skerry/base';
import type { Attention, ClusterSummary, Home, Overview, Tone } from '#contract/index.ts';
import { poolsId } from '#cache/cluster-cache.ts';
import { isGpu } from '#cache/facts.ts';
import type { Item } from '#cache/item.ts';
import type { Caller } from '#http/caller.ts';
import { clusterAttention } from '#overview/cluster-attention.ts';
import type { ClusterDirectory, ClusterFacts } from '#overview/cluster-directory.ts';
import type { AttentionInput } from '#overview/attention-rules.ts';
import { SeenCluster, type SeenClusterOptions } from '#overview/seen-cluster.ts';
import { inParallel } from '#rights/in-parallel.ts';
import type { ViewContext } from '#views/view-kind.ts';

export interface UsedAmounts {
  /** In cores and bytes; undefined where nothing was measured lately. */
  used(
    cluster: string,
    nodes: readonly string[],
  ): { readonly cpu: number; readonly memory: number } | undefined;
}

export interface OverviewServiceOptions extends SeenClusterOptions {
  readonly directory: Pick<ClusterDirectory, 'get'>;
  readonly usage: UsedAmounts;
  readonly clock: Clock;
}

/** A page of all clusters waits less for each than the page of one. */
const waitMs = { home: 2_000, overview: 10_000 };
const parallelMax = 8;
const attentionMax = 200;

type Counts = Partial<Record<Tone, number>>;

export class OverviewService {
  readonly #options: OverviewServiceOptions;

  constructor(options: OverviewServiceOptions) {
    this.#options = options;
  }

  async home(caller: Caller): Promise<Home> {
    const names = [...this.#options.access.list(caller)].sort();
    const found = new Map<string, { summary: ClusterSummary; attention: Attention[] }>();
    await inParallel(names, parallelMax, async (name) => {
      const { summary, attention } = await this.#look(caller, name, waitMs.home);
      found.set(name, { summary, attention });
    });
    const looked = names.flatMap((name) => found.get(name) ?? []);
    return {
      clusters: looked.map(({ summary }) => summary),
      attention: worstFirst(looked.flatMap(({ attention }) => attention)).slice(0, attentionMax),
    };
  }

  /** @throws ApiError NotFound */
  async overview(caller: Caller, cluster: string): Promise<Overview> {
    const { summary, attention, seen, input } = await this.#look(caller, cluster, waitMs.overview);
    const pools = seen && input ? await seen.items(poolsId, 0) : [];
    const shown = seen?.cache;
    return {
      summary,
      regions: regionsOf(input?.nodes ?? [], pools, input?.context),
      capacity: input ? this.#capacity(cluster, input) : {},
      attention,
      freshness: shown
        ? shown.freshness([shown.nodes, shown.pods])
        : { state: 'stale', why: summary.state.why ?? '' },
    };
  }

  async #look(
    caller: Caller,
    cluster: string,
    wait: number,
  ): Promise<{
    summary: ClusterSummary;
    attention: Attention[];
    seen?: SeenCluster;
    input?: AttentionInput;
  }> {
    const { directory, clock } = this.#options;
    const facts = directory.get(cluster);
    const seen = new SeenCluster(caller, cluster, this.#options);
    try {
      const input = await inputOf(seen, wait);
      const trouble = seen.cache.pulse.trouble?.why;
      const attention = clusterAttention(cluster, { facts, input, trouble, nowMs: clock.now() });
      return { summary: summaryOf(cluster, { facts, input, trouble }), attention, seen, input };
    } catch (error) {
      const trouble = describeError(error);
      const attention = clusterAttention(cluster, { facts, trouble, nowMs: clock.now() });
      return { summary: summaryOf(cluster, { facts, trouble }), attention, seen };
    }
  }

  /** Of the nodes that the caller sees. */
  #capacity(cluster: string, { nodes, context }: AttentionInput): Overview['capacity'] {
    const total = new Map<string, { allocatable: number; requested: number }>();
    const add = (resource: string, allocatable: number, requested: number) => {
      const held = total.get(resource) ?? { allocatable: 0, requested: 0 };
      total.set(resource, {
        allocatable: held.allocatable + allocatable,
        requested: held.requested + requested,
      });
    };
    for (const { facts, metadata } of nodes) {
      if (facts?.kind !== 'node') continue;
      const load = context.loadOf(metadata.name);
      for (const [resource, amount] of facts.allocatable) {
        const requested = resource === 'pods' ? (load?.pods ?? 0) : (load?.requested.get(resource) ?? 0);
        if (resource === 'cpu') add('cpu', amount / 1000, requested / 1000);
        else if (resource === 'memory' || resource === 'pods' || isGpu(resource))
          add(resource, amount, requested);
      }
    }
    const used = this.#options.usage.used(
      cluster,
      nodes.map(({ metadata }) => metadata.name),
    );
    return Object.fromEntries(
      [...total].map(([resource, amounts]) => {
        const measured = resource === 'cpu' ? used?.cpu : resource === 'memory' ? used?.memory : undefined;
        return [resource, { ...amounts, ...(measured === undefined ? {} : { used: measured }) }];
      }),
    );
  }
}

async function inputOf(seen: SeenCluster, wait: number): Promise<AttentionInput> {
  const [nodes, pods, deployments, daemonSets, jobs, claims, namespaces, apiServices] = await Promise.all(
    [
      'nodes',
      'pods',
      'deployments.apps',
      'daemonsets.apps',
      'jobs.batch',
      'persistentvolumeclaims',
      'namespaces',
      'apiservices.apiregistration.k8s.io',
    ].map((resource) => seen.items(resource, wait)),
  );
  return {
    cluster: seen.name,
    context: seen.cache.context(),
    nodes: nodes ?? [],
    pods: pods ?? [],
    deployments: deployments ?? [],
    daemonSets: daemonSets ?? [],
    jobs: jobs ?? [],
    claims: claims ?? [],
    namespaces: namespaces ?? [],
    apiServices: apiServices ?? [],
  };
}

function summaryOf(
  name: string,
  {
    facts,
    input,
    trouble,
  }: { facts: ClusterFacts | undefined; input?: AttentionInput; trouble?: string | undefined },
): ClusterSummary {
  const running = facts?.state ?? { state: 'Running', tone: 'ok' as const };
  const unreachable = trouble !== undefined && running.tone === 'ok';
  const gpus = input ? gpusOf(input) : undefined;
  return {
    name,
    kind: facts?.kind ?? 'hosted',
    region: facts?.region ?? '',
    version: facts?.version ?? '',
    state: unreachable ? { state: 'Unreachable', tone: 'disconnected', why: trouble } : running,
    nodes: input ? tonesOf(input.nodes, input.context) : {},
    pods: input ? tonesOf(input.pods, input.context) : {},
    ...(gpus && gpus.capacity > 0 ? { gpus } : {}),
    ...(facts?.availability === undefined ? {} : { availability: facts.availability }),
  };
}

function gpusOf({ nodes, context }: AttentionInput): { capacity: number; used: number } {
  let [capacity, used] = [0, 0];
  for (const { facts, metadata } of nodes) {
    if (facts?.kind !== 'node') continue;
    for (const { resource, count } of facts.gpus) {
      capacity += count;
      used += context.loadOf(metadata.name)?.requested.get(resource) ?? 0;
    }
  }
  return { capacity, used };
}

function tonesOf(items: readonly Item[], context: ViewContext): Counts {
  const counts: Counts = {};
  for (const item of items) {
    const tone = context.stateOf(item)?.tone;
    if (tone) counts[tone] = (counts[tone] ?? 0) + 1;
  }
  return counts;
}

/** Pools without a node are there too, where they say that they stand. */
function regionsOf(
  nodes: readonly Item[],
  pools: readonly Item[],
  context: ViewContext | undefined,
): Overview['regions'] {
  const regions = new Map<string, Map<string, Counts>>();
  const poolOf = (region: string, pool: string): Counts => {
    let own = regions.get(region);
    if (!own) regions.set(region, (own = new Map()));
    let counts = own.get(pool);
    if (!counts) own.set(pool, (counts = {}));
    return counts;
  };
  const withNodes = new Set<string>();
  for (const node of nodes) {
    const place = context?.placeOf(node);
    const tone = context?.stateOf(node)?.tone;
    const counts = poolOf(place?.region ?? '', place?.pool ?? '');
    if (place?.pool) withNodes.add(place.pool);
    if (tone) counts[tone] = (counts[tone] ?? 0) + 1;
  }
  for (const { facts, metadata } of pools)
    if (facts?.kind === 'pool' && !withNodes.has(metadata.name)) poolOf(facts.region, metadata.name);
  return [...regions]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([region, own]) => ({
      region,
      pools: [...own]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([pool, counts]) => ({ pool, nodes: counts })),
    }));
}

const order: readonly Tone[] = ['error', 'disconnected', 'warning', 'progressing', 'unknown', 'ok'];

function worstFirst(attention: readonly Attention[]): Attention[] {
  return attention.toSorted((a, b) => order.indexOf(a.tone) - order.indexOf(b.tone));
}
