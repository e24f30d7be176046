import { links } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { Button, Form } from 'antd';
import { createObject } from '#api/objects.ts';
import { queryClient } from '#api/queries.ts';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { apiVersionOf } from '#kinds/kind.ts';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card, Page } from '#ui/page.tsx';
import { toMap } from '#ui/pairs-editor.tsx';
import { useSubmit } from '#ui/use-submit.ts';
import { PoolForm, regionLabel, type PoolFields } from './pool-form.tsx';
import { poolKind } from './pools.tsx';

export function CreatePool() {
  const { cluster = '' } = useParams({ strict: false }) as { cluster?: string };
  const t = useT();
  const go = useGo();
  const [form] = Form.useForm<PoolFields>();
  const { isBusy, failure, submit } = useSubmit();
  const create = (fields: PoolFields, { addNodes }: { addNodes: boolean }): Promise<void> =>
    submit(async () => {
      await createObject(cluster, poolKind, poolOf(fields));
      await queryClient.invalidateQueries({ queryKey: ['overview', cluster] });
      go(addNodes ? links.addNodes(cluster, fields.name) : links.pools(cluster));
    });
  return (
    <Page title={t('pools.create')} intro={t('pools.create.what')}>
      <Card>
        <PoolForm
          form={form}
          isNew
          initial={{ type: 'Edge', interConnectivity: true, hostNetwork: false }}
          onSubmit={(fields) => void create(fields, { addNodes: true })}
        />
        <FailureNote status={failure} />
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
          <Button type="primary" loading={isBusy} onClick={() => form.submit()}>
            {t('pools.createAndAdd')}
          </Button>
          <Button
            disabled={isBusy}
            onClick={() =>
              void form
                .validateFields()
                .then((fields) => create(fields, { addNodes: false }))
                .catch(() => undefined)
            }
          >
            {t('pools.createOnly')}
          </Button>
        </div>
      </Card>
    </Page>
  );
}

function poolOf({
  name,
  region = '',
  type,
  interConnectivity,
  hostNetwork,
  labels,
  annotations,
  taints,
}: PoolFields): object {
  return {
    apiVersion: apiVersionOf(poolKind),
    kind: poolKind.kind,
    metadata: { name },
    spec: {
      type,
      interConnectivity: interConnectivity ?? false,
      hostNetwork: hostNetwork ?? false,
      labels: { ...toMap(labels), ...(region ? { [regionLabel]: region } : {}) },
      annotations: toMap(annotations),
      taints: (taints ?? []).filter(({ key }) => key !== ''),
    },
  };
}
