import { links } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Button, Form } from 'antd';
import { mapDifference } from '#actions/labels-dialog.tsx';
import { getObject, patchObject, type ApiObject } from '#api/objects.ts';
import { queryClient } from '#api/queries.ts';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { listAt, mapAt } from '#kinds/values.ts';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card, Page } from '#ui/page.tsx';
import { pairsOf, toMap } from '#ui/pairs-editor.tsx';
import { Failure, Loading } from '#ui/states.tsx';
import type { Taint } from '#ui/taints-editor.tsx';
import { useSubmit } from '#ui/use-submit.ts';
import { PoolForm, regionLabel, type PoolFields } from './pool-form.tsx';
import { poolKind } from './pools.tsx';

/** Labels, annotations and taints of a pool; they reach its nodes. The rest stays as it was made. */
export function EditPool() {
  const { cluster = '', pool = '' } = useParams({ strict: false }) as { cluster?: string; pool?: string };
  const t = useT();
  const go = useGo();
  const [form] = Form.useForm<PoolFields>();
  const { isBusy, failure, submit } = useSubmit();
  const { data, error } = useQuery({
    queryKey: ['edit-pool', cluster, pool],
    queryFn: () => getObject(cluster, poolKind, { name: pool }),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  if (!data) return error ? <Failure error={error} /> : <Loading />;
  const save = (fields: PoolFields): Promise<void> =>
    submit(async () => {
      await patchObject(cluster, poolKind, { name: pool }, changeOf(data, fields));
      await queryClient.invalidateQueries({ queryKey: ['object', cluster] });
      go(links.pool(cluster, pool));
    });
  const { [regionLabel]: region, ...labels } = mapAt(data, 'spec', 'labels');
  return (
    <Page title={t('pools.edit', { name: pool })} intro={t('pools.edit.what')}>
      <Card>
        <PoolForm
          form={form}
          isNew={false}
          initial={{
            region: region ?? '',
            labels: pairsOf(labels),
            annotations: pairsOf(mapAt(data, 'spec', 'annotations')),
            taints: listAt(data, 'spec', 'taints') as readonly Taint[],
          }}
          onSubmit={(fields) => void save(fields)}
        />
        <FailureNote status={failure} />
        <div style={{ display: 'flex', gap: 8 }}>
          <Button type="primary" loading={isBusy} onClick={() => form.submit()}>
            {t('action.save')}
          </Button>
          <Button onClick={() => go(links.pool(cluster, pool))}>{t('action.cancel')}</Button>
        </div>
      </Card>
    </Page>
  );
}

function changeOf(pool: ApiObject, { region = '', labels, annotations, taints }: PoolFields): object {
  const wanted = { ...toMap(labels), ...(region ? { [regionLabel]: region } : {}) };
  return {
    metadata: { resourceVersion: pool.metadata.resourceVersion },
    spec: {
      labels: mapDifference(mapAt(pool, 'spec', 'labels'), wanted),
      annotations: mapDifference(mapAt(pool, 'spec', 'annotations'), toMap(annotations)),
      taints: (taints ?? []).filter(({ key }) => key !== ''),
    },
  };
}
