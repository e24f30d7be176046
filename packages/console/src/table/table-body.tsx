import type { Group, Page, Row, ViewQuery } from '@skerry/center/contract';
import { Checkbox } from 'antd';
import { Fragment } from 'react';
import { Link } from '#app/link.tsx';
import { useT, type Translate } from '#i18n/index.ts';
import { ToneCounts } from '#ui/tone.tsx';
import { CellContent } from './cell.tsx';
import type { ShownColumn } from './live-table.tsx';
import type { RowAction } from './row-action.ts';
import { RowActions } from './row-actions.tsx';
import styles from './table.module.css';

/** Rows that a person wants to see first. */
export interface Pins {
  readonly has: (row: Row) => boolean;
  readonly toggle: (row: Row) => void;
}

interface TableBodyProps extends RowProps {
  readonly page: Page;
  readonly rows: readonly Row[];
  readonly group: NonNullable<ViewQuery['group']>;
  readonly collapsed: ReadonlySet<string>;
  readonly onCollapse: (key: string) => void;
}

interface RowProps {
  readonly columns: readonly ShownColumn[];
  readonly hasNamespace: boolean;
  readonly linkOf: ((row: Row) => string | undefined) | undefined;
  readonly actionsOf: ((row: Row) => readonly RowAction[]) | undefined;
  readonly selection?:
    | { readonly selected: ReadonlyMap<string, Row>; readonly toggle: (row: Row) => void }
    | undefined;
  readonly pins: Pins;
}

/** Above all others, on every page, once more. */
export function PinnedRows({ rows, ...props }: RowProps & { readonly rows: readonly Row[] }) {
  const t = useT();
  return (
    <tbody className={styles['pinned']}>
      <tr className={styles['group']}>
        <th colSpan={widthOf(props)} scope="rowgroup">
          <span className={styles['groupName']}>{t('table.pinned')}</span>
        </th>
      </tr>
      {rows.map((row) => (
        <BodyRow key={row.key} row={row} isFirst={false} {...props} />
      ))}
    </tbody>
  );
}

function widthOf({ columns, hasNamespace, actionsOf, selection }: RowProps): number {
  return columns.length + 1 + Number(hasNamespace) + Number(Boolean(actionsOf)) + Number(Boolean(selection));
}

export function TableBody(props: TableBodyProps) {
  const { rows, group, page } = props;
  if (group === 'none' || page.groups.length === 0) {
    return (
      <tbody>
        {rows.map((row, index) => (
          <BodyRow key={row.key} row={row} isFirst={index === 0} {...props} />
        ))}
      </tbody>
    );
  }
  const parts = inGroups(rows, group);
  return parts.map(({ key, rows: members }, index) => (
    <tbody key={key}>
      <GroupHead
        {...props}
        groupKey={key}
        info={page.groups.find((one) => keyOfGroup(one, group) === key)}
        sample={members[0]}
      />
      {props.collapsed.has(key)
        ? null
        : members.map((row, at) => (
            <BodyRow key={row.key} row={row} isFirst={index === 0 && at === 0} {...props} />
          ))}
    </tbody>
  ));
}

function GroupHead({
  groupKey,
  info,
  sample,
  group,
  columns,
  hasNamespace,
  actionsOf,
  selection,
  pins,
  collapsed,
  onCollapse,
}: TableBodyProps & {
  readonly groupKey: string;
  readonly info: Group | undefined;
  readonly sample: Row | undefined;
}) {
  const t = useT();
  const width = widthOf({ columns, hasNamespace, linkOf: undefined, actionsOf, selection, pins });
  const names =
    group === 'namespace'
      ? [sample?.namespace ?? '']
      : // Where each region has one pool, both often have one name.
        [...new Set([sample?.region ?? '', ...(group === 'pool' && sample?.pool ? [sample.pool] : [])])];
  const isCollapsed = collapsed.has(groupKey);
  return (
    <tr className={styles['group']}>
      <th colSpan={width} scope="rowgroup">
        <button type="button" aria-expanded={!isCollapsed} onClick={() => onCollapse(groupKey)}>
          <span aria-hidden="true" className={styles['twist']}>
            {isCollapsed ? '▸' : '▾'}
          </span>
          {names.map((name, index) => (
            <Fragment key={name || String(index)}>
              {index > 0 ? <span className="muted"> / </span> : null}
              <span>{name || t('table.noPlace')}</span>
            </Fragment>
          ))}
          {info ? <span className={styles['total']}>{t('table.count', { count: info.total })}</span> : null}
          {info && Object.keys(info.tones).length > 0 ? <ToneCounts counts={info.tones} /> : null}
        </button>
      </th>
    </tr>
  );
}

function BodyRow({
  row,
  isFirst,
  columns,
  hasNamespace,
  linkOf,
  actionsOf,
  selection,
  pins,
}: RowProps & { readonly row: Row; readonly isFirst: boolean }) {
  const t = useT();
  const link = linkOf?.(row);
  const isSelected = selection?.selected.has(row.key) ?? false;
  return (
    <tr
      data-key={row.key}
      tabIndex={isFirst ? 0 : -1}
      className={isSelected ? styles['selected'] : undefined}
    >
      {selection ? (
        <td className={styles['check']}>
          <Checkbox
            aria-label={t('table.select', { name: row.name })}
            checked={isSelected}
            onChange={() => selection.toggle(row)}
          />
        </td>
      ) : null}
      <th scope="row" className={styles['name']}>
        {link ? (
          <Link to={link} keepScope>
            {row.name}
          </Link>
        ) : (
          row.name
        )}
      </th>
      {hasNamespace ? <td>{row.namespace ?? <span className="muted">–</span>}</td> : null}
      {columns.map((column) => (
        <td
          key={column.id}
          className={`${column.type === 'number' || column.type === 'quantity' ? (styles['numberCell'] ?? '') : ''} ${column.isPinned ? (styles['stuck'] ?? '') : ''}`}
          style={column.isPinned ? { left: `var(--left-${column.index})` } : undefined}
        >
          <CellContent cell={row.cells[column.index]} column={column} />
        </td>
      ))}
      {actionsOf ? (
        <td className={styles['actions']}>
          <RowActions name={row.name} actions={[...actionsOf(row), pinAction(row, pins, t)]} />
        </td>
      ) : null}
    </tr>
  );
}

function pinAction(row: Row, pins: Pins, t: Translate): RowAction {
  return {
    id: 'pin',
    title: t(pins.has(row) ? 'table.unpin' : 'table.pin'),
    isReading: true,
    isInMenu: true,
    run: () => pins.toggle(row),
  };
}

function inGroups(
  rows: readonly Row[],
  group: NonNullable<ViewQuery['group']>,
): { key: string; rows: Row[] }[] {
  const parts: { key: string; rows: Row[] }[] = [];
  for (const row of rows) {
    const key = keyOfGroup(row, group);
    const part = parts.find((one) => one.key === key);
    if (part) part.rows.push(row);
    else parts.push({ key, rows: [row] });
  }
  return parts;
}

function keyOfGroup(
  of: { readonly region?: string; readonly pool?: string; readonly namespace?: string },
  group: NonNullable<ViewQuery['group']>,
): string {
  if (group === 'namespace') return of.namespace ?? '';
  return group === 'pool' ? `${of.region ?? ''}/${of.pool ?? ''}` : (of.region ?? '');
}
