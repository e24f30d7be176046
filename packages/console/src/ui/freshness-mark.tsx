import type { Freshness } from '@skerry/center/contract';
import { Tooltip } from 'antd';
import { useT } from '#i18n/index.ts';
import { formatAge, useNowMs } from './time.ts';
import styles from './freshness-mark.module.css';

/** Whether what is shown is true now, or since when it may not be. */
export function FreshnessMark({ freshness }: { readonly freshness: Freshness }) {
  const t = useT();
  const nowMs = useNowMs();
  const text =
    freshness.state === 'live'
      ? t('freshness.live')
      : freshness.state === 'connecting'
        ? t('freshness.connecting')
        : freshness.since
          ? t('freshness.stale', { age: formatAge(nowMs - Date.parse(freshness.since)) })
          : t('freshness.offline');
  const mark = (
    <span
      className={`${styles['mark'] ?? ''} ${styles[freshness.state] ?? ''}`}
      role="status"
      tabIndex={freshness.why ? 0 : undefined}
    >
      <span className={styles['dot']} aria-hidden="true" />
      {text}
    </span>
  );
  return freshness.why ? <Tooltip title={freshness.why}>{mark}</Tooltip> : mark;
}
