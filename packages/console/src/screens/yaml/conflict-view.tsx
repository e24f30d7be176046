/** Three versions of one object: what was read, what I wrote, what is there now. Shows what was joined, and asks for the rest. */
import { Alert, Button, Radio } from 'antd';
import { useMemo, useState } from 'react';
import { DiffView } from '#editor/diff-view.tsx';
import { pathText } from '#editor/field-facts.ts';
import { textOf, type KubernetesObject } from '#editor/object-text.ts';
import { mergeThree, rewrite, settle, type Conflict } from '#editor/three-way.ts';
import { useT } from '#i18n/index.ts';
import styles from './yaml.module.css';

interface ConflictViewProps {
  readonly base: KubernetesObject;
  readonly mine: KubernetesObject;
  readonly theirs: KubernetesObject;
  /** As I wrote it, with its comments. */
  readonly text: string;
  readonly onContinue: (text: string) => void;
  readonly onBack: () => void;
}

export function ConflictView({ base, mine, theirs, text, onContinue, onBack }: ConflictViewProps) {
  const t = useT();
  const { merged, conflicts, taken } = useMemo(
    () => mergeThree({ base, mine, theirs }),
    [base, mine, theirs],
  );
  const [theirsAt, setTheirsAt] = useState<ReadonlySet<number>>(new Set());
  const joined = useMemo(
    () =>
      rewrite(
        text,
        withoutManagers(
          settle(
            merged,
            conflicts.filter((_, index) => theirsAt.has(index)),
          ),
        ),
      ),
    [text, merged, conflicts, theirsAt],
  );
  const [written, setWritten] = useState<{ from: string; text: string }>();
  const now = written?.from === joined ? written.text : joined;
  return (
    <div className={styles['screen']}>
      <Alert
        type="warning"
        showIcon
        title={t('yaml.conflict')}
        description={
          taken.length > 0
            ? t('yaml.conflict.taken', { fields: taken.map((path) => pathText(path)).join(', ') })
            : t('yaml.conflict.noneTaken')
        }
      />
      {conflicts.length > 0 ? (
        <section className={styles['conflicts']} aria-label={t('yaml.conflict.both')}>
          <h2>{t('yaml.conflict.both')}</h2>
          {conflicts.map((conflict, index) => (
            <Choice
              key={pathText(conflict.path)}
              conflict={conflict}
              isTheirs={theirsAt.has(index)}
              onChange={(isTheirs) => {
                const next = new Set(theirsAt);
                if (isTheirs) next.add(index);
                else next.delete(index);
                setTheirsAt(next);
              }}
            />
          ))}
        </section>
      ) : null}
      <DiffView
        key={joined}
        before={{ title: t('yaml.conflict.theirs'), text: textOf(withoutManagers(theirs)) }}
        after={{ title: t('yaml.conflict.joined'), text: joined }}
        onChange={(next) => setWritten({ from: joined, text: next })}
      />
      <div className={styles['foot']}>
        <Button type="primary" onClick={() => onContinue(now)}>
          {t('yaml.conflict.continue')}
        </Button>
        <Button onClick={onBack}>{t('yaml.conflict.back')}</Button>
      </div>
    </div>
  );
}

/** The server keeps who manages what when it isn't told. */
function withoutManagers(object: KubernetesObject): KubernetesObject {
  const { managedFields: _, ...metadata } = object.metadata ?? {};
  return { ...object, metadata };
}

function Choice({
  conflict,
  isTheirs,
  onChange,
}: {
  readonly conflict: Conflict;
  readonly isTheirs: boolean;
  readonly onChange: (isTheirs: boolean) => void;
}) {
  const t = useT();
  const name = pathText(conflict.path);
  return (
    <div className={styles['conflict']}>
      <code>{name}</code>
      <Radio.Group
        aria-label={name}
        value={isTheirs}
        onChange={(event) => onChange(event.target.value as boolean)}
      >
        <Radio value={false}>
          {t('yaml.conflict.mine')}: <span className={styles['value']}>{shown(conflict.mine)}</span>
        </Radio>
        <Radio value={true}>
          {t('yaml.conflict.theirs')}: <span className={styles['value']}>{shown(conflict.theirs)}</span>
        </Radio>
      </Radio.Group>
    </div>
  );
}

const shownLengthMax = 300;

function shown(value: unknown): string {
  return value === undefined ? '–' : JSON.stringify(value).slice(0, shownLengthMax);
}
