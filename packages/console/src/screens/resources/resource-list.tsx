import { PlusOutlined } from '@ant-design/icons';
import { links } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { bulkActionsOf, actionsOfRow } from '#actions/row-actions.ts';
import { useMayCreate } from '#api/rights.ts';
import { useGo } from '#app/link.tsx';
import { namespacesOf, useSearchState } from '#app/search.ts';
import { translateIfKnown, useT } from '#i18n/index.ts';
import type { KindEntry } from '#kinds/kind.ts';
import { titleOf, useKind } from '#kinds/use-kind.ts';
import { LiveTable } from '#table/live-table.tsx';
import { Page } from '#ui/page.tsx';
import { Failure, Loading } from '#ui/states.tsx';
import { WriteButton } from '#ui/write-button.tsx';

/** Kinds that the wizard makes. */
const wizardKinds = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob']);

export function ResourceList() {
  const { cluster = '', resource = '' } = useParams({ strict: false }) as {
    cluster?: string;
    resource?: string;
  };
  const { data: kind, error } = useKind(cluster, resource);
  if (error) return <Failure error={error} />;
  return kind ? <ListOf key={resource} cluster={cluster} kind={kind} /> : <Loading />;
}

function ListOf({ cluster, kind }: { readonly cluster: string; readonly kind: KindEntry }) {
  const t = useT();
  const title = titleOf(kind, t);
  const offered = { cluster, kind, t };
  return (
    <Page
      title={title}
      intro={translateIfKnown(`kind.${kind.resource}.what`)}
      actions={<CreateButtons cluster={cluster} kind={kind} />}
    >
      <LiveTable
        cluster={cluster}
        resource={kind.resource}
        label={title}
        defaultGroup={kind.resource === 'pods' ? 'pool' : 'none'}
        linkOf={(row) => links.object(cluster, kind.resource, row)}
        actionsOf={(row) => actionsOfRow(row, offered)}
        bulkActions={bulkActionsOf(offered)}
        empty={{
          title: t('list.empty', { title }),
          why: translateIfKnown(`kind.${kind.resource}.what`) ?? '',
          action: <CreateButtons cluster={cluster} kind={kind} />,
        }}
      />
    </Page>
  );
}

function CreateButtons({ cluster, kind }: { readonly cluster: string; readonly kind: KindEntry }) {
  const t = useT();
  const go = useGo();
  const [search] = useSearchState();
  const [namespace] = namespacesOf(search);
  const query = (more: Record<string, string>): string =>
    `?${new URLSearchParams({ ...more, ...(namespace ? { namespace } : {}) }).toString()}`;
  const isPods = kind.resource === 'pods';
  const mayCreate = useMayCreate(cluster, kind, namespace);
  return (
    <>
      <WriteButton
        isAllowed={mayCreate}
        onClick={() => go(`${links.cluster(cluster)}/yaml${query({ kind: kind.resource })}`)}
      >
        {t('yaml.create')}
      </WriteButton>
      {wizardKinds.has(kind.kind) || isPods ? (
        <WriteButton
          type="primary"
          isAllowed={mayCreate}
          icon={<PlusOutlined />}
          onClick={() =>
            go(`${links.cluster(cluster)}/create${query({ type: isPods ? 'Deployment' : kind.kind })}`)
          }
        >
          {t('wizard.create')}
        </WriteButton>
      ) : null}
    </>
  );
}
