import { links } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { Button } from 'antd';
import { actionsOfRow, bulkActionsOf } from '#actions/row-actions.ts';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { kindOf } from '#kinds/built-in.ts';
import { LiveTable } from '#table/live-table.tsx';
import { Page } from '#ui/page.tsx';

export const nodeKind = kindOf('nodes');

/** Every machine, by region and pool. */
export function Nodes() {
  const { cluster = '' } = useParams({ strict: false }) as { cluster?: string };
  const t = useT();
  const go = useGo();
  const toPools = <Button onClick={() => go(links.pools(cluster))}>{t('nodes.add')}</Button>;
  return (
    <Page title={t('kind.nodes')} intro={t('nodes.what')} actions={toPools}>
      <LiveTable
        cluster={cluster}
        resource="nodes"
        label={t('kind.nodes')}
        defaultGroup="pool"
        linkOf={(row) => links.node(cluster, row.name)}
        actionsOf={(row) => actionsOfRow(row, { cluster, kind: nodeKind, t })}
        bulkActions={bulkActionsOf({ cluster, kind: nodeKind, t })}
        empty={{ title: t('nodes.none'), why: t('nodes.none.why'), action: toPools }}
      />
    </Page>
  );
}
