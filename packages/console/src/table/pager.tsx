import { LeftOutlined, RightOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useT } from '#i18n/index.ts';
import styles from './table.module.css';

interface PagerProps {
  readonly total: number;
  readonly offset: number;
  readonly size: number;
  readonly onOffset: (offset: number) => void;
}

export function Pager({ total, offset, size, onOffset }: PagerProps) {
  const t = useT();
  const last = Math.min(offset + size, total);
  return (
    <nav className={styles['pager']} aria-label={t('table.pages')}>
      <span className="muted">{t('table.range', { first: total === 0 ? 0 : offset + 1, last, total })}</span>
      {total > size ? (
        <>
          <Button
            type="text"
            size="small"
            icon={<LeftOutlined />}
            aria-label={t('table.previous')}
            disabled={offset === 0}
            onClick={() => onOffset(Math.max(0, offset - size))}
          />
          <Button
            type="text"
            size="small"
            icon={<RightOutlined />}
            aria-label={t('table.next')}
            disabled={last >= total}
            onClick={() => onOffset(offset + size)}
          />
        </>
      ) : null}
    </nav>
  );
}
