import { EyeOutlined } from '@ant-design/icons';
import { useReadOnly } from '#api/read-only.ts';
import { useT } from '#i18n/index.ts';
import { Link } from './link.tsx';
import styles from './header.module.css';

/** Says in every screen's header that nothing can be changed here, and leads to where that is set. */
export function ReadOnlyMark({ cluster }: { readonly cluster: string | undefined }) {
  const t = useT();
  if (!useReadOnly(cluster)) return null;
  return (
    <Link to="/settings" className={styles['readOnly']} title={t('readOnly.what')}>
      <EyeOutlined aria-hidden="true" />
      <span>{t('readOnly.mark')}</span>
    </Link>
  );
}
