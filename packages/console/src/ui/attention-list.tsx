import type { Attention, AttentionRules } from '@skerry/center/contract';
import { Link } from '#app/link.tsx';
import { translateIfKnown, useT, type MessageId, type Values } from '#i18n/index.ts';
import { placeText } from './place.ts';
import { toneClass, toneMarks } from './tone.tsx';
import styles from './attention-list.module.css';

/** Fails the type check when a rule has no message. */
type HasMessages = `attention.${keyof AttentionRules}` extends MessageId ? string : never;

/** What wants a person, worst first, each with where to look. The backend's English stands in for a rule that has no message. */
export function AttentionList({
  of,
  showCluster = false,
}: {
  readonly of: readonly Attention[];
  readonly showCluster?: boolean;
}) {
  const t = useT();
  if (of.length === 0) {
    return (
      <p className={styles['none']} role="status">
        <span className={`${styles['mark'] ?? ''} ${toneClass('ok')}`} aria-hidden="true">
          ✓
        </span>
        <span>
          {t('attention.none')} <span className="muted">{t('attention.none.why')}</span>
        </span>
      </p>
    );
  }
  return (
    <ul className={styles['list']}>
      {of.map((one) => (
        <li key={`${one.cluster} ${one.rule} ${one.message}`}>
          <span className={`${styles['mark'] ?? ''} ${toneClass(one.tone)}`} aria-hidden="true">
            {toneMarks[one.tone]}
          </span>
          <span className="visually-hidden">{t(`tone.${one.tone}`)}: </span>
          <Link to={one.link} className={styles['text']}>
            {translateIfKnown(`attention.${one.rule}` satisfies HasMessages, withPlace(one.values)) ??
              one.message}
          </Link>
          {showCluster ? <span className="muted">{one.cluster}</span> : null}
        </li>
      ))}
    </ul>
  );
}

function withPlace(values: Values): Values {
  const { region = '', pool = '' } = values;
  return { ...values, place: placeText(String(region), String(pool)) };
}
