import { Alert } from 'antd';
import type { Status } from '#api/status-error.ts';
import { useT } from '#i18n/index.ts';

/** Why a write was refused, beside the form that asked for it, with the fields that the server names. */
export function FailureNote({ status }: { readonly status: Status | undefined }) {
  const t = useT();
  if (!status) return null;
  const causes = status.details?.causes ?? [];
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      style={{ marginBottom: 16 }}
      title={status.message ?? t('state.failed')}
      description={
        causes.length > 1 ? (
          <ul>
            {causes.map(({ field, message }) => (
              <li key={`${field ?? ''} ${message ?? ''}`}>
                <code>{field}</code> {message}
              </li>
            ))}
          </ul>
        ) : undefined
      }
    />
  );
}
