import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Input, Select } from 'antd';
import { useT } from '#i18n/index.ts';
import styles from './pairs-editor.module.css';

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

const effects: readonly Taint['effect'][] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

interface TaintsEditorProps {
  readonly value?: readonly Taint[];
  readonly onChange?: (value: readonly Taint[]) => void;
}

export function TaintsEditor({ value = [], onChange }: TaintsEditorProps) {
  const t = useT();
  const change = (index: number, part: Partial<Taint>): void =>
    onChange?.(value.map((taint, at) => (at === index ? { ...taint, ...part } : taint)));
  return (
    <div className={styles['pairs']} role="group" aria-label={t('field.taints')}>
      {value.map((taint, index) => (
        // Rows have no identity but their place.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={index} className={styles['taint']}>
          <Input
            aria-label={t('pairs.key', { label: t('field.taints') })}
            placeholder={t('field.key')}
            value={taint.key}
            onChange={(event) => change(index, { key: event.target.value })}
          />
          <Input
            aria-label={t('pairs.value', { label: t('field.taints'), key: taint.key })}
            placeholder={t('field.value')}
            value={taint.value ?? ''}
            onChange={(event) => change(index, { value: event.target.value })}
          />
          <Select
            aria-label={t('field.effect')}
            value={taint.effect}
            options={effects.map((effect) => ({ value: effect, label: effect }))}
            onChange={(effect) => change(index, { effect })}
          />
          <Button
            type="text"
            icon={<DeleteOutlined />}
            aria-label={t('pairs.remove', { key: taint.key })}
            onClick={() => onChange?.(value.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <div>
        <Button
          size="small"
          icon={<PlusOutlined />}
          onClick={() => onChange?.([...value, { key: '', value: '', effect: 'NoSchedule' }])}
        >
          {t('action.add')}
        </Button>
      </div>
    </div>
  );
}
