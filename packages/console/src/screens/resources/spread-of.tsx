import { useT } from '#i18n/index.ts';
import { useView } from '#live/use-view.ts';
import { Card } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { ToneCounts } from '#ui/tone.tsx';
import { labelTokens } from './pods-of.tsx';

interface SpreadOfProps {
  readonly cluster: string;
  readonly namespace: string;
  readonly selector: string;
}

/** How a workload's pods stand in each region and pool: the progress of a rollout, place by place. */
export function SpreadOf({ cluster, namespace, selector }: SpreadOfProps) {
  const t = useT();
  const { page } = useView({
    cluster,
    resource: 'pods',
    query: { namespace: [namespace], q: labelTokens(selector), group: 'pool', limit: 1 },
  });
  if (!page || page.groups.length === 0) return null;
  return (
    <Card title={t('spread.title')} isFlush>
      <PlainTable
        label={t('spread.title')}
        head={[t('column.region'), t('column.pool'), t('kind.pods'), t('column.state')]}
        rows={page.groups.map((group) => ({
          key: `${group.region ?? ''}/${group.pool ?? ''}`,
          cells: [
            group.region || t('table.noPlace'),
            group.pool,
            group.total,
            <ToneCounts key="tones" counts={group.tones} />,
          ],
        }))}
      />
    </Card>
  );
}
