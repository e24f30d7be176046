/** What a ConfigMap or Secret holds. Values of a Secret are fetched when they are asked for, key by key on the screen. */
import { Button } from 'antd';
import { useState } from 'react';
import { getObject, type ApiObject } from '#api/objects.ts';
import { statusOf } from '#api/status-error.ts';
import { useT } from '#i18n/index.ts';
import type { KindEntry } from '#kinds/kind.ts';
import { mapAt } from '#kinds/values.ts';
import { CopyButton } from '#ui/copy-button.tsx';
import { Card } from '#ui/page.tsx';
import { Empty } from '#ui/states.tsx';
import styles from './data-of.module.css';

interface DataOfProps {
  readonly cluster: string;
  readonly kind: KindEntry;
  readonly object: ApiObject;
}

export function DataOf({ cluster, kind, object }: DataOfProps) {
  const t = useT();
  if (kind.resource !== 'configmaps' && kind.resource !== 'secrets') return null;
  const isSecret = kind.resource === 'secrets';
  const data = { ...mapAt(object, 'data'), ...(isSecret ? {} : mapAt(object, 'binaryData')) };
  const keys = Object.keys(data).sort();
  return (
    <Card title={t('data.title')} isFlush>
      {keys.length === 0 ? <Empty title={t('data.none')} /> : null}
      {keys.map((key) => (
        <div key={key} className={styles['entry']}>
          <h3 className="mono">{key}</h3>
          {isSecret ? (
            <SecretValue cluster={cluster} kind={kind} object={object} name={key} />
          ) : (
            <pre tabIndex={0} aria-label={key}>
              {data[key]}
            </pre>
          )}
        </div>
      ))}
    </Card>
  );
}

function SecretValue({ cluster, kind, object, name }: DataOfProps & { readonly name: string }) {
  const t = useT();
  const [value, setValue] = useState<string>();
  const [failure, setFailure] = useState('');
  const reveal = async (): Promise<void> => {
    setFailure('');
    try {
      const secret = await getObject(cluster, kind, object.metadata);
      setValue(decode(mapAt(secret, 'data')[name] ?? ''));
    } catch (error) {
      setFailure(statusOf(error).message ?? '');
    }
  };
  return (
    <>
      <div className={styles['buttons']}>
        <Button size="small" onClick={() => (value === undefined ? void reveal() : setValue(undefined))}>
          {value === undefined ? t('action.reveal') : t('action.hide')}
        </Button>
        {value === undefined ? null : <CopyButton text={value} />}
      </div>
      {value === undefined ? (
        <pre aria-label={t('data.hidden')}>••••••••</pre>
      ) : (
        <pre tabIndex={0} aria-label={name}>
          {value}
        </pre>
      )}
      {failure ? <p role="alert">{failure}</p> : null}
    </>
  );
}

function decode(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.codePointAt(0) ?? 0);
  return new TextDecoder().decode(bytes);
}
