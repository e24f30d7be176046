/** A state: its word, and by its tone a colour and a mark, so that neither colour nor mark has to be seen to understand it. */
import type { Tone } from '@skerry/center/contract';
import { Tooltip } from 'antd';
import { translate, translateIfKnown, useT } from '#i18n/index.ts';
import { formatInstant } from './time.ts';
import styles from './tone.module.css';

export const toneMarks: Readonly<Record<Tone, string>> = {
  ok: '✓',
  progressing: '⟳',
  warning: '!',
  error: '✕',
  disconnected: '⌁',
  unknown: '–',
};
export const tones = Object.keys(toneMarks) as Tone[];

/** The class that gives a tone its ground and its colour. */
export function toneClass(tone: Tone): string {
  return styles[tone] ?? '';
}

interface StateTagProps {
  readonly state: string;
  readonly tone: Tone;
  readonly why?: string;
  readonly since?: string;
}

export function StateTag({ state, tone, why, since }: StateTagProps) {
  const t = useT();
  const tag = (
    <span className={`${styles['tag'] ?? ''} ${toneClass(tone)}`} tabIndex={why || since ? 0 : undefined}>
      <span aria-hidden="true">{toneMarks[tone]}</span>
      {wordOf(state)}
    </span>
  );
  if (!why && !since) return tag;
  const lines = [why, since ? t('time.since', { when: formatInstant(since) }) : undefined].filter(Boolean);
  return <Tooltip title={lines.join(' · ')}>{tag}</Tooltip>;
}

const lastKnown = 'Last known: ';

/** In the language of the page, where the console knows the state. */
function wordOf(state: string): string {
  const known = state.startsWith(lastKnown) ? state.slice(lastKnown.length) : undefined;
  if (known !== undefined) return translate('status.lastKnown', { state: wordOf(known) });
  return translateIfKnown(`status.${state}`) ?? state;
}

/** How many of each tone, as `✓ 12  ! 1`. */
export function ToneCounts({ counts }: { readonly counts: Readonly<Partial<Record<Tone, number>>> }) {
  const t = useT();
  const shown = tones.filter((tone) => (counts[tone] ?? 0) > 0);
  if (shown.length === 0) return <span className="muted">0</span>;
  return (
    <span className={styles['counts']}>
      {shown.map((tone) => (
        <span key={tone} className={`${styles['count'] ?? ''} ${styles[`text-${tone}`] ?? ''}`}>
          <span aria-hidden="true">{toneMarks[tone]}</span>
          <span className="visually-hidden">{t(`tone.${tone}`)}</span>
          {counts[tone]}
        </span>
      ))}
    </span>
  );
}
