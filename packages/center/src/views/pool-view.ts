/** Node pools, which are custom resources and the unit that everything is grouped by. */
import type { AnyObject } from '@skerry/api';
import { resources } from '@skerry/client';
import { regionOf } from '#cache/facts.ts';
import type { StateCell } from '#cache/item.ts';
import { ageColumn, column, nameColumn, regionColumn, stateColumn } from '#views/columns.ts';
import { rowActions } from '#views/row-actions.ts';
import { state } from '#views/states/state.ts';
import { arranged, type ViewKind } from '#views/view-kind.ts';

interface NodePool {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec?: { readonly type?: string; readonly labels?: Record<string, string> };
  readonly status?: { readonly readyNodeNum?: number; readonly unreadyNodeNum?: number };
}

const as = (object: AnyObject) => object as unknown as NodePool;

export function poolState(pool: NodePool): StateCell {
  const ready = pool.status?.readyNodeNum ?? 0;
  const unready = pool.status?.unreadyNodeNum ?? 0;
  if (pool.metadata.deletionTimestamp) return state('Terminating', 'progressing');
  if (ready + unready === 0) return state('Empty', 'unknown', { why: 'no machine has joined it' });
  if (ready === 0) return state('Down', 'error', { why: `none of ${unready} nodes is ready` });
  if (unready > 0)
    return state('Degraded', 'warning', { why: `${unready} of ${ready + unready} nodes are not ready` });
  return state('Ready', 'ok');
}

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

export const nodePoolView: ViewKind = {
  ref: resources.nodePools,
  placed: 'own',
  state: (object) => poolState(as(object)),
  facts: (object, interner) => ({ kind: 'pool', region: interner.text(regionOf(as(object).spec?.labels)) }),
  columns: arranged([
    nameColumn,
    stateColumn,
    regionColumn,
    column('type', 'Type', { facet: true, cell: (object) => as(object).spec?.type ?? null }),
    column('ready', 'Ready nodes', {
      type: 'number',
      cell: (object) => as(object).status?.readyNodeNum ?? 0,
    }),
    column('not-ready', 'Nodes not ready', {
      type: 'number',
      cell: (object) => as(object).status?.unreadyNodeNum ?? 0,
    }),
    ageColumn,
  ]),
  actions: rowActions({ ...resources.nodePools, verbs }),
};
