/** The few facts of a kind that one looks for first. */
import { links } from '@skerry/center/contract';
import type { ApiObject } from '#api/objects.ts';
import { Link } from '#app/link.tsx';
import type { Translate } from '#i18n/index.ts';
import type { KindEntry } from '#kinds/kind.ts';
import { listAt, mapAt, textAt, valueAt } from '#kinds/values.ts';
import { Age } from '#ui/age.tsx';
import type { Fact } from '#ui/page.tsx';
import { Chips } from '#ui/chips.tsx';

interface FactsOf {
  readonly cluster: string;
  readonly kind: KindEntry;
  readonly object: ApiObject;
  readonly t: Translate;
}

const byResource: Readonly<Record<string, (of: FactsOf) => readonly Fact[]>> = {
  pods: ({ cluster, object, t }) => {
    const node = textAt(object, 'spec', 'nodeName');
    return [
      [
        t('column.node'),
        node ? (
          <Link key="node" to={links.node(cluster, node)}>
            {node}
          </Link>
        ) : (
          t('facts.notPlaced')
        ),
      ],
      [t('column.ip'), textAt(object, 'status', 'podIP')],
      [t('facts.qos'), textAt(object, 'status', 'qosClass')],
      [t('facts.serviceAccount'), textAt(object, 'spec', 'serviceAccountName')],
      [
        t('facts.priority'),
        textAt(object, 'spec', 'priorityClassName') ?? textAt(object, 'spec', 'priority'),
      ],
      [t('column.node-selector'), <Chips key="selector" of={mapAt(object, 'spec', 'nodeSelector')} />],
    ];
  },
  'deployments.apps': ({ object, t }) => [
    [t('column.replicas'), replicas(object, t)],
    [
      t('column.node-selector'),
      <Chips key="selector" of={mapAt(object, 'spec', 'template', 'spec', 'nodeSelector')} />,
    ],
    [t('facts.strategy'), strategy(object, 'strategy'), true],
  ],
  'statefulsets.apps': ({ object, t }) => [
    [t('column.replicas'), replicas(object, t)],
    [t('facts.service'), textAt(object, 'spec', 'serviceName')],
    [t('facts.strategy'), strategy(object, 'updateStrategy'), true],
  ],
  'daemonsets.apps': ({ object, t }) => [
    [
      t('kind.pods'),
      t('facts.daemonSet', {
        ready: textAt(object, 'status', 'numberReady') ?? 0,
        desired: textAt(object, 'status', 'desiredNumberScheduled') ?? 0,
        updated: textAt(object, 'status', 'updatedNumberScheduled') ?? 0,
      }),
    ],
    [
      t('column.node-selector'),
      <Chips key="selector" of={mapAt(object, 'spec', 'template', 'spec', 'nodeSelector')} />,
    ],
    [t('facts.strategy'), strategy(object, 'updateStrategy'), true],
  ],
  'jobs.batch': ({ object, t }) => [
    [
      t('column.completions'),
      `${textAt(object, 'status', 'succeeded') ?? 0}/${textAt(object, 'spec', 'completions') ?? 1}`,
    ],
    [t('facts.started'), <Age key="start" since={textAt(object, 'status', 'startTime')} />],
    [t('facts.parallelism'), textAt(object, 'spec', 'parallelism')],
  ],
  'cronjobs.batch': ({ object, t }) => [
    [t('column.schedule'), textAt(object, 'spec', 'schedule')],
    [t('facts.timeZone'), textAt(object, 'spec', 'timeZone')],
    [t('column.suspend'), valueAt(object, 'spec', 'suspend') === true ? t('facts.yes') : t('facts.no')],
    [t('column.last-schedule'), <Age key="last" since={textAt(object, 'status', 'lastScheduleTime')} />],
  ],
  services: ({ object, t }) => [
    [t('column.type'), textAt(object, 'spec', 'type')],
    [t('column.cluster-ip'), textAt(object, 'spec', 'clusterIP')],
    [
      t('column.ports'),
      listAt(object, 'spec', 'ports')
        .map(
          (port) =>
            `${textAt(port, 'port') ?? ''} → ${textAt(port, 'targetPort') ?? ''} ${textAt(port, 'protocol') ?? 'TCP'}`,
        )
        .join(', '),
    ],
    [t('facts.selector'), <Chips key="selector" of={mapAt(object, 'spec', 'selector')} />],
  ],
  persistentvolumeclaims: ({ object, t }) => [
    [t('column.status'), textAt(object, 'status', 'phase')],
    [
      t('column.capacity'),
      textAt(object, 'status', 'capacity', 'storage') ??
        textAt(object, 'spec', 'resources', 'requests', 'storage'),
    ],
    [t('column.storageclass'), textAt(object, 'spec', 'storageClassName')],
    [t('column.volume'), textAt(object, 'spec', 'volumeName')],
  ],
  secrets: ({ object, t }) => [[t('column.type'), textAt(object, 'type')]],
};

export function factsOf(of: FactsOf): readonly Fact[] {
  return byResource[of.kind.resource]?.(of) ?? [];
}

function replicas(object: ApiObject, t: Translate): string {
  return t('facts.replicas', {
    ready: textAt(object, 'status', 'readyReplicas') ?? 0,
    wanted: textAt(object, 'spec', 'replicas') ?? 1,
    updated: textAt(object, 'status', 'updatedReplicas') ?? 0,
  });
}

function strategy(object: ApiObject, field: string): string {
  const type = textAt(object, 'spec', field, 'type') ?? '';
  const unavailable = textAt(object, 'spec', field, 'rollingUpdate', 'maxUnavailable');
  const surge = textAt(object, 'spec', field, 'rollingUpdate', 'maxSurge');
  return [type, unavailable ? `maxUnavailable ${unavailable}` : '', surge ? `maxSurge ${surge}` : '']
    .filter(Boolean)
    .join(', ');
}
