import { UndoOutlined } from '@ant-design/icons';
import { links } from '@skerry/center/contract';
import { useState } from 'react';
import { statusOf } from '#api/status-error.ts';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { WriteButton } from '#ui/write-button.tsx';
import { ChangedSince, takeBack, type Change } from './changes.ts';
import styles from './actions.module.css';

/** The button that takes a change back, and what came of it where it didn't work. */
export function TakeBack({ change, onDone }: { readonly change: Change; readonly onDone?: () => void }) {
  const t = useT();
  const go = useGo();
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const { cluster, kind, place, what } = change;
  const run = async (): Promise<void> => {
    setBusy(true);
    setFailure('');
    try {
      await takeBack(change);
      onDone?.();
      if (what === 'delete' && cluster !== '') go(links.object(cluster, kind.resource, placeOf(place)));
    } catch (error) {
      setFailure(error instanceof ChangedSince ? t('changes.changedSince') : (statusOf(error).message ?? ''));
      setBusy(false);
    }
  };
  return (
    <span className={styles['takeBack']}>
      <WriteButton
        size="small"
        icon={<UndoOutlined />}
        loading={isBusy}
        aria-label={`${t('changes.undo')}: ${place.name}`}
        onClick={() => void run()}
      >
        {t('changes.undo')}
      </WriteButton>
      {failure ? (
        <span className={styles['takeBackFailed']} role="alert">
          {failure}
        </span>
      ) : null}
    </span>
  );
}

function placeOf({ namespace, name }: Change['place']): { namespace?: string; name: string } {
  return namespace ? { namespace, name } : { name };
}
