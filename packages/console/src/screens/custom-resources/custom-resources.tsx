/** Custom Resources: the definitions that a cluster has, and the objects of every kind, found by group, version and kind. */
import { links } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { Tabs } from 'antd';
import { actionsOfRow } from '#actions/row-actions.ts';
import { useGo } from '#app/link.tsx';
import { useSearchState } from '#app/search.ts';
import { useT } from '#i18n/index.ts';
import { LiveTable } from '#table/live-table.tsx';
import { Page } from '#ui/page.tsx';
import { WriteButton } from '#ui/write-button.tsx';
import { definitionKind } from './definition-kind.ts';
import { ResourceObjects } from './resource-objects.tsx';

export function CustomResources() {
  const { cluster = '' } = useParams({ strict: false }) as { cluster?: string };
  const t = useT();
  const go = useGo();
  const [search, setSearch] = useSearchState();
  return (
    <Page
      title={t('nav.customResources')}
      actions={
        <WriteButton onClick={() => go(`${links.cluster(cluster)}/yaml`)}>{t('yaml.create')}</WriteButton>
      }
    >
      <Tabs
        activeKey={search.tab === 'objects' ? 'objects' : 'crds'}
        onChange={(tab) => setSearch({ tab, q: '', sort: '', offset: '', type: '' }, { push: true })}
        destroyOnHidden
        items={[
          { key: 'crds', label: t('crds.tab'), children: <Definitions cluster={cluster} /> },
          { key: 'objects', label: t('crds.objects'), children: <ResourceObjects cluster={cluster} /> },
        ]}
      />
    </Page>
  );
}

function Definitions({ cluster }: { readonly cluster: string }) {
  const t = useT();
  return (
    <LiveTable
      cluster={cluster}
      resource={definitionKind.resource}
      label={t('crds.tab')}
      linkOf={(row) => `${links.cluster(cluster)}/custom-resources/${encodeURIComponent(row.name)}`}
      actionsOf={(row) => actionsOfRow(row, { cluster, kind: definitionKind, t })}
      empty={{ title: t('crds.none'), why: t('crds.none.why') }}
    />
  );
}
