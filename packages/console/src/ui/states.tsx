/**
 * What stands where content should be when there is none. Each says why, and what to do next: loading, nothing yet, nothing that
 * matches, not allowed, not reachable.
 */
import { Button } from 'antd';
import type { ReactNode } from 'react';
import { statusOf, type Status } from '#api/status-error.ts';
import { useT, type MessageId } from '#i18n/index.ts';
import { PartError } from './load-part.ts';
import styles from './states.module.css';

export function Loading({ isPage = false }: { readonly isPage?: boolean }) {
  const t = useT();
  return (
    <div className={isPage ? styles['page'] : styles['loading']} role="status">
      <span className={styles['spinner']} aria-hidden="true" />
      <span>{t('state.loading')}</span>
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly why?: ReactNode;
  /** What to do next. */
  readonly children?: ReactNode;
  readonly mark?: string;
}

/** Nothing there yet, or nothing that matches. */
export function Empty({ title, why, children, mark = '○' }: EmptyProps) {
  return (
    <div className={styles['empty']} role="status">
      <span className={styles['mark']} aria-hidden="true">
        {mark}
      </span>
      <p className={styles['title']}>{title}</p>
      {why ? <p className={styles['why']}>{why}</p> : null}
      {children ? <div className={styles['actions']}>{children}</div> : null}
    </div>
  );
}

interface FailureProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
  readonly isPage?: boolean;
}

/** Not allowed, not found, not reachable, or broken; the words of the server are shown as they came. */
export function Failure({ error, onRetry, isPage = false }: FailureProps) {
  const t = useT();
  if (error instanceof PartError) return <MissingPart onRetry={onRetry} />;
  const status = isStatus(error) ? error : statusOf(error);
  const { title, why } = wordingOf(status);
  return (
    <div className={isPage ? styles['page'] : styles['empty']} role="alert">
      <span className={`${styles['mark'] ?? ''} ${styles['bad'] ?? ''}`} aria-hidden="true">
        {status.code === 403 ? '⊘' : '✕'}
      </span>
      <p className={styles['title']}>{t(title)}</p>
      <p className={styles['why']}>{t(why)}</p>
      {status.message ? <p className={styles['words']}>{status.message}</p> : null}
      {onRetry && status.code !== 403 ? (
        <div className={styles['actions']}>
          <Button onClick={onRetry}>{t('action.retry')}</Button>
        </div>
      ) : null}
    </div>
  );
}

/** The screen itself could not be fetched. */
function MissingPart({ onRetry }: { readonly onRetry: (() => void) | undefined }) {
  const t = useT();
  return (
    <div className={styles['empty']} role="alert">
      <span className={`${styles['mark'] ?? ''} ${styles['bad'] ?? ''}`} aria-hidden="true">
        ✕
      </span>
      <h1 className={styles['title']}>{t('state.missingPart')}</h1>
      <p className={styles['why']}>{t('state.missingPart.why')}</p>
      <div className={styles['actions']}>
        <Button type="primary" onClick={() => location.reload()}>
          {t('action.reload')}
        </Button>
        {onRetry ? <Button onClick={onRetry}>{t('action.retry')}</Button> : null}
      </div>
    </div>
  );
}

function isStatus(error: unknown): error is Status {
  return typeof error === 'object' && error !== null && !(error instanceof Error) && 'code' in error;
}

function wordingOf(status: Status): { title: MessageId; why: MessageId } {
  switch (status.code) {
    case 401:
      return { title: 'state.signedOut', why: 'state.signedOut.why' };
    case 403:
      return { title: 'state.forbidden', why: 'state.forbidden.why' };
    case 404:
      return { title: 'state.notFound', why: 'state.notFound.why' };
    case 0:
    case 502:
    case 503:
    case 504:
      return { title: 'state.unreachable', why: 'state.unreachable.why' };
    default:
      return { title: 'state.failed', why: 'state.failed.why' };
  }
}
