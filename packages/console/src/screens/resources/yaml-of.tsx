import { links, type Row } from '@skerry/center/contract';
import { Button } from 'antd';
import { stringify } from 'yaml';
import { mayDo } from '#actions/row-actions.ts';
import type { ApiObject } from '#api/objects.ts';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { apiVersionOf, type KindEntry } from '#kinds/kind.ts';
import { CopyButton } from '#ui/copy-button.tsx';
import { download } from '#ui/download.ts';
import { Card } from '#ui/page.tsx';
import { WriteButton } from '#ui/write-button.tsx';
import styles from './yaml-of.module.css';

interface YamlOfProps {
  readonly cluster: string;
  readonly kind: KindEntry;
  readonly object: ApiObject;
  /** Tells what may be done to it. */
  readonly row: Row | undefined;
}

/** The object as YAML, to read, copy and save; without the ownership of its fields, which few want to see. */
export function YamlOf({ cluster, kind, object, row }: YamlOfProps) {
  const t = useT();
  const go = useGo();
  const text = yamlOf(kind, object);
  return (
    <Card
      isFlush
      title={t('tab.yaml')}
      extra={
        <span className={styles['buttons']}>
          <CopyButton text={text} />
          <Button
            size="small"
            onClick={() => download(`${object.metadata.name}.yaml`, text, 'application/yaml')}
          >
            {t('action.download')}
          </Button>
          {kind.actions.includes('editYaml') ? (
            <WriteButton
              isAllowed={mayDo(row ?? {}, 'editYaml')}
              size="small"
              type="primary"
              onClick={() => go(`${links.object(cluster, kind.resource, object.metadata)}/yaml`)}
            >
              {t('action.editYaml')}
            </WriteButton>
          ) : null}
        </span>
      }
    >
      <pre className={styles['text']} tabIndex={0} aria-label={t('tab.yaml')}>
        {text}
      </pre>
    </Card>
  );
}

export function yamlOf(kind: KindEntry, object: ApiObject): string {
  const { managedFields: _, ...metadata } = object.metadata as ApiObject['metadata'] & {
    managedFields?: unknown;
  };
  return stringify(
    { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object, metadata },
    { lineWidth: 0 },
  );
}
