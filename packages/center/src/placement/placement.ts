/** Which nodes a pod template would fit, by pool, and why it doesn't fit the others. */
import { badRequest, QuantityError, type HostPort, type PodSpec } from '@skerry/api';
import type { PlacementAnswer, PlacementQuestion } from '#contract/index.ts';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import type { Item } from '#cache/item.ts';
import { nodeFit, type NodeFit, type NodeUse } from '#placement/node-fit.ts';

/** @throws ApiError BadRequest for a template that is none */
export function placementAnswer(
  { template, daemonSet }: PlacementQuestion,
  { nodes, cache }: { nodes: readonly Item[]; cache: ClusterCache },
): PlacementAnswer {
  const fit = fitOf(template, daemonSet ?? false);
  const pools = new Map<string, { pool: string; region: string; matching: number; total: number }>();
  const reasons = new Map<string, number>();
  let matching = 0;
  let total = 0;
  for (const { facts, metadata } of nodes) {
    if (facts?.kind !== 'node') continue;
    const { pool, region } = facts;
    const key = `${region}/${pool}`;
    let own = pools.get(key);
    if (!own) pools.set(key, (own = { pool, region, matching: 0, total: 0 }));
    total++;
    own.total++;
    const why = guarded(() => fit(facts, useOf(metadata.name, cache)));
    if (why.length === 0) {
      matching++;
      own.matching++;
    }
    for (const reason of why) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return {
    matching,
    total,
    pools: [...pools.values()].sort((a, b) => (`${a.region}/${a.pool}` < `${b.region}/${b.pool}` ? -1 : 1)),
    reasons: [...reasons]
      .map(([why, count]) => ({ why, nodes: count }))
      .sort((a, b) => b.nodes - a.nodes || (a.why < b.why ? -1 : 1)),
  };
}

export function useOf(node: string, cache: ClusterCache): NodeUse {
  const { requested, pods } = cache.loads.of(node);
  return { requested, pods, hostPorts: () => portsOn(node, cache) };
}

function portsOn(node: string, cache: ClusterCache): HostPort[] {
  return cache.pods
    .onNode(node)
    .flatMap(({ facts }) => (facts?.kind === 'pod' && facts.live ? (facts.hostPorts ?? []) : []));
}

function fitOf(template: object, daemonSet: boolean): NodeFit {
  const spec = (template as { spec?: unknown }).spec;
  if (typeof spec !== 'object' || spec === null) throw badRequest('template: has no spec');
  return guarded(() => nodeFit({ containers: [], ...spec } as PodSpec, { daemonSet }));
}

/** A template is somebody's draft: whatever is wrong with its form shows while it is read. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof QuantityError || error instanceof TypeError || error instanceof SyntaxError)
      throw badRequest(`template: ${error.message}`);
    throw error;
  }
}
