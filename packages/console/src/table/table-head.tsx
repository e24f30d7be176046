import { Checkbox } from 'antd';
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
  const head = (id: string, title: string, isSortable: boolean, isNumber = false) => {
    const direction = sort === id ? 'ascending' : sort === `-${id}` ? 'descending' : undefined;
    const next = direction === 'ascending' ? `-${id}` : direction === 'descending' ? undefined : id;
    return (
      <th key={id} scope="col" aria-sort={direction} className={isNumber ? styles['numberHead'] : undefined}>
        {isSortable ? (
          <button type="button" className={styles['sort']} onClick={() => onSort(next)}>
            {title}
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
      <tr>
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
          head(
            column.id,
            columnTitle(column),
            column.sortable,
            column.type === 'number' || column.type === 'quantity',
          ),
        )}
        {hasActions ? <th scope="col">{t('column.actions')}</th> : null}
      </tr>
    </thead>
  );
}

export function columnTitle(column: { readonly id: string; readonly title: string }): string {
  return translateIfKnown(`column.${column.id}`) ?? column.title;
}
