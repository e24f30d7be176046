import { links } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { actionsOfRow, bulkActionsOf } from '#actions/row-actions.ts';
import { useObject } from '#api/objects.ts';
import { Charts } from '#charts/charts.tsx';
import { useT } from '#i18n/index.ts';
import { kindOf } from '#kinds/built-in.ts';
import { listAt, mapAt, textAt, valueAt } from '#kinds/values.ts';
import { EventsOf } from '#screens/resources/events-of.tsx';
import { ObjectPage } from '#screens/resources/object-page.tsx';
import { YamlOf } from '#screens/resources/yaml-of.tsx';
import { LiveTable } from '#table/live-table.tsx';
import { Since } from '#ui/age.tsx';
import { Chips } from '#ui/chips.tsx';
import { Card, Facts, Stack } from '#ui/page.tsx';
import { Failure, Loading } from '#ui/states.tsx';
import { JoinScripts } from './join-scripts.tsx';
import { regionLabel } from './pool-form.tsx';
import { poolKind } from './pools.tsx';

/** One pool: its nodes, what runs there, how it does. */
export function PoolScreen() {
  const { cluster = '', pool = '' } = useParams({ strict: false }) as { cluster?: string; pool?: string };
  const t = useT();
  const seen = useObject(cluster, poolKind, { name: pool });
  const { data, error, refetch } = seen;
  if (!data) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading />;
  const nodes = kindOf('nodes');
  const pods = kindOf('pods');
  return (
    <ObjectPage
      cluster={cluster}
      kind={poolKind}
      name={pool}
      subtitle={t('kind.nodepools.apps.openyurt.io')}
      seen={seen}
      list={links.pools(cluster)}
      tabs={[
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
                      textAt(data, 'spec', 'type') === 'Cloud' ? t('pools.type.cloud') : t('pools.type.edge'),
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
                    [t('column.created'), <Since key="created" instant={data.metadata.creationTimestamp} />],
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
          children: <YamlOf cluster={cluster} kind={poolKind} object={data} row={seen.row} />,
        },
      ]}
    />
  );
}
