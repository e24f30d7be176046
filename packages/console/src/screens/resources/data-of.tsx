/** What a ConfigMap or Secret holds. What a Secret holds is fetched when it is asked for, and only then. */
import { Button } from 'antd';
import { useState, type ReactNode } from 'react';
import { getObject, type ApiObject } from '#api/objects.ts';
import { useT } from '#i18n/index.ts';
import type { KindEntry } from '#kinds/kind.ts';
import { mapAt } from '#kinds/values.ts';
import { CopyButton } from '#ui/copy-button.tsx';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card } from '#ui/page.tsx';
import { Empty } from '#ui/states.tsx';
import { useSubmit } from '#ui/use-submit.ts';
import styles from './data-of.module.css';

interface DataOfProps {
  readonly cluster: string;
  readonly kind: KindEntry;
  readonly object: ApiObject;
}

export function DataOf({ cluster, kind, object }: DataOfProps) {
  if (kind.resource === 'secrets') return <SecretData cluster={cluster} kind={kind} object={object} />;
  if (kind.resource !== 'configmaps') return null;
  return <Entries of={{ ...mapAt(object, 'data'), ...mapAt(object, 'binaryData') }} />;
}

function SecretData({ cluster, kind, object }: DataOfProps) {
  const t = useT();
  const [data, setData] = useState<Readonly<Record<string, string>>>();
  const { isBusy, failure, submit } = useSubmit();
  const reveal = (): Promise<void> =>
    submit(async () => {
      const secret = await getObject(cluster, kind, object.metadata);
      setData(
        Object.fromEntries(Object.entries(mapAt(secret, 'data')).map(([key, value]) => [key, decode(value)])),
      );
    });
  if (data) {
    return (
      <Entries of={data} extra={<Button onClick={() => setData(undefined)}>{t('action.hide')}</Button>} />
    );
  }
  return (
    <Card title={t('data.title')}>
      <FailureNote status={failure} />
      <Empty title={t('data.sealed')} why={t('data.sealed.why')} mark="•••">
        <Button loading={isBusy} onClick={() => void reveal()}>
          {t('action.reveal')}
        </Button>
      </Empty>
    </Card>
  );
}

function Entries({
  of,
  extra,
}: {
  readonly of: Readonly<Record<string, string>>;
  readonly extra?: ReactNode;
}) {
  const t = useT();
  const entries = Object.entries(of).sort(([one], [other]) => one.localeCompare(other));
  return (
    <Card title={t('data.title')} isFlush extra={extra}>
      {entries.length === 0 ? <Empty title={t('data.none')} /> : null}
      {entries.map(([key, value]) => (
        <div key={key} className={styles['entry']}>
          <h3 className="mono">{key}</h3>
          <span className={styles['copy']}>
            <CopyButton text={value} />
          </span>
          <pre tabIndex={0} aria-label={key}>
            {value}
          </pre>
        </div>
      ))}
    </Card>
  );
}

function decode(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.codePointAt(0) ?? 0);
  return new TextDecoder().decode(bytes);
}
