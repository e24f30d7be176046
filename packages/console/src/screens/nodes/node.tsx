import { links } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { actionsOfRow } from '#actions/row-actions.ts';
import { useObject, type ApiObject } from '#api/objects.ts';
import { Link } from '#app/link.tsx';
import { Charts } from '#charts/charts.tsx';
import { useT } from '#i18n/index.ts';
import { kindOf } from '#kinds/built-in.ts';
import { listAt, mapAt, textAt } from '#kinds/values.ts';
import { EventsOf } from '#screens/resources/events-of.tsx';
import { ObjectPage } from '#screens/resources/object-page.tsx';
import { OverviewOf } from '#screens/resources/overview-of.tsx';
import { YamlOf } from '#screens/resources/yaml-of.tsx';
import { LiveTable } from '#table/live-table.tsx';
import { Card, Facts, Stack } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Failure, Loading } from '#ui/states.tsx';
import { nodeKind } from './nodes.tsx';

const poolLabel = 'apps.openyurt.io/nodepool';
const regionLabel = 'topology.kubernetes.io/region';
/** Through whose join token it came. */
const ownerLabel = 'skerry.io/owner';

export function NodeScreen() {
  const { cluster = '', node = '' } = useParams({ strict: false }) as { cluster?: string; node?: string };
  const t = useT();
  const seen = useObject(cluster, nodeKind, { name: node });
  const { data, error, refetch } = seen;
  if (!data) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading />;
  const pods = kindOf('pods');
  return (
    <ObjectPage
      cluster={cluster}
      kind={nodeKind}
      name={node}
      subtitle={t('column.node')}
      seen={seen}
      list={links.nodes(cluster)}
      tabs={[
        {
          key: 'overview',
          label: t('tab.overview'),
          children: (
            <Stack>
              <Place cluster={cluster} node={data} />
              <Resources node={data} />
              <OverviewOf cluster={cluster} kind={nodeKind} object={data} row={seen.row} />
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
              fixed={{ q: `node:${node}`, group: 'none' }}
              linkOf={(pod) => links.object(cluster, 'pods', pod)}
              actionsOf={(pod) => actionsOfRow(pod, { cluster, kind: pods, t })}
              empty={{ title: t('pods.none'), why: t('nodes.noPods.why') }}
            />
          ),
        },
        { key: 'charts', label: t('tab.charts'), children: <Charts cluster={cluster} of={{ node }} /> },
        {
          key: 'events',
          label: t('kind.events'),
          children: <EventsOf cluster={cluster} object={data} kind="Node" />,
        },
        {
          key: 'yaml',
          label: t('tab.yaml'),
          children: <YamlOf cluster={cluster} kind={nodeKind} object={data} row={seen.row} />,
        },
      ]}
    />
  );
}

function Place({ cluster, node }: { readonly cluster: string; readonly node: ApiObject }) {
  const t = useT();
  const { labels = {}, annotations = {} } = node.metadata;
  const pool = labels[poolLabel];
  const isAutonomous =
    annotations['node.beta.openyurt.io/autonomy'] === 'true' ||
    annotations['node.openyurt.io/autonomy-duration'] !== undefined;
  const info = (field: string): string | undefined => textAt(node, 'status', 'nodeInfo', field);
  return (
    <Card title={t('nodes.place')}>
      <Facts
        of={[
          [t('column.region'), labels[regionLabel]],
          [
            t('column.pool'),
            pool ? (
              <Link key="pool" to={links.pool(cluster, pool)}>
                {pool}
              </Link>
            ) : undefined,
          ],
          [t('column.owner'), labels[ownerLabel]],
          [t('column.autonomy'), isAutonomous ? t('facts.yes') : t('facts.no')],
          [
            t('column.ip'),
            listAt(node, 'status', 'addresses')
              .map((address) => textAt(address, 'address') ?? '')
              .join(', '),
          ],
          [t('column.version'), info('kubeletVersion')],
          [t('column.os-image'), info('osImage')],
          [t('nodes.kernel'), info('kernelVersion')],
          [t('nodes.runtime'), info('containerRuntimeVersion')],
          [t('nodes.architecture'), info('architecture')],
          [
            t('field.taints'),
            listAt(node, 'spec', 'taints')
              .map((taint) => `${textAt(taint, 'key') ?? ''}:${textAt(taint, 'effect') ?? ''}`)
              .join(', '),
          ],
        ]}
      />
    </Card>
  );
}

function Resources({ node }: { readonly node: ApiObject }) {
  const t = useT();
  const capacity = mapAt(node, 'status', 'capacity');
  const allocatable = mapAt(node, 'status', 'allocatable');
  return (
    <Card title={t('nodes.resources')} isFlush>
      <PlainTable
        label={t('nodes.resources')}
        numbers={[1, 2]}
        head={[t('nodes.resource'), t('column.capacity'), t('nodes.allocatable')]}
        rows={Object.keys(capacity)
          .sort()
          .map((name) => ({ key: name, cells: [name, capacity[name], allocatable[name]] }))}
      />
    </Card>
  );
}
