/** A list of an object as rows: each a part of the object with fields of its own, which can be added and taken away. */
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import type { ReactNode } from 'react';
import { useT } from '#i18n/index.ts';
import { listIn, type Path } from '#workloads/object-path.ts';
import { within, type Form } from './fields.tsx';
import styles from './wizard.module.css';

interface RowsProps {
  readonly form: Form;
  readonly path: Path;
  readonly label: string;
  /** A new one. */
  readonly initial: object | string;
  readonly children: (row: Form, index: number) => ReactNode;
}

export function Rows({ form, path, label, initial, children }: RowsProps) {
  const t = useT();
  const rows = listIn(form.object, path);
  const remove = (index: number): void => {
    const left = rows.filter((_, at) => at !== index);
    form.set(path, left.length > 0 ? left : undefined);
  };
  return (
    <fieldset className={styles['rows']}>
      <legend>{label}</legend>
      {rows.map((_, index) => (
        // Rows have no identity but their place.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={index} className={styles['row']}>
          <div className={styles['grid']}>{children(within(form, [...path, index]), index)}</div>
          <Button
            type="text"
            icon={<DeleteOutlined />}
            aria-label={t('wizard.removeRow', { label, number: index + 1 })}
            onClick={() => remove(index)}
          />
        </div>
      ))}
      <div>
        <Button size="small" icon={<PlusOutlined />} onClick={() => form.set(path, [...rows, initial])}>
          {t('action.add')}
          <span className="visually-hidden"> {label}</span>
        </Button>
      </div>
    </fieldset>
  );
}
