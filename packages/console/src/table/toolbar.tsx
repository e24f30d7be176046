import { DownloadOutlined, FilterOutlined, SearchOutlined } from '@ant-design/icons';
import type { Page, ViewQuery } from '@skerry/center/contract';
import { Button, Checkbox, Input, Popover, Select } from 'antd';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { translateIfKnown, useT } from '#i18n/index.ts';
import { clearable } from '#ui/clearable.tsx';
import { download } from '#ui/download.ts';
import { fetchAll } from './bulk-bar.tsx';
import { cellText } from './cell.tsx';
import { ColumnChooser } from './column-chooser.tsx';
import { toCsv } from './csv.ts';
import { hasToken, toggleToken } from './filter-tokens.ts';
import type { TableState } from './table-state.ts';
import styles from './table.module.css';

interface ToolbarProps {
  readonly cluster: string;
  readonly resource: string;
  readonly page: Page | undefined;
  readonly query: ViewQuery;
  readonly state: TableState;
  readonly change: (change: Partial<TableState>) => void;
  readonly children: ReactNode;
}

/** The filter reaches the address when typing pauses this long. */
const settleMs = 250;

export function Toolbar({ cluster, resource, page, query, state, change, children }: ToolbarProps) {
  const t = useT();
  const exportRows = async (): Promise<void> => {
    const whole = await fetchAll(cluster, resource, query);
    const head = ['name', 'namespace', ...whole.columns.map((column) => column.title)];
    const rows = whole.rows.map((row) => [row.name, row.namespace ?? '', ...row.cells.map(cellText)]);
    download(`${resource}.csv`, toCsv([head, ...rows]), 'text/csv');
  };
  return (
    <div className={styles['toolbar']} role="search">
      <FilterBox value={state.q ?? ''} onChange={(q) => change({ q: q || undefined, offset: undefined })} />
      <Facets
        page={page}
        filter={state.q ?? ''}
        onFilter={(q) => change({ q: q || undefined, offset: undefined })}
      />
      {page && page.groups.length > 0 ? (
        <Select
          aria-label={t('table.groupBy')}
          popupMatchSelectWidth={false}
          value={query.group ?? 'none'}
          options={(['pool', 'region', 'namespace', 'none'] as const).map((group) => ({
            value: group,
            label: t(`table.group.${group}`),
          }))}
          onChange={(group) => change({ group, offset: undefined })}
        />
      ) : null}
      <span className={styles['tools']}>
        {page ? <ColumnChooser resource={resource} page={page} /> : null}
        <Button
          type="text"
          icon={<DownloadOutlined />}
          aria-label={t('table.export')}
          title={t('table.export')}
          onClick={() => void exportRows()}
        />
        {children}
      </span>
    </div>
  );
}

function FilterBox({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const t = useT();
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const sent = useRef(value);
  // The address may change by other hands: a facet, the back button.
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  const settle = (next: string): void => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      sent.current = next.trim();
      onChange(next.trim());
    }, settleMs);
  };
  return (
    <Input
      data-filter
      className={styles['filter'] ?? ''}
      prefix={<SearchOutlined aria-hidden="true" />}
      allowClear={clearable}
      aria-label={t('table.filter')}
      aria-keyshortcuts="/"
      placeholder={t('table.filter.hint')}
      value={text}
      onChange={(event) => settle(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') settle('');
      }}
    />
  );
}

function Facets({
  page,
  filter,
  onFilter,
}: {
  readonly page: Page | undefined;
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
}) {
  const t = useT();
  const facets = Object.entries(page?.facets ?? {}).filter(([, values]) => values.length > 0);
  if (facets.length === 0) return null;
  const content = (
    <div className={styles['facets']}>
      {facets.map(([key, values]) => (
        <fieldset key={key}>
          <legend>{translateIfKnown(`column.${key}`) ?? key}</legend>
          {values.slice(0, 12).map(({ value, count }) => (
            <Checkbox
              key={value}
              checked={hasToken(filter, key, value)}
              onChange={() => onFilter(toggleToken(filter, key, value))}
            >
              {translateIfKnown(`status.${value}`) ?? translateIfKnown(`value.${value}`) ?? value}{' '}
              <span className="muted">{count}</span>
            </Checkbox>
          ))}
        </fieldset>
      ))}
    </div>
  );
  return (
    <Popover trigger="click" placement="bottomLeft" content={content}>
      <Button icon={<FilterOutlined />}>{t('table.facets')}</Button>
    </Popover>
  );
}
