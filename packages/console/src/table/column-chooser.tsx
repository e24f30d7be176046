/** Which columns a list has, which of them stay in sight, and columns of one's own: kept per person, by list. */
import {
  DeleteOutlined,
  PlusOutlined,
  PushpinFilled,
  PushpinOutlined,
  SettingOutlined,
} from '@ant-design/icons';
import type { Column, Page, Preferences } from '@skerry/center/contract';
import { Button, Checkbox, Input, Popover, Select } from 'antd';
import { useState } from 'react';
import { savePreferences, useKnownPreferences } from '#api/preferences.ts';
import { useT } from '#i18n/index.ts';
import { columnTitle } from './table-head.tsx';
import styles from './table.module.css';

export function ColumnChooser({ resource, page }: { readonly resource: string; readonly page: Page }) {
  const t = useT();
  const content = <Chooser resource={resource} columns={page.columns} />;
  return (
    <Popover trigger="click" placement="bottomRight" content={content}>
      <Button
        type="text"
        icon={<SettingOutlined />}
        aria-label={t('table.columns')}
        title={t('table.columns')}
      />
    </Popover>
  );
}

type Lists = 'columns' | 'ownColumns' | 'pinnedColumns';

/** Changes one list of one view; those of others stay. */
function save(list: Lists, resource: string, names: readonly string[]): void {
  void savePreferences((before): Preferences => ({ [list]: { ...before[list], [resource]: names } }));
}

function Chooser({ resource, columns }: { readonly resource: string; readonly columns: readonly Column[] }) {
  const t = useT();
  const known = useKnownPreferences();
  const own = known?.ownColumns?.[resource] ?? [];
  const pinned = known?.pinnedColumns?.[resource] ?? [];
  const choosable = columns.filter(({ id }) => id !== 'name' && id !== 'namespace' && !own.includes(id));
  const shown =
    known?.columns?.[resource] ?? choosable.filter(({ priority }) => priority === 0).map(({ id }) => id);
  const pin = (id: string, title: string) => (
    <Button
      type="text"
      size="small"
      disabled={!known}
      icon={pinned.includes(id) ? <PushpinFilled /> : <PushpinOutlined />}
      aria-pressed={pinned.includes(id)}
      aria-label={t('table.pinColumn', { name: title })}
      title={t('table.pinColumn.why')}
      onClick={() =>
        save(
          'pinnedColumns',
          resource,
          pinned.includes(id) ? pinned.filter((one) => one !== id) : [...pinned, id],
        )
      }
    />
  );
  return (
    <div className={styles['facets']}>
      <fieldset className={styles['chooser']}>
        <legend>{t('table.columns')}</legend>
        {choosable.map((column) => (
          <div key={column.id}>
            <Checkbox
              checked={shown.includes(column.id)}
              disabled={!known}
              onChange={(event) => {
                const wanted = new Set(shown);
                if (event.target.checked) wanted.add(column.id);
                else wanted.delete(column.id);
                save(
                  'columns',
                  resource,
                  choosable.map(({ id }) => id).filter((id) => wanted.has(id)),
                );
              }}
            >
              {columnTitle(column)}
            </Checkbox>
            {pin(column.id, columnTitle(column))}
          </div>
        ))}
      </fieldset>
      <fieldset className={styles['chooser']}>
        <legend>{t('table.ownColumns')}</legend>
        {own.map((id) => (
          <div key={id}>
            <code className={styles['ownColumn']}>{id}</code>
            <span>
              {pin(id, id)}
              <Button
                type="text"
                size="small"
                icon={<DeleteOutlined />}
                aria-label={t('table.ownColumns.remove', { name: id })}
                onClick={() =>
                  save(
                    'ownColumns',
                    resource,
                    own.filter((one) => one !== id),
                  )
                }
              />
            </span>
          </div>
        ))}
        <NewColumn
          isDisabled={!known || own.length >= ownMax}
          onAdd={(id) => save('ownColumns', resource, [...own.filter((one) => one !== id), id])}
        />
      </fieldset>
    </div>
  );
}

const ownMax = 8;
const kinds = ['label', 'annotation', 'field'] as const;
type Kind = (typeof kinds)[number];
/** As the center takes it: `.a.b`, `[0]`, `[*]`, `['a.b/c']`. */
const fieldPattern = /^(\.[\w-]+|\['[^'\]]+'\]|\[(\d{1,6}|\*)\])+$/;
const examples: Readonly<Record<Kind, string>> = {
  label: 'app.kubernetes.io/name',
  annotation: 'example.com/note',
  field: '.spec.containers[0].image',
};

function NewColumn({
  isDisabled,
  onAdd,
}: {
  readonly isDisabled: boolean;
  readonly onAdd: (id: string) => void;
}) {
  const t = useT();
  const [kind, setKind] = useState<Kind>('label');
  const [text, setText] = useState('');
  const wanted = text.trim();
  const isWrong = wanted !== '' && kind === 'field' && !fieldPattern.test(wanted);
  const add = (): void => {
    if (wanted === '' || isWrong || isDisabled) return;
    onAdd(`${kind}:${wanted}`);
    setText('');
  };
  return (
    <div className={styles['newColumn']}>
      <Select
        size="small"
        aria-label={t('table.ownColumns.kind')}
        value={kind}
        popupMatchSelectWidth={false}
        onChange={setKind}
        options={kinds.map((value) => ({ value, label: t(`table.ownColumns.${value}`) }))}
      />
      <Input
        size="small"
        aria-label={t(`table.ownColumns.${kind}`)}
        placeholder={examples[kind]}
        value={text}
        status={isWrong ? 'error' : ''}
        disabled={isDisabled}
        onChange={(event) => setText(event.target.value)}
        onPressEnter={add}
      />
      <Button
        size="small"
        icon={<PlusOutlined />}
        disabled={isDisabled || wanted === '' || isWrong}
        onClick={add}
      >
        {t('action.add')}
      </Button>
    </div>
  );
}
