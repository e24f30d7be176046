/**
 * The list of everything: rows of one resource as the backend filters, sorts, groups, counts and cuts them, live. It says what it
 * can't show and why, holds still under the pointer, and works by keyboard: j and k move, x marks, Enter opens.
 */
import type { Column, Page, Row, ViewQuery } from '@skerry/center/contract';
import { Button } from 'antd';
import { useMemo, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useGo } from '#app/link.tsx';
import { namespacesOf } from '#app/search.ts';
import { useLanguage, useT } from '#i18n/index.ts';
import { useView } from '#live/use-view.ts';
import { useReadOnly } from '#api/read-only.ts';
import { savePreferences, usePreferences } from '#api/preferences.ts';
import { FreshnessMark } from '#ui/freshness-mark.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { BulkBar } from './bulk-bar.tsx';
import { useHeldRows } from './held-order.ts';
import { Pager } from './pager.tsx';
import type { BulkAction, RowAction } from './row-action.ts';
import { PinnedRows, TableBody, type Pins } from './table-body.tsx';
import { TableHead } from './table-head.tsx';
import { useTableState, type TableState } from './table-state.ts';
import { Toolbar } from './toolbar.tsx';
import { TightContext, useFit } from '#ui/use-fit.ts';
import styles from './table.module.css';

export interface LiveTableProps {
  readonly cluster: string;
  readonly resource: string;
  /** What the table is of, for those who can't see it. */
  readonly label: string;
  /** Inside a screen: its state is not the address's. */
  readonly isEmbedded?: boolean;
  /** Always part of the question, unseen: the pods of one node, say. */
  readonly fixed?: ViewQuery;
  readonly defaultGroup?: ViewQuery['group'];
  readonly defaultSort?: string;
  readonly linkOf?: (row: Row) => string | undefined;
  readonly actionsOf?: (row: Row) => readonly RowAction[];
  readonly bulkActions?: readonly BulkAction[];
  /** Buttons at the right of the toolbar. */
  readonly children?: ReactNode;
  /** When there is nothing at all: what this is, and how to get one. */
  readonly empty?: { readonly title: string; readonly why: string; readonly action?: ReactNode };
}

const pageSize = 50;

export function LiveTable(props: LiveTableProps) {
  const { cluster, resource, isEmbedded = false, fixed = {}, defaultGroup = 'none', defaultSort } = props;
  const [state, change] = useTableState(isEmbedded);
  const { ownColumns, pinnedRows } = usePreferences();
  const own = ownColumns?.[resource] ?? noNames;
  const query = queryOf(state, { fixed, group: defaultGroup, sort: defaultSort, own });
  const view = useView({ cluster, resource, query });
  const pinned = pinnedRows?.[resource] ?? noNames;
  const rest = { ...props, view, state, change, query };
  return pinned.length > 0 ? (
    <TableWithPins {...rest} pinned={pinned} />
  ) : (
    <TableOf {...rest} pinned={noNames} pinnedRows={noRows} />
  );
}

const noNames: readonly string[] = [];
const noRows: readonly Row[] = [];
/** More would be a list of their own. */
export const pinnedMax = 20;

/** Rows that are pinned are asked for by themselves: they are shown on whatever page one is. */
function TableWithPins(props: Omit<TableOfProps, 'pinnedRows'>) {
  const { cluster, resource, query, pinned, fixed } = props;
  const names = pinned.map((key) => key.slice(key.indexOf('/') + 1));
  const { page } = useView({
    cluster,
    resource,
    query: {
      ...fixed,
      q: [fixed?.q, `name:${names.join(',')}`].filter(Boolean).join(' '),
      limit: 200,
      group: 'none',
      ...(query.columns ? { columns: query.columns } : {}),
    },
  });
  const rows = useMemo(
    () => (page?.rows ?? noRows).filter((row) => pinned.includes(pinKey(row))),
    [page, pinned],
  );
  return <TableOf {...props} pinnedRows={rows} />;
}

