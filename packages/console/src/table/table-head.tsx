import { Checkbox } from 'antd';
import { useLayoutEffect, useRef } from 'react';
import { translateIfKnown, useT } from '#i18n/index.ts';
import type { ShownColumn } from './live-table.tsx';
import styles from './table.module.css';

interface TableHeadProps {
  readonly columns: readonly ShownColumn[];
  readonly sort: string | undefined;
  readonly onSort: (sort: string | undefined) => void;
  readonly hasNamespace: boolean;
  readonly hasActions: boolean;
  readonly selection?:
    | { readonly isAll: boolean; readonly isSome: boolean; readonly toggleAll: () => void }
    | undefined;
}

export function TableHead({ columns, sort, onSort, hasNamespace, hasActions, selection }: TableHeadProps) {
  const t = useT();
  const row = useRef<HTMLTableRowElement>(null);
  // Where pinned columns stand while the table is not scrolled is where they stay when it is.
  useLayoutEffect(() => {
    const table = row.current?.closest('table');
    if (!row.current || !table) return;
    for (const cell of row.current.querySelectorAll<HTMLElement>('th[data-left]'))
      table.style.setProperty(`--left-${cell.dataset['left'] ?? ''}`, `${cell.offsetLeft}px`);
  });
  const head = (
    id: string,
    title: string,
    isSortable: boolean,
    { isNumber = false, left }: { isNumber?: boolean; left?: string | undefined } = {},
  ) => {
    const direction = sort === id ? 'ascending' : sort === `-${id}` ? 'descending' : undefined;
    const next = direction === 'ascending' ? `-${id}` : direction === 'descending' ? undefined : id;
    return (
      <th
        key={id}
        scope="col"
        aria-sort={direction}
        data-left={left}
        className={`${isNumber ? (styles['numberHead'] ?? '') : ''} ${left === undefined ? '' : (styles['stuck'] ?? '')}`}
        style={left === undefined ? undefined : { left: `var(--left-${left})` }}
      >
        {isSortable ? (
          <button type="button" className={styles['sort']} onClick={() => onSort(next)}>
            {title}
            {/* Beside the title, so that titles stand where their values do. */}
            <span aria-hidden="true" className={styles['arrow']}>
              {direction === 'ascending' ? '▲' : direction === 'descending' ? '▼' : ''}
            </span>
          </button>
        ) : (
          title
        )}
      </th>
    );
  };
  return (
    <thead>
      <tr ref={row}>
        {selection ? (
          <th scope="col" className={styles['check']}>
            <Checkbox
              aria-label={t('table.selectAll')}
              checked={selection.isAll}
              indeterminate={selection.isSome && !selection.isAll}
              onChange={selection.toggleAll}
            />
          </th>
        ) : null}
        {head('name', t('column.name'), true)}
        {hasNamespace ? head('namespace', t('column.namespace'), true) : null}
        {columns.map((column) =>
          head(column.id, columnTitle(column), column.sortable, {
            isNumber: column.type === 'number' || column.type === 'quantity',
            left: column.isPinned ? String(column.index) : undefined,
          }),
        )}
        {hasActions ? (
          <th scope="col" className={styles['actions']}>
            {t('column.actions')}
          </th>
        ) : null}
      </tr>
    </thead>
  );
}

export function columnTitle(column: { readonly id: string; readonly title: string }): string {
  return translateIfKnown(`column.${column.id}`) ?? column.title;
}
