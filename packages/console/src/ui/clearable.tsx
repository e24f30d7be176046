import { CloseCircleFilled } from '@ant-design/icons';
import { useT } from '#i18n/index.ts';

function ClearIcon() {
  const t = useT();
  return <CloseCircleFilled aria-label={t('action.clear')} />;
}

/** For `allowClear` of an Input: its button has no label but that of its icon. */
export const clearable = { clearIcon: <ClearIcon /> };
