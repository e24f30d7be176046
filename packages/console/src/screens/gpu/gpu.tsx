/** GPUs of a cluster: who holds them, who waits for one, and which pool could take them. */
import { links, paths, type GpuView } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { request } from '#api/request.ts';
import { useMayAddNodes } from '#api/joining.ts';
import { useRights } from '#api/rights.ts';
import { Link, useGo } from '#app/link.tsx';
import { useSearchState, type Search } from '#app/search.ts';
import { formatQuantity } from '#charts/format-quantity.ts';
import { Charts } from '#charts/charts.tsx';
import { useT } from '#i18n/index.ts';
import { Age } from '#ui/age.tsx';
import { Meter } from '#ui/meter.tsx';
import { Card, Page, Stack } from '#ui/page.tsx';
import { placeText } from '#ui/place.ts';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { WriteButton } from '#ui/write-button.tsx';

const pollMs = 5000;

export function Gpu() {
  const { cluster = '' } = useParams({ strict: false }) as { cluster?: string };
  const t = useT();
  const [search] = useSearchState();
  const may = useRights(cluster, { whileUnknown: false });
  const { data, error, refetch } = useQuery({
    queryKey: ['gpu', cluster],
    queryFn: () => request<GpuView>(paths.gpu(cluster)),
    refetchInterval: pollMs,
  });
  if (!data) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading />;
  const nodes = data.nodes.filter((node) => isInScope(node, search));
  return (
    <Page title={t('nav.gpu')} intro={t('gpu.what')}>
      <Stack>
        <Waiting cluster={cluster} waiting={data.waiting} />
        {nodes.length === 0 ? (
          <Card>
            <Empty title={t('gpu.none')} why={t('gpu.none.why')} />
          </Card>
        ) : (
          <>
            <Card title={t('gpu.pools')}>
              <Stack>
                {byPool(nodes).map(({ key, capacity, used }) => (
                  <Meter
                    key={key}
                    label={key}
                    share={capacity > 0 ? used / capacity : 0}
                    text={t('gpu.usedOf', { used, capacity })}
                  />
                ))}
              </Stack>
            </Card>
            <Card title={t('gpu.nodes')} isFlush>
              <NotMeasured cluster={cluster} measured={data.measured} />
              <PlainTable
                label={t('gpu.nodes')}
                head={[
                  t('column.region'),
                  t('column.pool'),
                  t('column.node'),
                  t('gpu.resource'),
                  t('gpu.model'),
                  t('gpu.use'),
                  t('gpu.busy'),
                  t('gpu.holders'),
                ]}
                rows={nodes.map((node) => ({
                  key: `${node.node}/${node.resource}`,
                  cells: [
                    node.region,
                    <Link key="pool" to={links.pool(cluster, node.pool)}>
                      {node.pool}
                    </Link>,
                    <Link key="node" to={links.node(cluster, node.node)}>
                      {node.node}
                    </Link>,
                    node.resource,
                    node.model,
                    t('gpu.usedOf', { used: usedOf(node), capacity: node.capacity }),
                    node.busy === undefined ? undefined : formatQuantity(node.busy, 'ratio'),
                    node.holders.map(({ namespace, pod, count, busy }) => (
                      <div key={`${namespace}/${pod}`}>
                        {pod ? (
                          <Link to={links.object(cluster, 'pods', { namespace, name: pod })}>
                            {namespace}/{pod}
                          </Link>
                        ) : (
                          <span className="muted">{t('gpu.others')}</span>
                        )}{' '}
                        × {count}
                        {busy === undefined ? null : (
                          <span className="muted"> · {formatQuantity(busy, 'ratio')}</span>
                        )}
                      </div>
                    )),
                  ],
                }))}
              />
            </Card>
          </>
        )}
        {may('list nodes') ? (
          <Charts cluster={cluster} of={search.pool ? { pool: search.pool } : {}} />
        ) : null}
      </Stack>
    </Page>
  );
}

/** How busy GPUs are only an exporter on their machines says: which one, and where to get it. */
function NotMeasured({
  cluster,
  measured,
}: {
  readonly cluster: string;
  readonly measured: GpuView['measured'];
}) {
  const t = useT();
  if (measured === 'yes') return null;
  return (
    <p className="muted" style={{ padding: '10px 16px', borderBottom: '1px solid var(--line)' }}>
      {t(measured === 'foreign' ? 'gpu.busy.foreign' : 'gpu.busy.none')}{' '}
      {measured === 'none' ? <Link to={links.components(cluster)}>{t('gpu.busy.install')}</Link> : null}
    </p>
  );
}

function Waiting({ cluster, waiting }: { readonly cluster: string; readonly waiting: GpuView['waiting'] }) {
  const t = useT();
  const go = useGo();
  const may = useRights(cluster, { whileUnknown: false });
  const mayAddNodes = useMayAddNodes(cluster);
  return (
    <Card title={t('gpu.waiting')} isFlush>
      {waiting.length === 0 ? (
        <Empty title={t('gpu.waiting.none')} mark="✓" />
      ) : (
        <PlainTable
          label={t('gpu.waiting')}
          head={[t('gpu.pod'), t('gpu.wants'), t('column.since'), t('gpu.why'), t('gpu.couldHost')]}
          rows={waiting.map((pod) => ({
            key: `${pod.namespace}/${pod.pod}`,
            cells: [
              <Link key="pod" to={links.object(cluster, 'pods', { namespace: pod.namespace, name: pod.pod })}>
                {pod.namespace}/{pod.pod}
              </Link>,
              pod.count,
              <Age key="since" since={pod.since} />,
              pod.why,
              pod.couldHost.length === 0 ? (
                may('create nodepools.apps.openyurt.io') ? (
                  <WriteButton key="pool" size="small" onClick={() => go(`${links.pools(cluster)}/new`)}>
                    {t('pools.create')}
                  </WriteButton>
                ) : undefined
              ) : (
                pod.couldHost.map(({ pool, region, free }) => (
                  <div key={pool}>
                    <Link to={links.pool(cluster, pool)}>{pool}</Link>{' '}
                    <span className="muted">
                      {region === pool ? '' : `${region} · `}
                      {t('gpu.free', { count: free })}
                    </span>{' '}
                    {mayAddNodes ? (
                      <span style={{ whiteSpace: 'nowrap' }}>
                        <Link to={links.addNodes(cluster, pool)}>{t('action.addNodes')}</Link>
                      </span>
                    ) : null}
                  </div>
                ))
              ),
            ],
          }))}
        />
      )}
    </Card>
  );
}

type GpuNode = GpuView['nodes'][number];

function usedOf({ holders }: GpuNode): number {
  return holders.reduce((sum, { count }) => sum + count, 0);
}

function byPool(nodes: readonly GpuNode[]): readonly { key: string; capacity: number; used: number }[] {
  const pools = new Map<string, { key: string; capacity: number; used: number }>();
  for (const node of nodes) {
    const key = `${placeText(node.region, node.pool)} · ${node.model ?? node.resource}`;
    const pool = pools.get(key) ?? { key, capacity: 0, used: 0 };
    pools.set(key, { key, capacity: pool.capacity + node.capacity, used: pool.used + usedOf(node) });
  }
  return [...pools.values()];
}

function isInScope(node: GpuNode, { region, pool }: Search): boolean {
  return (!region || node.region === region) && (!pool || node.pool === pool);
}
