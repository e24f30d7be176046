/** One cluster at a glance: what wants attention, how full it is, and every region with its pools. */
import { links, paths, type Overview } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { Button } from 'antd';
import { requestText } from '#api/request.ts';
import { useRights } from '#api/rights.ts';
import { Link, useGo } from '#app/link.tsx';
import { useOverview } from '#app/scope-bar.tsx';
import { Charts } from '#charts/charts.tsx';
import { formatQuantity } from '#charts/format-quantity.ts';
import { translateIfKnown, useT } from '#i18n/index.ts';
import { AttentionList } from '#ui/attention-list.tsx';
import { download } from '#ui/download.ts';
import { FailureNote } from '#ui/failure-note.tsx';
import { FreshnessMark } from '#ui/freshness-mark.tsx';
import { Meter } from '#ui/meter.tsx';
import { Card, Columns, Facts, Page, Stack } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { StateTag, ToneCounts } from '#ui/tone.tsx';
import { useSubmit } from '#ui/use-submit.ts';

const units: Readonly<Record<string, string>> = {
  cpu: 'cores',
  memory: 'bytes',
  'ephemeral-storage': 'bytes',
};

export function OverviewScreen() {
  const { cluster = '' } = useParams({ strict: false }) as { cluster?: string };
  const t = useT();
  const go = useGo();
  const { data, error, refetch } = useOverview(cluster);
  const { isBusy, failure, submit } = useSubmit();
  const may = useRights(cluster, { whileUnknown: false });
  if (!data) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading />;
  const { summary } = data;
  const save = (): Promise<void> =>
    submit(async () => {
      const text = await requestText(paths.kubeconfig(cluster), {
        method: 'POST',
        accept: 'application/yaml',
      });
      download(`${cluster}.kubeconfig`, text, 'application/yaml');
    });
  return (
    <Page
      title={cluster}
      mark={
        <>
          <StateTag {...summary.state} />
          {data.freshness.state === 'stale' ? <FreshnessMark freshness={data.freshness} /> : null}
        </>
      }
      actions={
        <>
          <Button loading={isBusy} onClick={() => void save()}>
            {t('clusters.kubeconfig')}
          </Button>
          {may('create nodepools.apps.openyurt.io') ? (
            <Button type="primary" onClick={() => go(`${links.pools(cluster)}/new`)}>
              {t('pools.create')}
            </Button>
          ) : null}
        </>
      }
    >
      <Stack>
        <FailureNote status={failure} />
        <Columns>
          <Card title={t('tab.basic')}>
            <Facts
              of={[
                [t('column.type'), t(`clusters.kind.${summary.kind}`)],
                [t('column.region'), summary.region],
                [t('column.version'), summary.version],
                [t('kind.nodes'), <ToneCounts key="nodes" counts={summary.nodes} />],
                [t('kind.pods'), <ToneCounts key="pods" counts={summary.pods} />],
              ]}
            />
          </Card>
          <Card title={t('overview.capacity')}>
            <Stack>
              {Object.keys(data.capacity).length === 0 ? (
                <Empty title={t('nodes.none')} why={t('nodes.none.why')} />
              ) : null}
              {Object.entries(data.capacity).map(([name, { allocatable, requested, used }]) => (
                <Meter
                  key={name}
                  label={translateIfKnown(`overview.resource.${name}`) ?? name}
                  share={allocatable > 0 ? requested / allocatable : 0}
                  used={used !== undefined && allocatable > 0 ? used / allocatable : undefined}
                  text={t(used === undefined ? 'overview.requested' : 'overview.requestedAndUsed', {
                    requested: formatQuantity(requested, units[name] ?? ''),
                    allocatable: formatQuantity(allocatable, units[name] ?? ''),
                    used: formatQuantity(used, units[name] ?? ''),
                  })}
                />
              ))}
            </Stack>
          </Card>
        </Columns>
        <Card title={t('home.attention')} isFlush>
          <AttentionList of={data.attention} />
        </Card>
        <Regions cluster={cluster} regions={data.regions} />
        {may('list nodes') ? <Charts cluster={cluster} of={{}} /> : null}
      </Stack>
    </Page>
  );
}

function Regions({ cluster, regions }: { readonly cluster: string; readonly regions: Overview['regions'] }) {
  const t = useT();
  const go = useGo();
  return (
    <Card title={t('overview.regions')} isFlush>
      {regions.length === 0 ? (
        <Empty title={t('pools.none')} why={t('pools.none.why')}>
          <Button type="primary" onClick={() => go(`${links.pools(cluster)}/new`)}>
            {t('pools.create')}
          </Button>
        </Empty>
      ) : (
        <PlainTable
          label={t('overview.regions')}
          head={[t('column.region'), t('column.pool'), t('kind.nodes')]}
          rows={regions.flatMap(({ region, pools }) =>
            pools.map(({ pool, nodes }, index) => ({
              key: `${region}/${pool}`,
              cells: [
                index === 0 ? region || t('table.noPlace') : '',
                <Link key="pool" to={links.pool(cluster, pool)}>
                  {pool || t('table.noPlace')}
                </Link>,
                <ToneCounts key="nodes" counts={nodes} />,
              ],
            })),
          )}
        />
      )}
    </Card>
  );
}
