import { Modal } from 'antd';
import { useT } from '#i18n/index.ts';
import { shortcuts } from './shortcuts.ts';
import styles from './shortcut-help.module.css';

export function ShortcutHelp({ onClose }: { readonly onClose: () => void }) {
  const t = useT();
  return (
    <Modal open title={t('shortcuts.title')} footer={null} onCancel={onClose} width={560}>
      <dl className={styles['list']}>
        {shortcuts.map(({ keys, title }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(title)}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
