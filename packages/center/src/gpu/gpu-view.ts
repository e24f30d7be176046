/** Accelerators of a cluster: which node has them, who holds them, who waits for them, and where those could go. */
import type { GpuView } from '#contract/index.ts';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import { isGpu, type NodeFacts, type PodFacts } from '#cache/facts.ts';
import type { Item } from '#cache/item.ts';
import type { GpuSampler } from '#metrics/gpu-sampler.ts';
import { nodeFitOnceFree } from '#placement/node-fit.ts';

type Holder = GpuView['nodes'][number]['holders'][number];
type Waiting = GpuView['waiting'][number];

/** Pods that wait are told up to this many, the longest first. */
const waitingMax = 200;

export function gpuView({
  nodes,
  pods,
  cache,
  sampler,
}: {
  /** What the caller may see of each. */
  readonly nodes: readonly Item[];
  readonly pods: readonly Item[];
  readonly cache: ClusterCache;
  /** None where the center asks no machines. */
  readonly sampler: Pick<GpuSampler, 'busy'> | undefined;
}): GpuView {
  const visible = new Set(pods);
  const withGpus = nodes.flatMap((item) =>
    item.facts?.kind === 'node' && item.facts.gpus.length > 0 ? [{ item, facts: item.facts }] : [],
  );
  const busy = (thing: string) => {
    const share = sampler?.busy(thing);
    return share === undefined ? {} : { busy: share };
  };
  const isMeasured = withGpus.some(({ item }) => sampler?.busy(`node/${item.metadata.name}`) !== undefined);
  return {
    measured: !sampler ? 'foreign' : isMeasured ? 'yes' : 'none',
    nodes: withGpus.flatMap(({ item, facts }) =>
      facts.gpus.map(({ resource, count, model }) => ({
        node: item.metadata.name,
        region: facts.region,
        pool: facts.pool,
        resource,
        ...(model ? { model } : {}),
        capacity: count,
        ...busy(`node/${item.metadata.name}`),
        holders: holdersOf(cache.pods.onNode(item.metadata.name), { resource, visible }).map((holder) => ({
          ...holder,
          ...(holder.pod ? busy(`${holder.namespace}/${holder.pod}`) : {}),
        })),
      })),
    ),
    waiting: pods
      .flatMap((item) => waitingOf(item, { nodes: withGpus, cache }))
      .sort((a, b) => (a.since < b.since ? -1 : 1))
      .slice(0, waitingMax),
  };
}

/** Those that the caller may not see are one, without a name. */
function holdersOf(
  pods: readonly Item[],
  { resource, visible }: { resource: string; visible: ReadonlySet<Item> },
): Holder[] {
  const holders: Holder[] = [];
  let hidden = 0;
  for (const pod of pods) {
    const count = pod.facts?.kind === 'pod' && pod.facts.live ? (pod.facts.requests.get(resource) ?? 0) : 0;
    if (count === 0) continue;
    if (visible.has(pod))
      holders.push({ namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, count });
    else hidden += count;
  }
  holders.sort((a, b) => b.count - a.count || (a.pod < b.pod ? -1 : 1));
  return hidden > 0 ? [...holders, { namespace: '', pod: '', count: hidden }] : holders;
}

function waitingOf(
  { facts, metadata }: Item,
  { nodes, cache }: { nodes: readonly { item: Item; facts: NodeFacts }[]; cache: ClusterCache },
): Waiting[] {
  if (facts?.kind !== 'pod' || !facts.waiting) return [];
  const wanted = [...facts.requests].filter(([resource, count]) => count > 0 && isGpu(resource));
  if (wanted.length === 0) return [];
  return [
    {
      namespace: metadata.namespace ?? '',
      pod: metadata.name,
      count: wanted.reduce((sum, [, count]) => sum + count, 0),
      since: facts.waiting.since,
      why: facts.waiting.why,
      couldHost: couldHost(facts, { wanted, nodes, cache }),
    },
  ];
}

/** Pools with a node that fits but for what others hold there, and how many accelerators of the kind are free in them now. */
function couldHost(
  { requests, waiting }: PodFacts,
  {
    wanted,
    nodes,
    cache,
  }: {
    wanted: readonly (readonly [string, number])[];
    nodes: readonly { item: Item; facts: NodeFacts }[];
    cache: ClusterCache;
  },
): Waiting['couldHost'] {
  if (!waiting) return [];
  const fit = nodeFitOnceFree(waiting.spec, requests);
  const pools = new Map<string, { pool: string; region: string; free: number }>();
  for (const { item, facts } of nodes) {
    if (!facts.ready || fit(facts, nothing).length > 0) continue;
    const load = cache.loads.of(item.metadata.name);
    const free = wanted.reduce(
      (sum, [resource]) =>
        sum + Math.max(0, (facts.allocatable.get(resource) ?? 0) - (load.requested.get(resource) ?? 0)),
      0,
    );
    const key = `${facts.region}/${facts.pool}`;
    const own = pools.get(key);
    if (own) own.free += free;
    else pools.set(key, { pool: facts.pool, region: facts.region, free });
  }
  return [...pools.values()].sort((a, b) => b.free - a.free || (a.pool < b.pool ? -1 : 1));
}

const nothing = { requested: new Map<string, number>(), pods: 0, hostPorts: () => [] };
