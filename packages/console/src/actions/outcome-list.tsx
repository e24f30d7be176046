import { useT } from '#i18n/index.ts';
import type { Outcome } from './run-many.ts';
import styles from './actions.module.css';

const marks = { waiting: '○', running: '⟳', done: '✓', failed: '✕' } as const;

/** What came of each so far. */
export function OutcomeList({ outcomes }: { readonly outcomes: readonly Outcome[] }) {
  const t = useT();
  const done = outcomes.filter(({ state }) => state === 'done').length;
  const failed = outcomes.filter(({ state }) => state === 'failed').length;
  return (
    <div>
      <p role="status">{t('actions.progress', { done, failed, total: outcomes.length })}</p>
      <ul className={styles['outcomes']}>
        {outcomes.map(({ target, state, message }) => (
          <li key={`${target.namespace ?? ''}/${target.name}`} className={styles[state]}>
            <span aria-hidden="true">{marks[state]}</span>
            <span className="visually-hidden">{t(`actions.${state}`)}</span>
            <span>{target.namespace ? `${target.namespace}/${target.name}` : target.name}</span>
            {message ? <span className={styles['message']}>{message}</span> : null}
          </li>
        ))}
      </ul>
    </div>
  );
}
