/** Left the tree of API groups, versions and kinds, right the objects of the kind that is chosen, with the columns it defines. */
import { SearchOutlined } from '@ant-design/icons';
import { links } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { Input } from 'antd';
import { useDeferredValue, useState } from 'react';
import { actionsOfRow, bulkActionsOf } from '#actions/row-actions.ts';
import {
  apiVersionText,
  fetchAllTypes,
  fetchGroups,
  fetchTypes,
  type ResourceType,
} from '#api/cluster-types.ts';
import { useGo } from '#app/link.tsx';
import { useSearchState } from '#app/search.ts';
import { useT } from '#i18n/index.ts';
import { clearable } from '#ui/clearable.tsx';
import { LiveTable } from '#table/live-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { WriteButton } from '#ui/write-button.tsx';
import { inTreeOrder, isListable, searchTree, type GroupNode } from './api-tree.ts';
import { addressOfType, kindEntryOf } from './definition-kind.ts';
import styles from './custom-resources.module.css';

export function ResourceObjects({ cluster }: { readonly cluster: string }) {
  const t = useT();
  const [search, setSearch] = useSearchState();
  const chosen = search['type'] ?? '';
  const [group, version] = splitAddress(chosen);
  const types = useTypes(cluster, group, version, chosen !== '');
  const type = types.data?.find((one) => addressOfType(one) === chosen);
  return (
    <div className={styles['beside']}>
      <Tree
        cluster={cluster}
        chosen={chosen}
        onChoose={(next) =>
          setSearch({ type: addressOfType(next), q: '', sort: '', offset: '' }, { push: true })
        }
      />
      <div className={styles['objects']}>
        {type ? (
          <Objects key={chosen} cluster={cluster} type={type} />
        ) : chosen === '' ? (
          <Empty title={t('crds.choose')} why={t('crds.choose.why')} mark="←" />
        ) : types.error ? (
          <Failure error={types.error} onRetry={() => void types.refetch()} />
        ) : types.isPending ? (
          <Loading />
        ) : (
          <Failure error={{ code: 404, message: chosen }} />
        )}
      </div>
    </div>
  );
}

function splitAddress(address: string): [group: string, version: string] {
  const parts = address.split('/');
  return parts.length === 3 ? [parts[0] ?? '', parts[1] ?? ''] : ['', parts[0] ?? ''];
}

function useTypes(cluster: string, group: string, version: string, enabled: boolean) {
  return useQuery({
    queryKey: ['tree', cluster, group, version],
    queryFn: () => fetchTypes(cluster, group, version),
    enabled,
    staleTime: 30_000,
  });
}

function Objects({ cluster, type }: { readonly cluster: string; readonly type: ResourceType }) {
  const t = useT();
  const go = useGo();
  const kind = kindEntryOf(type);
  const offered = { cluster, kind, t };
  const create = (
    <WriteButton
      onClick={() =>
        go(`${links.cluster(cluster)}/yaml?kind=${type.plural}${type.group ? `.${type.group}` : ''}`)
      }
    >
      {t('yaml.create')}
    </WriteButton>
  );
  return (
    <>
      <h2 className={styles['title']}>
        {type.kind} <span className="muted">{apiVersionText(type)}</span>
      </h2>
      <LiveTable
        cluster={cluster}
        resource={kind.resource}
        label={`${type.kind} ${apiVersionText(type)}`}
        linkOf={(row) => links.object(cluster, kind.resource, row)}
        actionsOf={(row) => actionsOfRow(row, offered)}
        bulkActions={bulkActionsOf(offered)}
        empty={{ title: t('crds.noObjects', { kind: type.kind }), why: '', action: create }}
      />
    </>
  );
}

interface TreeProps {
  readonly cluster: string;
  readonly chosen: string;
  readonly onChoose: (type: ResourceType) => void;
}

function Tree({ cluster, chosen, onChoose }: TreeProps) {
  const t = useT();
  const [text, setText] = useState('');
  const wanted = useDeferredValue(text.trim());
  const groups = useQuery({ queryKey: ['tree', cluster], queryFn: () => fetchGroups(cluster) });
  const all = useQuery({
    queryKey: ['tree', cluster, 'all'],
    queryFn: () => fetchAllTypes(cluster),
    enabled: wanted !== '',
    staleTime: 30_000,
  });
  const found =
    wanted !== '' && groups.data && all.data ? searchTree(groups.data, all.data, wanted) : undefined;
  const nodes: readonly GroupNode[] | undefined =
    wanted === ''
      ? groups.data &&
        inTreeOrder(groups.data).map(({ name, versions }) => ({
          name,
          versions: versions.map((version) => ({ version, kinds: undefined })),
        }))
      : found;
  const [group, version] = splitAddress(chosen);
  return (
    <nav className={styles['tree']} aria-label={t('crds.groups')}>
      <Input
        prefix={<SearchOutlined />}
        allowClear={clearable}
        aria-label={t('crds.search')}
        placeholder={t('crds.search')}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {groups.error ? <Failure error={groups.error} onRetry={() => void groups.refetch()} /> : null}
      {!nodes && !groups.error ? <Loading /> : null}
      {found?.length === 0 ? <p className="muted">{t('palette.none', { text: wanted })}</p> : null}
      <ul>
        {nodes?.map((node) => (
          <Branch
            key={`${node.name} ${wanted}`}
            title={node.name === '' ? t('crds.core') : node.name}
            isOpenAtFirst={wanted !== '' || (chosen !== '' && group === node.name)}
          >
            {node.versions.map((one) => (
              <Branch
                key={one.version}
                title={one.version}
                isOpenAtFirst={
                  wanted !== '' ||
                  node.versions.length === 1 ||
                  (group === node.name && version === one.version)
                }
              >
                <Kinds
                  cluster={cluster}
                  group={node.name}
                  version={one.version}
                  known={one.kinds}
                  chosen={chosen}
                  onChoose={onChoose}
                />
              </Branch>
            ))}
          </Branch>
        ))}
      </ul>
    </nav>
  );
}

function Branch({
  title,
  isOpenAtFirst,
  children,
}: {
  readonly title: string;
  readonly isOpenAtFirst: boolean;
  readonly children: React.ReactNode;
}) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  return (
    <li>
      <button
        type="button"
        className={styles['branch']}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> {title}
      </button>
      {isOpen ? <ul>{children}</ul> : null}
    </li>
  );
}

interface KindsProps extends TreeProps {
  readonly group: string;
  readonly version: string;
  readonly known: readonly ResourceType[] | undefined;
}

function Kinds({ cluster, group, version, known, chosen, onChoose }: KindsProps) {
  const { data, error, refetch } = useTypes(cluster, group, version, known === undefined);
  const types = known ?? data?.filter(isListable);
  if (!types)
    return <li>{error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading />}</li>;
  return types
    .toSorted((one, other) => one.kind.localeCompare(other.kind))
    .map((type) => (
      <li key={type.plural}>
        <button
          type="button"
          className={styles['leaf']}
          aria-current={addressOfType(type) === chosen ? 'true' : undefined}
          onClick={() => onChoose(type)}
        >
          {type.kind}
        </button>
      </li>
    ));
}
