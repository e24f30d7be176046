import { links } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { Tabs } from 'antd';
import { actionsOfRow, bulkActionsOf } from '#actions/row-actions.ts';
import { useObject } from '#api/objects.ts';
import { useGo } from '#app/link.tsx';
import { useSearchState } from '#app/search.ts';
import { Charts } from '#charts/charts.tsx';
import { useT } from '#i18n/index.ts';
import { kindOf } from '#kinds/built-in.ts';
import { listAt, mapAt, textAt, valueAt } from '#kinds/values.ts';
import { EventsOf } from '#screens/resources/events-of.tsx';
import { YamlOf } from '#screens/resources/yaml-of.tsx';
import { LiveTable } from '#table/live-table.tsx';
import { ActionButtons } from '#ui/action-buttons.tsx';
import { Age } from '#ui/age.tsx';
import { Chips } from '#ui/chips.tsx';
import { Card, Facts, Page, Stack } from '#ui/page.tsx';
import { Failure, Loading } from '#ui/states.tsx';
import { StateTag } from '#ui/tone.tsx';
import { JoinScripts } from './join-scripts.tsx';
import { regionLabel } from './pool-form.tsx';
import { poolKind } from './pools.tsx';

/** One pool: its nodes, what runs there, how it does. */
export function PoolScreen() {
  const { cluster = '', pool = '' } = useParams({ strict: false }) as { cluster?: string; pool?: string };
  const t = useT();
  const go = useGo();
  const [search, change] = useSearchState();
  const { data, error, row, refetch } = useObject(cluster, poolKind, { name: pool });
  if (!data) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading />;
  const state = row?.cells.find((cell) => cell !== null && typeof cell === 'object');
  const nodes = kindOf('nodes');
  const pods = kindOf('pods');
  return (
    <Page
      title={pool}
      mark={
        <>
          <span className="muted">{t('kind.nodepools.apps.openyurt.io')}</span>
          {state && typeof state === 'object' ? <StateTag {...state} /> : null}
        </>
      }
      actions={
        row ? (
          <ActionButtons
            name={pool}
            actions={actionsOfRow(row, {
              cluster,
              kind: poolKind,
              t,
              onDeleted: () => go(links.pools(cluster)),
            })}
          />
        ) : null
      }
    >
      <Tabs
        activeKey={search.tab ?? 'overview'}
        onChange={(tab) => change({ tab: tab === 'overview' ? undefined : tab }, { push: true })}
        destroyOnHidden
        items={[
          {
            key: 'overview',
            label: t('tab.overview'),
            children: (
              <Stack>
                <Card title={t('tab.basic')}>
                  <Facts
                    of={[
                      [t('column.region'), mapAt(data, 'spec', 'labels')[regionLabel]],
                      [
                        t('pools.type'),
                        textAt(data, 'spec', 'type') === 'Cloud'
                          ? t('pools.type.cloud')
                          : t('pools.type.edge'),
                      ],
                      [
                        t('pools.interConnectivity'),
                        valueAt(data, 'spec', 'interConnectivity') === true ? t('facts.yes') : t('facts.no'),
                      ],
                      [
                        t('pools.podNetwork'),
                        valueAt(data, 'spec', 'hostNetwork') === true
                          ? t('pools.podNetwork.host')
                          : t('pools.podNetwork.container'),
                      ],
                      [
                        t('kind.nodes'),
                        t('pools.nodes', {
                          ready: textAt(data, 'status', 'readyNodeNum') ?? 0,
                          notReady: textAt(data, 'status', 'unreadyNodeNum') ?? 0,
                        }),
                      ],
                      [
                        t('pools.leader'),
                        listAt(data, 'status', 'leaderEndpoints')
                          .map((leader) => textAt(leader, 'nodeName') ?? '')
                          .join(', '),
                      ],
                      [t('column.created'), <Age key="age" since={data.metadata.creationTimestamp} />],
                      [
                        t('field.taints'),
                        listAt(data, 'spec', 'taints')
                          .map(
                            (taint) =>
                              `${textAt(taint, 'key') ?? ''}=${textAt(taint, 'value') ?? ''}:${textAt(taint, 'effect') ?? ''}`,
                          )
                          .join(', '),
                      ],
                    ]}
                    wide={[[t('pools.labels'), <Chips key="labels" of={mapAt(data, 'spec', 'labels')} />]]}
                  />
                </Card>
                <LiveTable
                  cluster={cluster}
                  resource="nodes"
                  label={t('kind.nodes')}
                  isEmbedded
                  fixed={{ pool, group: 'none' }}
                  linkOf={(node) => links.node(cluster, node.name)}
                  actionsOf={(node) => actionsOfRow(node, { cluster, kind: nodes, t })}
                  bulkActions={bulkActionsOf({ cluster, kind: nodes, t })}
                  empty={{ title: t('nodes.none'), why: t('nodes.none.why') }}
                />
                <JoinScripts cluster={cluster} pool={pool} />
              </Stack>
            ),
          },
          {
            key: 'pods',
            label: t('kind.pods'),
            children: (
              <LiveTable
                cluster={cluster}
                resource="pods"
                label={t('kind.pods')}
                isEmbedded
                fixed={{ pool, group: 'none' }}
                linkOf={(pod) => links.object(cluster, 'pods', pod)}
                actionsOf={(pod) => actionsOfRow(pod, { cluster, kind: pods, t })}
                empty={{ title: t('pods.none'), why: t('pods.none.why') }}
              />
            ),
          },
          { key: 'charts', label: t('tab.charts'), children: <Charts cluster={cluster} of={{ pool }} /> },
          {
            key: 'events',
            label: t('kind.events'),
            children: <EventsOf cluster={cluster} object={data} kind="NodePool" />,
          },
          {
            key: 'yaml',
            label: t('tab.yaml'),
            children: <YamlOf cluster={cluster} kind={poolKind} object={data} />,
          },
        ]}
      />
    </Page>
  );
}
