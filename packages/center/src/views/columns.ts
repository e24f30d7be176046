/** Columns that many views share, and how those of `kubectl get` become columns of a view. */
import type { ColumnInfo } from '@skerry/api';
import type { Cell, Column } from '#contract/index.ts';
import type { DeclaredColumn, ViewColumn } from '#views/view-kind.ts';

export const nameColumn: ViewColumn = {
  id: 'name',
  title: 'Name',
  type: 'text',
  priority: 0,
  sortable: true,
  derive: (item) => item.metadata.name,
};

export const namespaceColumn: ViewColumn = {
  id: 'namespace',
  title: 'Namespace',
  type: 'text',
  priority: 0,
  sortable: true,
  facet: true,
  derive: (item) => item.metadata.namespace ?? null,
};

export const stateColumn: ViewColumn = {
  id: 'status',
  title: 'Status',
  type: 'state',
  priority: 0,
  sortable: true,
  facet: true,
  derive: (item, context) => context.stateOf(item) ?? null,
};

export const regionColumn: ViewColumn = {
  id: 'region',
  title: 'Region',
  type: 'text',
  priority: 0,
  sortable: true,
  facet: true,
  derive: (item, context) => context.placeOf(item)?.region || null,
};

export const poolColumn: ViewColumn = {
  id: 'pool',
  title: 'Pool',
  type: 'text',
  priority: 0,
  sortable: true,
  facet: true,
  derive: (item, context) => context.placeOf(item)?.pool || null,
};

export const ageColumn: ViewColumn = {
  id: 'age',
  title: 'Age',
  type: 'date',
  priority: 0,
  sortable: true,
  derive: (item) => item.metadata.creationTimestamp ?? null,
};

/** Typed as strings by Kubernetes, and counts all the same. */
const counts = new Set(['Up-to-date', 'Available', 'Data', 'Count', 'MaxPods', 'Replicas', 'Revision']);
/** Columns of these names hold few values. */
const facets = new Set([
  'Type',
  'Reason',
  'StorageClass',
  'Reclaim Policy',
  'SignerName',
  'Class',
  'Version',
  'Roles',
]);

/** `Port(s)` → `ports`, `Up-to-date` → `up-to-date`. */
export function columnId(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
    .replace(/^(.*\S) s$/, '$1s')
    .replaceAll(' ', '-');
}

/** A column of `kubectl get`, without what only fits a terminal. */
export function kubectlColumn(info: ColumnInfo): DeclaredColumn {
  const isCount = info.type === 'integer' || info.type === 'number' || counts.has(info.name);
  return {
    id: columnId(info.name),
    title: info.name,
    type: isCount ? 'number' : 'text',
    priority: info.priority,
    sortable: true,
    ...(facets.has(info.name) ? { facet: true } : {}),
    cell: (object, nowMs) => plain(info.cell(object, nowMs)),
  };
}

function plain(value: string | number | boolean | null): Cell {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === '' || value === '<none>' || value === '<unset>' || value === '<unknown>' ? null : value;
}

type Rest = Partial<Omit<Column, 'id' | 'title'>> & Pick<ViewColumn, 'facet'>;

export function column(
  id: string,
  title: string,
  made: Rest & (Pick<ViewColumn, 'derive'> | { readonly cell: NonNullable<ViewColumn['cell']> }),
): DeclaredColumn {
  return { id, title, type: 'text', priority: 0, sortable: true, ...made };
}

/** Thousandths of a core, as the scheduler counts, in cores. */
export function cores(milli: number | null): number | null {
  return milli === null ? null : milli / 1000;
}

/** What goes to the console: without how it is made. */
export function columnOf({ id, title, type, priority, sortable }: ViewColumn): Column {
  return { id, title, type, priority, sortable };
}
