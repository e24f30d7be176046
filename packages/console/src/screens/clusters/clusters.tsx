/** All clusters: hosted here and imported. */
import { PlusOutlined } from '@ant-design/icons';
import { links, paths, type ClusterSummary } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { Button, Input } from 'antd';
import { useState } from 'react';
import { deletionOf } from '#actions/deletion.ts';
import { listObjects, management, patchObject, type ObjectList } from '#api/objects.ts';
import { savePreferences, usePreferences } from '#api/preferences.ts';
import { queryClient } from '#api/queries.ts';
import { requestText } from '#api/request.ts';
import { managementRights, useRights } from '#api/rights.ts';
import { Link, useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { clearable } from '#ui/clearable.tsx';
import { managementKinds, type ClusterObject } from '#kinds/management.ts';
import { useHome } from '#screens/home/home.tsx';
import { RowActions } from '#table/row-actions.tsx';
import type { RowAction } from '#table/row-action.ts';
import { download } from '#ui/download.ts';
import { FailureNote } from '#ui/failure-note.tsx';
import { Card, Page, Stack } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { StateTag, ToneCounts } from '#ui/tone.tsx';
import { WriteButton } from '#ui/write-button.tsx';
import { useSubmit } from '#ui/use-submit.ts';

export function Clusters() {
  const t = useT();
  const go = useGo();
  const [filter, setFilter] = useState('');
  const { data, error, refetch } = useHome();
  const may = useRights(managementRights, { whileUnknown: false });
  const objects = useQuery({
    queryKey: ['clusters'],
    enabled: may('list clusters.center.skerry.io'),
    queryFn: () => listObjects<ClusterObject>(management, managementKinds.clusters),
    refetchInterval: 10_000,
  });
  const { failure, submit } = useSubmit();
  const { readOnlyClusters = [] } = usePreferences();
  const all = merged(data?.clusters ?? [], objects.data);
  const shown = all.filter(({ summary }) => `${summary.name} ${summary.region}`.includes(filter.trim()));
  const actionsOf = ({ summary: { name }, object }: ClusterRow): readonly RowAction[] => [
    {
      id: 'kubeconfig',
      title: t('clusters.kubeconfig'),
      isReading: true,
      run: () =>
        void submit(async () => {
          const text = await requestText(paths.kubeconfig(name), {
            method: 'POST',
            accept: 'application/yaml',
          });
          download(`${name}.kubeconfig`, text, 'application/yaml');
        }),
    },
    {
      id: 'readOnly',
      isInMenu: true,
      title: readOnlyClusters.includes(name) ? t('readOnly.leave') : t('readOnly.enter'),
      isReading: true,
      run: () =>
        void savePreferences(({ readOnlyClusters: before = [] }) => ({
          readOnlyClusters: before.includes(name) ? before.filter((one) => one !== name) : [...before, name],
        })),
    },
    ...(object && may('update clusters.center.skerry.io')
      ? [
          {
            id: 'protect',
            isInMenu: true,
            title: object.spec.deletionProtection ? t('clusters.unprotect') : t('clusters.protect'),
            run: () =>
              void submit(async () => {
                const spec = { deletionProtection: !object.spec.deletionProtection };
                await patchObject(management, managementKinds.clusters, { name }, { spec });
                await queryClient.invalidateQueries({ queryKey: ['clusters'] });
              }),
          },
        ]
      : []),
    ...(object && may('delete clusters.center.skerry.io')
      ? [deletionOf(managementKinds.clusters, name, { t })]
      : []),
  ];
  return (
    <Page
      title={t('nav.clusters')}
      actions={
        may('create clusters.center.skerry.io') ? (
          <>
            <WriteButton onClick={() => go('/clusters/import')}>{t('clusters.import')}</WriteButton>
            <WriteButton type="primary" icon={<PlusOutlined />} onClick={() => go('/clusters/new')}>
              {t('clusters.create')}
            </WriteButton>
          </>
        ) : null
      }
    >
      {!data ? (
        error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading />
        )
      ) : all.length === 0 ? (
        <Card>
          <Empty title={t('clusters.none')} why={t('clusters.none.why')} />
        </Card>
      ) : (
        <Stack>
          <FailureNote status={failure} />
          <Input
            data-filter
            allowClear={clearable}
            style={{ maxWidth: 360 }}
            aria-label={t('table.filter')}
            placeholder={t('clusters.filter')}
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
          <Card isFlush>
            {shown.length === 0 ? (
              <Empty title={t('table.noMatch')} why={t('table.noMatch.why')} mark="⌕">
                <Button onClick={() => setFilter('')}>{t('table.clearFilter')}</Button>
              </Empty>
            ) : (
              <PlainTable
                label={t('nav.clusters')}
                head={[
                  t('column.name'),
                  t('column.state'),
                  t('column.type'),
                  t('column.region'),
                  t('column.version'),
                  t('kind.nodes'),
                  t('clusters.availability'),
                  t('clusters.protection'),
                  t('column.actions'),
                ]}
                rows={shown.map((row) => ({
                  key: row.summary.name,
                  cells: [
                    <Link key="name" to={links.cluster(row.summary.name)}>
                      {row.summary.name}
                    </Link>,
                    <StateTag key="state" {...row.summary.state} />,
                    t(`clusters.kind.${row.summary.kind}`),
                    row.summary.region,
                    row.summary.version,
                    <ToneCounts key="nodes" counts={row.summary.nodes} />,
                    formatShare(row.summary.availability),
                    row.object?.spec.deletionProtection ? t('facts.yes') : t('facts.no'),
                    <RowActions key="actions" name={row.summary.name} actions={actionsOf(row)} />,
                  ],
                }))}
              />
            )}
          </Card>
        </Stack>
      )}
    </Page>
  );
}

interface ClusterRow {
  readonly summary: ClusterSummary;
  readonly object: ClusterObject | undefined;
}

/** Those that only the management API knows yet are being made. */
function merged(
  summaries: readonly ClusterSummary[],
  objects: ObjectList<ClusterObject> | undefined,
): readonly ClusterRow[] {
  const items = objects?.items ?? [];
  const known = summaries.map((summary) => ({
    summary,
    object: items.find(({ metadata }) => metadata.name === summary.name),
  }));
  const others = items
    .filter(({ metadata }) => !summaries.some(({ name }) => name === metadata.name))
    .map((object): ClusterRow => ({
      object,
      summary: {
        name: object.metadata.name,
        kind: object.spec.type ?? 'hosted',
        region: object.spec.region ?? '',
        version: object.status?.version ?? '',
        state: { state: object.status?.phase ?? 'Creating', tone: 'progressing' },
        nodes: {},
        pods: {},
      },
    }));
  return [...known, ...others];
}

function formatShare(share: number | undefined): string | undefined {
  if (share === undefined) return undefined;
  return new Intl.NumberFormat(document.documentElement.lang, {
    style: 'percent',
    maximumFractionDigits: 2,
  }).format(share);
}
