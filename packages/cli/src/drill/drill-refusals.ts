/** Why a drill would hurt. */
import { autonomyMs, type Node, type Pod, toleratesTaint } from '@skerry/api';
import type { NodeLink } from '#link/node-links.ts';

const unreachable = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' } as const;

export function refusalsOf(
  nodes: readonly Node[],
  world: { readonly pods: readonly Pod[]; readonly links: readonly NodeLink[]; readonly seconds: number },
): string[] {
  const linked = new Set(
    world.links.filter(({ status }) => status.state === 'Linked').map(({ metadata }) => metadata?.name),
  );
  return nodes.flatMap((node) => {
    const { name = '' } = node.metadata;
    if (!linked.has(name)) return [`node ${name} has no link`];
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    if (ready !== 'True') return [`node ${name} is not Ready`];
    const keptSeconds = Math.max(
      (autonomyMs(node) ?? 0) / 1000,
      tolerated(world.pods.filter(({ spec }) => spec?.nodeName === name)),
    );
    if (keptSeconds >= world.seconds) return [];
    return [
      `pods of node ${name} would be evicted after ${Math.round(keptSeconds)} s; give it, or its pool, the annotation node.openyurt.io/autonomy-duration`,
    ];
  });
}

/** Seconds for which all of these stay on a node that can't be reached. */
function tolerated(pods: readonly Pod[]): number {
  const each = pods
    .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .map(({ spec }) => {
      const tolerations = (spec?.tolerations ?? []).filter((toleration) =>
        toleratesTaint(toleration, unreachable),
      );
      return Math.max(0, ...tolerations.map(({ tolerationSeconds }) => tolerationSeconds ?? Infinity));
    });
  return Math.min(Infinity, ...each);
}
