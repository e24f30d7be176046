/** CPU, memory, network and GPU over time, of a pod, a node, a pool or the cluster. Gaps are times of which nothing is known. */
import { paths, type MetricsQuery, type Series } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { Segmented } from 'antd';
import { request } from '#api/request.ts';
import { useSearchState } from '#app/search.ts';
import { useT } from '#i18n/index.ts';
import { Card, Columns, Stack } from '#ui/page.tsx';
import { Beside, part } from '#ui/part.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';

const Chart = part(async () => (await import('./chart.tsx')).Chart);

/** Of pods an hour is kept, of everything else a day. */
const ranges = { '1h': 3600, '6h': 21_600, '24h': 86_400 } as const;
type Range = keyof typeof ranges;
const metrics = ['cpu', 'memory', 'network', 'gpu'] as const;
const refreshMs = 30_000;

/** Pools and nodes say how many are held, a pod how busy its own are. */
function titleOf(metric: (typeof metrics)[number], { pod }: ChartsProps['of']) {
  return metric === 'gpu' && pod ? 'charts.gpuBusy' : (`charts.${metric}` as const);
}

interface ChartsProps {
  readonly cluster: string;
  readonly of: Omit<MetricsQuery, 'metric' | 'seconds'>;
}

export function Charts({ cluster, of }: ChartsProps) {
  const t = useT();
  const [search, change] = useSearchState();
  const offered = of.pod ? (['1h'] as const) : (Object.keys(ranges) as Range[]);
  const range: Range = offered.find((one) => one === search.range) ?? '1h';
  return (
    <Stack>
      {offered.length > 1 ? (
        <Segmented<Range>
          aria-label={t('charts.range')}
          value={range}
          options={offered.map((one) => ({ value: one, label: t(`charts.${one}`) }))}
          onChange={(next) => change({ range: next })}
          style={{ alignSelf: 'flex-start' }}
        />
      ) : null}
      <Columns>
        {metrics.map((metric) => (
          <Card key={metric} title={t(titleOf(metric, of))}>
            <OneChart cluster={cluster} query={{ ...of, metric, seconds: ranges[range] }} />
          </Card>
        ))}
      </Columns>
    </Stack>
  );
}

function OneChart({ cluster, query }: { readonly cluster: string; readonly query: MetricsQuery }) {
  const t = useT();
  const { data, error, refetch } = useQuery({
    queryKey: ['metrics', cluster, query],
    queryFn: () => request<Series>(paths.metrics(cluster), { query: { ...query } }),
    refetchInterval: refreshMs,
    placeholderData: (previous) => previous,
  });
  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  const hasAny = data.lines.some((line) => line.values.some((value) => value !== null));
  if (!hasAny) {
    const why = data.none ? (`charts.none.${data.none}` as const) : 'charts.none.why';
    return (
      <Empty title={t(data.none === 'not-reported' ? 'charts.notReported' : 'charts.none')} why={t(why)} />
    );
  }
  return (
    <Beside fallback={<Loading />}>
      <Chart series={data} label={t(titleOf(query.metric, query))} />
    </Beside>
  );
}
