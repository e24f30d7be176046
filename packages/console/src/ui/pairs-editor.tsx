import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Input } from 'antd';
import { useT } from '#i18n/index.ts';
import styles from './pairs-editor.module.css';

export interface Pair {
  readonly key: string;
  readonly value: string;
}

interface PairsEditorProps {
  /** What the pairs are, for those who can't see it. */
  readonly label: string;
  readonly value?: readonly Pair[];
  readonly onChange?: (value: readonly Pair[]) => void;
}

/** Names with values: labels, annotations, selectors. Works as a form's field, too. */
export function PairsEditor({ label, value = [], onChange }: PairsEditorProps) {
  const t = useT();
  const change = (index: number, part: Partial<Pair>): void =>
    onChange?.(value.map((pair, at) => (at === index ? { ...pair, ...part } : pair)));
  return (
    <div className={styles['pairs']} role="group" aria-label={label}>
      {value.map((pair, index) => (
        // Rows have no identity but their place.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={index} className={styles['pair']}>
          <Input
            aria-label={t('pairs.key', { label })}
            placeholder={t('field.key')}
            value={pair.key}
            spellCheck={false}
            onChange={(event) => change(index, { key: event.target.value })}
          />
          <Input
            aria-label={t('pairs.value', { label, key: pair.key })}
            placeholder={t('field.value')}
            value={pair.value}
            spellCheck={false}
            onChange={(event) => change(index, { value: event.target.value })}
          />
          <Button
            type="text"
            icon={<DeleteOutlined />}
            aria-label={t('pairs.remove', { key: pair.key })}
            onClick={() => onChange?.(value.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <div>
        <Button
          size="small"
          icon={<PlusOutlined />}
          onClick={() => onChange?.([...value, { key: '', value: '' }])}
        >
          {t('action.add')}
        </Button>
      </div>
    </div>
  );
}

export function pairsOf(map: Readonly<Record<string, string>> | undefined): readonly Pair[] {
  return Object.entries(map ?? {})
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([key, value]) => ({ key, value }));
}

/** Pairs without a name are left out. */
export function toMap(pairs: readonly Pair[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (pairs ?? []).filter(({ key }) => key.trim() !== '').map(({ key, value }) => [key.trim(), value.trim()]),
  );
}
