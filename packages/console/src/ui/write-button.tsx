import { Button, Tooltip, type ButtonProps } from 'antd';
import { useParams } from '@tanstack/react-router';
import { useReadOnly } from '#api/read-only.ts';
import { useT } from '#i18n/index.ts';

/** A button that begins a change: in read-only mode, or where the right is missing, it is there but off, and says why. */
export function WriteButton({ isAllowed = true, ...props }: ButtonProps & { readonly isAllowed?: boolean }) {
  const t = useT();
  const { cluster } = useParams({ strict: false }) as { cluster?: string };
  const isReadOnly = useReadOnly(cluster);
  if (isAllowed && !isReadOnly) return <Button {...props} />;
  const why = isReadOnly ? t('readOnly.what') : t('rights.missing');
  return (
    <Tooltip title={why}>
      <span>
        <Button {...props} disabled aria-description={why} />
      </span>
    </Tooltip>
  );
}
