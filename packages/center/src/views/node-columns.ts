import type { Node } from '@skerry/api';
import type { Item, StateCell } from '#cache/item.ts';
import { column, cores } from '#views/columns.ts';
import { ownerLabel } from '#access/wanted-access.ts';
import { as } from '#views/of-kind.ts';
import type { DeclaredColumn, ViewContext } from '#views/view-kind.ts';

export const nodeColumns: DeclaredColumn[] = [
  column('link', 'Link', {
    type: 'state',
    derive: (item, context) => linkState(item, context),
  }),
  column('autonomy', 'Autonomy', { cell: (object) => autonomyText(as<Node>(object)) }),
  column('pods', 'Pods', {
    type: 'number',
    derive: (item, context) => context.loadOf(item.metadata.name)?.pods ?? null,
  }),
  column('gpu', 'GPU', {
    type: 'number',
    derive: ({ facts }) =>
      facts?.kind === 'node' ? facts.gpus.reduce((sum, { count }) => sum + count, 0) || null : null,
  }),
  column('gpu-used', 'GPU used', { type: 'number', derive: gpusUsed }),
  column('gpu-model', 'GPU model', {
    priority: 1,
    facet: true,
    derive: ({ facts }) => (facts?.kind === 'node' ? (facts.gpus[0]?.model ?? null) : null),
  }),
  // Through whose join token it came.
  column('machine-owner', 'Owner', {
    priority: 1,
    facet: true,
    derive: ({ metadata }) => metadata.labels?.[ownerLabel] ?? null,
  }),
  column('cpu', 'CPU', { type: 'quantity', priority: 1, derive: (item) => cores(allocatable(item, 'cpu')) }),
  column('memory', 'Memory', {
    type: 'quantity',
    priority: 1,
    derive: (item) => allocatable(item, 'memory'),
  }),
  column('cpu-requested', 'CPU requested', {
    type: 'quantity',
    priority: 1,
    derive: (item, context) => cores(context.loadOf(item.metadata.name)?.requested.get('cpu') ?? null),
  }),
  column('memory-requested', 'Memory requested', {
    type: 'quantity',
    priority: 1,
    derive: (item, context) => context.loadOf(item.metadata.name)?.requested.get('memory') ?? null,
  }),
];

/** How long it may run on its own: `2h`, `always`; nothing where it may not. */
function autonomyText({ metadata }: Node): string | null {
  const duration = metadata.annotations?.['node.openyurt.io/autonomy-duration'];
  if (duration !== undefined) return duration === '0' ? 'always' : duration;
  return metadata.annotations?.['node.beta.openyurt.io/autonomy'] === 'true' ? 'always' : null;
}

function allocatable({ facts }: Item, resource: string): number | null {
  return facts?.kind === 'node' ? (facts.allocatable.get(resource) ?? null) : null;
}

function gpusUsed(item: Item, context: ViewContext): number | null {
  if (item.facts?.kind !== 'node' || item.facts.gpus.length === 0) return null;
  const requested = context.loadOf(item.metadata.name)?.requested;
  if (!requested) return null;
  return item.facts.gpus.reduce((sum, { resource }) => sum + (requested.get(resource) ?? 0), 0);
}

function linkState(item: Item, context: ViewContext): StateCell | null {
  if (item.facts?.kind !== 'node') return null;
  const { reachable, since } = item.facts;
  if (reachable) return { state: 'Online', tone: 'ok', ...(since ? { since } : {}) };
  const now = context.stateOf(item);
  return { state: now?.state ?? 'Unknown', tone: now?.tone ?? 'unknown', ...(since ? { since } : {}) };
}
