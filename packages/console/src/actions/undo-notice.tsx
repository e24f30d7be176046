/** After a change: a word that it is done, with the way back beside it. The way back stays longer on the screen of tasks. */
import { CloseOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useEffect, useState } from 'react';
import { useT } from '#i18n/index.ts';
import { useChanges } from './changes.ts';
import { TakeBack } from './take-back.tsx';
import styles from './actions.module.css';

const shownMs = 12_000;

export function UndoNotice() {
  const t = useT();
  const [newest] = useChanges();
  const [seen, setSeen] = useState(0);
  const id = newest?.id ?? 0;
  useEffect(() => {
    if (id === 0) return undefined;
    const timer = setTimeout(() => setSeen(id), shownMs);
    return () => clearTimeout(timer);
  }, [id]);
  if (!newest || newest.id <= seen) return null;
  return (
    <div className={styles['notice']} role="status">
      <span>{t(`changes.${newest.what}`, { name: newest.place.name })}</span>
      <TakeBack change={newest} />
      <Button
        type="text"
        size="small"
        icon={<CloseOutlined />}
        aria-label={t('action.close')}
        onClick={() => setSeen(newest.id)}
      />
    </div>
  );
}
