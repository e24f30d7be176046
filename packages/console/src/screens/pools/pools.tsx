import { PlusOutlined } from '@ant-design/icons';
import { links } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { actionsOfRow } from '#actions/row-actions.ts';
import { useMayAddNodes } from '#api/joining.ts';
import { useRights } from '#api/rights.ts';
import { useGo } from '#app/link.tsx';
import { useT } from '#i18n/index.ts';
import { kindOf } from '#kinds/built-in.ts';
import { LiveTable } from '#table/live-table.tsx';
import { Page } from '#ui/page.tsx';
import { WriteButton } from '#ui/write-button.tsx';

export const poolKind = kindOf('nodepools.apps.openyurt.io');

/** Node pools, region by region: what everything else is grouped by. */
export function Pools() {
  const { cluster = '' } = useParams({ strict: false }) as { cluster?: string };
  const t = useT();
  const go = useGo();
  const may = useRights(cluster);
  const mayAddNodes = useMayAddNodes(cluster);
  const create = may('create nodepools.apps.openyurt.io') ? (
    <WriteButton type="primary" icon={<PlusOutlined />} onClick={() => go(`${links.pools(cluster)}/new`)}>
      {t('pools.create')}
    </WriteButton>
  ) : null;
  return (
    <Page title={t('kind.nodepools.apps.openyurt.io')} intro={t('pools.what')} actions={create}>
      <LiveTable
        cluster={cluster}
        resource={poolKind.resource}
        label={t('kind.nodepools.apps.openyurt.io')}
        defaultGroup="region"
        linkOf={(row) => links.pool(cluster, row.name)}
        actionsOf={(row) => actionsOfRow(row, { cluster, kind: poolKind, t, mayAddNodes })}
        empty={{ title: t('pools.none'), why: t('pools.none.why'), action: create }}
      />
    </Page>
  );
}
