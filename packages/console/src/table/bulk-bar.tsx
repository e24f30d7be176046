import { paths, type Page, type Row, type ViewQuery } from '@skerry/center/contract';
import { Button } from 'antd';
import { useState } from 'react';
import { request } from '#api/request.ts';
import { useT } from '#i18n/index.ts';
import { viewQueryString } from './view-query.ts';
import type { BulkAction } from './row-action.ts';
import styles from './table.module.css';

interface BulkBarProps {
  readonly cluster: string;
  readonly resource: string;
  readonly query: ViewQuery;
  readonly total: number;
  readonly selected: ReadonlyMap<string, Row>;
  readonly actions: readonly BulkAction[];
  readonly onSelect: (rows: ReadonlyMap<string, Row>) => void;
}

export function BulkBar({ cluster, resource, query, total, selected, actions, onSelect }: BulkBarProps) {
  const t = useT();
  const [isFetching, setFetching] = useState(false);
  const selectAll = async (): Promise<void> => {
    setFetching(true);
    try {
      const rows = await fetchAllRows(cluster, resource, query);
      onSelect(new Map(rows.map((row) => [row.key, row])));
    } finally {
      setFetching(false);
    }
  };
  return (
    <div className={styles['bulk']} role="toolbar" aria-label={t('table.bulk')}>
      <strong>{t('table.selected', { count: selected.size })}</strong>
      {selected.size < total ? (
        <Button type="link" size="small" loading={isFetching} onClick={() => void selectAll()}>
          {t('table.selectMatching', { count: Math.min(total, rowsMax) })}
        </Button>
      ) : null}
      <span className={styles['bulkActions']}>
        {actions.map((action) => (
          <Button
            key={action.id}
            size="small"
            danger={action.isDangerous ?? false}
            onClick={() => action.run([...selected.values()])}
          >
            {action.title}
          </Button>
        ))}
        <Button type="text" size="small" onClick={() => onSelect(new Map())}>
          {t('table.unselect')}
        </Button>
      </span>
    </div>
  );
}

const rowsMax = 2000;
const pageMax = 200;

/** All rows that match, as far as a person can mean them. */
export async function fetchAllRows(
  cluster: string,
  resource: string,
  query: ViewQuery,
): Promise<readonly Row[]> {
  return (await fetchAll(cluster, resource, query)).rows;
}

export async function fetchAll(cluster: string, resource: string, query: ViewQuery): Promise<Page> {
  let whole: Page | undefined;
  for (let offset = 0; offset < rowsMax; offset += pageMax) {
    const page: Page = await request<Page>(
      `${paths.view(cluster, resource)}${viewQueryString({ ...query, offset, limit: pageMax })}`,
    );
    whole = whole ? { ...whole, rows: [...whole.rows, ...page.rows] } : page;
    if (whole.rows.length >= page.total || page.rows.length === 0) break;
  }
  if (!whole) throw new Error('no page');
  return whole;
}
