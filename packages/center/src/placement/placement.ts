/** Which nodes a pod template would fit, by pool, and why it doesn't fit the others. */
import { badRequest, QuantityError, type HostPort, type PodSpec } from '@skerry/api';
import type { PlacementAnswer, PlacementQuestion } from '#contract/index.ts';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import type { NodeFacts } from '#cache/facts.ts';
import type { Item } from '#cache/item.ts';
import { nodeFit, type NodeUse } from '#placement/node-fit.ts';
import { podAffinityFit, type AffinityFit } from '#placement/pod-affinity.ts';

/** @throws ApiError BadRequest for a template that is none */
export function placementAnswer(
  { namespace, template, daemonSet }: PlacementQuestion,
  {
    nodes,
    cache,
    namespaces = [],
  }: { nodes: readonly Item[]; cache: ClusterCache; namespaces?: readonly Item[] },
): PlacementAnswer {
  const spec = specOf(template);
  const fit = guarded(() => nodeFit(spec, { daemonSet: daemonSet ?? false }));
  const near = guarded(() => affinityOf({ spec, template, namespace }, { nodes, cache, namespaces }));
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
    const why = guarded(() => whyNot(facts, fit(facts, useOf(metadata.name, cache)), near));
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

function specOf(template: object): PodSpec {
  const spec = (template as { spec?: unknown }).spec;
  if (typeof spec !== 'object' || spec === null) throw badRequest('template: has no spec');
  return { containers: [], ...spec } as PodSpec;
}

/** What other pods forbid is only asked where nothing of the node itself does, as the scheduler does it. */
function whyNot(
  { node }: NodeFacts,
  own: readonly string[],
  near: AffinityFit | undefined,
): readonly string[] {
  if (own.length > 0 || !near) return own;
  const why = near(node);
  return why === undefined ? own : [why];
}

function affinityOf(
  { spec, template, namespace }: { spec: PodSpec; template: object; namespace: string },
  { nodes, cache, namespaces }: { nodes: readonly Item[]; cache: ClusterCache; namespaces: readonly Item[] },
): AffinityFit | undefined {
  const { labels = {} } = (template as { metadata?: { labels?: Record<string, string> } }).metadata ?? {};
  const byName = new Map(nodes.map(({ facts, metadata }) => [metadata.name, facts]));
  const labelsOf = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  return podAffinityFit(
    { spec, labels, namespace },
    {
      pods: (one) => cache.pods.items(one),
      labelsOfNode: (name) => {
        const facts = byName.get(name);
        return facts?.kind === 'node' ? facts.node.metadata.labels : undefined;
      },
      labelsOfNamespace: (name) => labelsOf.get(name) ?? { 'kubernetes.io/metadata.name': name },
    },
  );
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