export function pinKey({ namespace = '', name }: Pick<Row, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

interface TableOfProps extends LiveTableProps {
  readonly pinned: readonly string[];
  readonly pinnedRows: readonly Row[];
  readonly view: ReturnType<typeof useView>;
  readonly state: TableState;
  readonly change: (change: Partial<TableState>) => void;
  readonly query: ViewQuery;
}

function TableOf({ view, state, change, query, pinned, pinnedRows, ...props }: TableOfProps) {
  const { cluster, resource, label, linkOf, actionsOf } = props;
  const t = useT();
  const go = useGo();
  const isReadOnly = useReadOnly(cluster);
  const [selected, setSelected] = useState<ReadonlyMap<string, Row>>(new Map());
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const { columns: chosenColumns, pinnedColumns } = usePreferences();
  const held = useHeldRows(view.page?.rows ?? [], JSON.stringify(query));
  // What can be done to none of them is not offered for many.
  const bulkActions = isReadOnly
    ? []
    : (props.bulkActions ?? []).filter(({ mayBeDone }) => held.rows.some(mayBeDone));
  const hasNamespace = held.rows.some((row) => row.namespace);
  const columns = view.page
    ? pinnedFirst(
        shownColumns(view.page, chosenColumns?.[resource], query),
        pinnedColumns?.[resource] ?? noNames,
      )
    : [];
  const layout = [useLanguage(), hasNamespace, bulkActions.length > 0, ...columns.map(({ id }) => id)];
  const { frame, isTight } = useFit(layout.join(' '));

  const isFiltered = Boolean(state.q || state.region || state.pool || state.namespace);
  const toolbar = (
    <Toolbar
      cluster={cluster}
      resource={resource}
      page={view.page}
      query={query}
      state={state}
      change={change}
    >
      {props.children}
    </Toolbar>
  );
  if (!view.page) {
    return (
      <section className={styles['card']} aria-label={label}>
        {toolbar}
        {view.status ? <Failure error={view.status} onRetry={view.refresh} /> : <Loading />}
      </section>
    );
  }
  const { page } = view;
  if (page.rows.length === 0 && held.rows.length === 0 && pinnedRows.length === 0) {
    return (
      <section className={styles['card']} aria-label={label}>
        {toolbar}
        {view.freshness.state === 'stale' ? <StaleNote freshness={view.freshness} /> : null}
        {isFiltered ? (
          <Empty title={t('table.noMatch')} why={t('table.noMatch.why')} mark="⌕">
            <Button
              onClick={() =>
                change({ q: undefined, region: undefined, pool: undefined, namespace: undefined })
              }
            >
              {t('table.clearFilter')}
            </Button>
          </Empty>
        ) : (
          <Empty title={props.empty?.title ?? t('table.empty')} why={props.empty?.why}>
            {props.empty?.action}
          </Empty>
        )}
      </section>
    );
  }
  const toggle = (row: Row): void => {
    const next = new Map(selected);
    if (!next.delete(row.key)) next.set(row.key, row);
    setSelected(next);
  };
  const isSelectable = bulkActions.length > 0;
  const pins: Pins = {
    has: (row) => pinned.includes(pinKey(row)),
    toggle: (row) => {
      const key = pinKey(row);
      void savePreferences((before) => {
        const now = before.pinnedRows?.[resource] ?? [];
        const next = now.includes(key) ? now.filter((one) => one !== key) : [...now, key].slice(-pinnedMax);
        return { pinnedRows: { ...before.pinnedRows, [resource]: next } };
      });
    },
  };
  const onKey = (event: KeyboardEvent<HTMLElement>): void => {
    const row = rowOf(event, [...pinnedRows, ...held.rows]);
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const link = linkOf?.(row);
    if (event.key === 'j' || event.key === 'ArrowDown') moveFocus(event, 1);
    else if (event.key === 'k' || event.key === 'ArrowUp') moveFocus(event, -1);
    else if (event.key === 'x' && isSelectable) toggle(row);
    else if ((event.key === 'Enter' || event.key === 'o') && link) go(link);
    else return;
    event.preventDefault();
  };
  return (
    <section className={styles['card']} aria-label={label} aria-busy={view.isPrevious}>
      {toolbar}
      {view.freshness.state === 'stale' ? <StaleNote freshness={view.freshness} /> : null}
      {view.freshness.read === undefined ? null : (
        <p className={styles['stale']} role="status">
          {t('table.reading', { count: view.freshness.read })}
        </p>
      )}
      {view.status ? <Failure error={view.status} onRetry={view.refresh} /> : null}
      {selected.size > 0 ? (
        <BulkBar
          cluster={cluster}
          resource={resource}
          query={query}
          total={page.total}
          selected={selected}
          actions={bulkActions}
          onSelect={setSelected}
        />
      ) : null}
      <div
        ref={frame}
        className={styles['scroll']}
        onPointerEnter={held.hold}
        onPointerLeave={held.release}
        tabIndex={-1}
      >
        <TightContext value={isTight}>
          <table className={styles['table']} aria-rowcount={page.total} onKeyDown={onKey}>
            <caption className="visually-hidden">{label}</caption>
            <TableHead
              columns={columns}
              sort={query.sort}
              onSort={(sort) => change({ sort, offset: undefined })}
              hasNamespace={hasNamespace}
              hasActions={Boolean(actionsOf)}
              selection={
                isSelectable
                  ? {
                      isAll: held.rows.every((row) => selected.has(row.key)),
                      isSome: selected.size > 0,
                      toggleAll: () =>
                        setSelected(
                          held.rows.every((row) => selected.has(row.key))
                            ? new Map()
                            : new Map(held.rows.map((row) => [row.key, row])),
                        ),
                    }
                  : undefined
              }
            />
            {pinnedRows.length > 0 ? (
              <PinnedRows
                rows={pinnedRows}
                columns={columns}
                hasNamespace={hasNamespace}
                linkOf={linkOf}
                actionsOf={actionsOf}
                selection={isSelectable ? { selected, toggle } : undefined}
                pins={pins}
              />
            ) : null}
            <TableBody
              pins={pins}
              page={page}
              rows={held.rows}
              columns={columns}
              group={query.group ?? 'none'}
              hasNamespace={hasNamespace}
              collapsed={collapsed}
              onCollapse={(key) => {
                const next = new Set(collapsed);
                if (!next.delete(key)) next.add(key);
                setCollapsed(next);
              }}
              linkOf={linkOf}
              actionsOf={actionsOf}
              selection={isSelectable ? { selected, toggle } : undefined}
            />
          </table>
        </TightContext>
      </div>
      <div className={styles['foot']}>
        {held.waiting > 0 ? (
          <button type="button" className={styles['pill']} onClick={held.release}>
            {t('table.waiting', { count: held.waiting })}
          </button>
        ) : null}
        {view.pending > 0 ? (
          <button type="button" className={styles['pill']} onClick={view.refresh}>
            {t('table.pending', { count: view.pending })}
          </button>
        ) : null}
        <Pager
          total={page.total}
          offset={query.offset ?? 0}
          size={pageSize}
          onOffset={(offset) => change({ offset: offset === 0 ? undefined : String(offset) })}
        />
      </div>
    </section>
  );
}

function StaleNote({ freshness }: { readonly freshness: Page['freshness'] }) {
  const t = useT();
  return (
    <p className={styles['stale']} role="status">
      <FreshnessMark freshness={freshness} /> {t('table.stale')} {freshness.why}
    </p>
  );
}

function queryOf(
  state: TableState,
  {
    fixed,
    group,
    sort,
    own,
  }: {
    fixed: ViewQuery;
    group: ViewQuery['group'];
    sort: string | undefined;
    own: readonly string[];
  },
): ViewQuery {
  const namespaces = namespacesOf(state);
  const q = [fixed.q, state.q].filter(Boolean).join(' ');
  return {
    limit: pageSize,
    group: state.group ?? group,
    ...(sort || state.sort ? { sort: state.sort ?? sort } : {}),
    ...(state.region ? { region: state.region } : {}),
    ...(state.pool ? { pool: state.pool } : {}),
    ...(namespaces.length > 0 ? { namespace: namespaces } : {}),
    ...(state.offset ? { offset: Number(state.offset) } : {}),
    ...(own.length > 0 ? { columns: own } : {}),
    ...fixed,
    ...(q ? { q } : {}),
  };
}

/** What the person chose, else what the backend holds for important; name and namespace have places of their own. */
function shownColumns(
  page: Page,
  chosen: readonly string[] | undefined,
  query: ViewQuery,
): readonly ShownColumn[] {
  const all = page.columns.map((column, index) => ({ ...column, index }));
  const others = all.filter(({ id }) => id !== 'name' && id !== 'namespace');
  const own = others.filter(({ id }) => query.columns?.includes(id));
  if (chosen) {
    const known = others.filter(({ id }) => !query.columns?.includes(id));
    return [...chosen.flatMap((id) => known.find((column) => column.id === id) ?? []), ...own];
  }
  return others.filter(({ id, priority }) => priority === 0 && !isSaidElsewhere(id, page, query));
}

function pinnedFirst(columns: readonly ShownColumn[], pinned: readonly string[]): readonly ShownColumn[] {
  if (pinned.length === 0) return columns;
  return [
    ...columns.filter(({ id }) => pinned.includes(id)).map((column) => ({ ...column, isPinned: true })),
    ...columns.filter(({ id }) => !pinned.includes(id)),
  ];
}

/** By the heads of the groups, or by the question itself. */
function isSaidElsewhere(column: string, { groups }: Page, { group = 'none', pool, q }: ViewQuery): boolean {
  const isGrouped = groups.length > 0;
  if (column === 'pool') return pool !== undefined || (isGrouped && group === 'pool');
  if (column === 'region')
    return pool !== undefined || (isGrouped && (group === 'pool' || group === 'region'));
  return column === 'node' && (q?.includes('node:') ?? false);
}

export type ShownColumn = Column & {
  readonly index: number;
  /** Stays in sight when the table is scrolled sideways. */
  readonly isPinned?: boolean;
};

function rowOf(event: KeyboardEvent<HTMLElement>, rows: readonly Row[]): Row | undefined {
  const { target } = event;
  if (!(target instanceof HTMLTableRowElement)) return undefined;
  return rows.find((row) => row.key === target.dataset['key']);
}

function moveFocus(event: KeyboardEvent<HTMLElement>, by: 1 | -1): void {
  const rows = [...event.currentTarget.querySelectorAll<HTMLTableRowElement>('tr[data-key]')];
  const at = rows.findIndex((row) => row === event.target);
  rows[at + by]?.focus();
}
