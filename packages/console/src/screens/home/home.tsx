/** One look: which cluster wants attention, and how all of them are. */
import {
  links,
  paths,
  type Attention,
  type ClusterSummary,
  type Home as HomeAnswer,
} from '@skerry/center/contract';
import { PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button } from 'antd';
import { request } from '#api/request.ts';
import { managementRights, useRights } from '#api/rights.ts';
import { Link, useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { AttentionList } from '#ui/attention-list.tsx';
import { Card, Page, Stack } from '#ui/page.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { StateTag, ToneCounts } from '#ui/tone.tsx';
import styles from './home.module.css';

export function useHome() {
  return useQuery({
    queryKey: ['home'],
    queryFn: () => request<HomeAnswer>(paths.home),
    refetchInterval: 10_000,
  });
}

export function Home() {
  const t = useT();
  const go = useGo();
  const { data, error, refetch } = useHome();
  const may = useRights(managementRights);
  return (
    <Page
      title={t('nav.home')}
      actions={
        may('create clusters.center.skerry.io') ? (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => go('/clusters/new')}>
            {t('clusters.create')}
          </Button>
        ) : null
      }
    >
      {!data ? (
        error ? (
          <Failure error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading />
        )
      ) : (
        <Stack>
          <Card title={t('home.attention')} isFlush>
            <AttentionList of={data.attention} showCluster />
          </Card>
          {data.clusters.length === 0 ? (
            <Card>
              <Empty title={t('clusters.none')} why={t('clusters.none.why')}>
                <Button type="primary" onClick={() => go('/clusters/new')}>
                  {t('clusters.create')}
                </Button>
                <Button onClick={() => go('/clusters/import')}>{t('clusters.import')}</Button>
              </Empty>
            </Card>
          ) : (
            <div className={styles['clusters']}>
              {byNeed(data.clusters, data.attention).map((cluster) => (
                <ClusterCard key={cluster.name} cluster={cluster} />
              ))}
            </div>
          )}
        </Stack>
      )}
    </Page>
  );
}

function ClusterCard({ cluster }: { readonly cluster: ClusterSummary }) {
  const t = useT();
  return (
    <Card
      title={<Link to={links.cluster(cluster.name)}>{cluster.name}</Link>}
      extra={<StateTag {...cluster.state} />}
    >
      <dl className={styles['facts']}>
        <dt>{t('column.region')}</dt>
        <dd>{cluster.region || '–'}</dd>
        <dt>{t('column.version')}</dt>
        <dd>{cluster.version || '–'}</dd>
        <dt>{t('kind.nodes')}</dt>
        <dd>
          <ToneCounts counts={cluster.nodes} />
        </dd>
        <dt>{t('kind.pods')}</dt>
        <dd>
          <ToneCounts counts={cluster.pods} />
        </dd>
        {cluster.gpus ? (
          <>
            <dt>{t('nav.gpu')}</dt>
            <dd>{t('gpu.usedOf', { used: cluster.gpus.used, capacity: cluster.gpus.capacity })}</dd>
          </>
        ) : null}
      </dl>
    </Card>
  );
}

/** Those that want attention first, in the order of what they want it for. */
function byNeed(
  clusters: readonly ClusterSummary[],
  attention: readonly Attention[],
): readonly ClusterSummary[] {
  const rank = (name: string): number => {
    const at = attention.findIndex((one) => one.cluster === name);
    return at < 0 ? attention.length : at;
  };
  return clusters.toSorted(
    (one, other) => rank(one.name) - rank(other.name) || one.name.localeCompare(other.name),
  );
}
