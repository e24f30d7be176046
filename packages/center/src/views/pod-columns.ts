import { podSummary, type Pod } from '@skerry/api';
import { isGpu } from '#cache/facts.ts';
import type { Item } from '#cache/item.ts';
import { workloadOf } from '#cache/workload-of.ts';
import { column, cores } from '#views/columns.ts';
import { as } from '#views/of-kind.ts';
import type { DeclaredColumn } from '#views/view-kind.ts';

export const podColumns: DeclaredColumn[] = [
  column('ready', 'Ready', {
    cell: (object) => {
      const { ready, containers } = podSummary(as<Pod>(object));
      return `${ready}/${containers}`;
    },
  }),
  column('restarts', 'Restarts', {
    type: 'number',
    derive: (item) => (item.facts?.kind === 'pod' ? item.facts.restarts : null),
  }),
  column('node', 'Node', {
    derive: (item) => (item.facts?.kind === 'pod' ? (item.facts.node ?? null) : null),
  }),
  column('gpu', 'GPU', { type: 'number', derive: (item) => gpusRequested(item) || null }),
  column('cpu', 'CPU request', {
    type: 'quantity',
    priority: 1,
    derive: (item) => cores(amount(item, 'cpu')),
  }),
  column('memory', 'Memory request', {
    type: 'quantity',
    priority: 1,
    derive: (item) => amount(item, 'memory'),
  }),
  column('owner', 'Owner', {
    priority: 1,
    derive: (item) => {
      const { kind, name } = workloadOf(item);
      return kind === 'Pod' ? null : `${kind}/${name}`;
    },
  }),
];

function amount({ facts }: Item, resource: string): number | null {
  return facts?.kind === 'pod' ? (facts.requests.get(resource) ?? null) : null;
}

/** Accelerators that a pod asks for, whatever they are called. */
export function gpusRequested({ facts }: Item): number {
  if (facts?.kind !== 'pod' || facts.requests.size === 0) return 0;
  let total = 0;
  for (const [resource, count] of facts.requests) if (isGpu(resource)) total += count;
  return total;
}
