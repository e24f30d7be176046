/** One definition: what it is called, its versions, the columns it defines, and the fields of its objects. */
import { links } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { Select, Table } from 'antd';
import { useState } from 'react';
import { mayDo } from '#actions/row-actions.ts';
import { useObject, type ApiObject } from '#api/objects.ts';
import { Link, useGo } from '#app/link.tsx';
import { typeText, type Schema } from '#editor/schema.ts';
import { useT } from '#i18n/index.ts';
import { listAt, mapAt, textAt, valueAt } from '#kinds/values.ts';
import { Age } from '#ui/age.tsx';
import { Card, Facts, Page, Stack } from '#ui/page.tsx';
import { Failure, Loading } from '#ui/states.tsx';
import { StateTag } from '#ui/tone.tsx';
import { WriteButton } from '#ui/write-button.tsx';
import { definitionKind } from './definition-kind.ts';
import styles from './custom-resources.module.css';

export function DefinitionDetail() {
  const { cluster = '', definition: name = '' } = useParams({ strict: false }) as {
    cluster?: string;
    definition?: string;
  };
  const t = useT();
  const go = useGo();
  const { data, error, refetch, row } = useObject(cluster, definitionKind, { name });
  const objects = (version: string): string =>
    `${links.cluster(cluster)}/custom-resources?tab=objects&type=${textAt(data, 'spec', 'group')}/${version}/${textAt(data, 'spec', 'names', 'plural')}`;
  return (
    <Page
      title={name}
      actions={
        <WriteButton
          isAllowed={mayDo(row ?? {}, 'editYaml')}
          onClick={() => go(`${links.object(cluster, definitionKind.resource, { name })}/yaml`)}
        >
          {t('crds.editYaml')}
        </WriteButton>
      }
    >
      {data ? (
        <Stack>
          <Card title={t('crds.about')}>
            <Facts
              of={[
                [t('column.kind'), textAt(data, 'spec', 'names', 'kind')],
                [t('crds.group'), textAt(data, 'spec', 'group')],
                [t('crds.plural'), textAt(data, 'spec', 'names', 'plural')],
                [t('crds.shortNames'), listAt(data, 'spec', 'names', 'shortNames').join(', ')],
                [
                  t('crds.scope'),
                  t(
                    textAt(data, 'spec', 'scope') === 'Namespaced'
                      ? 'crds.scope.namespaced'
                      : 'crds.scope.cluster',
                  ),
                ],
                [t('crds.stored'), listAt(data, 'status', 'storedVersions').join(', ')],
                [t('column.age'), <Age key="age" since={data.metadata.creationTimestamp} />],
                [
                  t('column.state'),
                  listAt(data, 'status', 'conditions').map((condition) => (
                    <StateTag
                      key={textAt(condition, 'type')}
                      state={textAt(condition, 'type') ?? ''}
                      tone={textAt(condition, 'status') === 'True' ? 'ok' : 'error'}
                      why={textAt(condition, 'message') ?? ''}
                    />
                  )),
                ],
              ]}
            />
          </Card>
          <Card title={t('crds.versions')}>
            <ul className={styles['versions']}>
              {listAt(data, 'spec', 'versions').map((version) => {
                const id = textAt(version, 'name') ?? '';
                const marks = (['served', 'storage', 'deprecated'] as const).filter(
                  (mark) => valueAt(version, mark) === true,
                );
                return (
                  <li key={id}>
                    <Link to={objects(id)}>{id}</Link>{' '}
                    <span className="muted">{marks.map((mark) => t(`crds.${mark}`)).join(', ')}</span>
                  </li>
                );
              })}
            </ul>
          </Card>
          <Fields key={data.metadata.uid} definition={data} />
        </Stack>
      ) : error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading />
      )}
    </Page>
  );
}

function Fields({ definition }: { readonly definition: ApiObject }) {
  const t = useT();
  const versions = listAt(definition, 'spec', 'versions');
  const names = versions.map((version) => textAt(version, 'name') ?? '');
  const [chosen, setChosen] = useState(names.at(-1) ?? '');
  const version = versions.find((one) => textAt(one, 'name') === chosen);
  const columns = listAt(version, 'additionalPrinterColumns');
  const schema = valueAt(version, 'schema', 'openAPIV3Schema') as Schema | undefined;
  return (
    <>
      {columns.length > 0 ? (
        <Card title={t('crds.columns')} isFlush>
          <Table
            size="small"
            pagination={false}
            rowKey="name"
            dataSource={columns.map((column) => mapAt(column))}
            columns={[
              { title: t('column.name'), dataIndex: 'name' },
              { title: t('column.type'), dataIndex: 'type' },
              { title: 'JSONPath', dataIndex: 'jsonPath', render: (path: string) => <code>{path}</code> },
              { title: t('crds.description'), dataIndex: 'description' },
            ]}
          />
        </Card>
      ) : null}
      <Card
        title={t('crds.fields')}
        extra={
          <Select
            size="small"
            aria-label={t('column.version')}
            value={chosen}
            options={names.map((value) => ({ value, label: value }))}
            onChange={setChosen}
          />
        }
      >
        {schema ? (
          <ul className={styles['schema']}>
            <SchemaFields schema={schema} />
          </ul>
        ) : null}
      </Card>
    </>
  );
}

/** Opened level by level: some definitions have thousands of fields. */
function SchemaFields({ schema }: { readonly schema: Schema }) {
  const inner = schema.type === 'array' ? schema.items : schema;
  return Object.entries(inner?.properties ?? {}).map(([name, field]) => (
    <SchemaField key={name} name={name} field={field} isRequired={inner?.required?.includes(name) ?? false} />
  ));
}

function SchemaField({
  name,
  field,
  isRequired,
}: {
  readonly name: string;
  readonly field: Schema;
  readonly isRequired: boolean;
}) {
  const t = useT();
  const [isOpen, setOpen] = useState(false);
  const inner = field.type === 'array' ? field.items : field;
  const hasMore = Object.keys(inner?.properties ?? {}).length > 0;
  const facts = [
    typeText(field, {}),
    isRequired ? t('editor.required') : '',
    field.enum ? t('editor.oneOf', { values: field.enum.map(String).join(', ') }) : '',
  ];
  return (
    <li>
      {hasMore ? (
        <button
          type="button"
          className={styles['branch']}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> <code>{name}</code>
        </button>
      ) : (
        <code className={styles['field']}>{name}</code>
      )}{' '}
      <span className="muted">{facts.filter(Boolean).join(', ')}</span>
      {field.description ? <p className={styles['description']}>{field.description.slice(0, 600)}</p> : null}
      {isOpen ? (
        <ul>
          <SchemaFields schema={field} />
        </ul>
      ) : null}
    </li>
  );
}
