/** Everything about one object: what it is, what belongs to it, what happened to it, and what can be done. */
import { links, type Row } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useObject, type ApiObject } from '#api/objects.ts';
import { useT } from '#i18n/index.ts';
import type { KindEntry } from '#kinds/kind.ts';
import { selectorText } from '#kinds/selector.ts';
import { singularOf, useKind } from '#kinds/use-kind.ts';
import { mapAt, valueAt } from '#kinds/values.ts';
import { Failure, Loading } from '#ui/states.tsx';
import { EventsOf } from './events-of.tsx';
import { ObjectPage } from './object-page.tsx';
import { Charts } from '#charts/charts.tsx';
import { OverviewOf } from './overview-of.tsx';
import { PodsOf } from './pods-of.tsx';
import { YamlOf } from './yaml-of.tsx';

export function ResourceDetail() {
  const {
    cluster = '',
    resource = '',
    namespace: given = '-',
    name = '',
  } = useParams({ strict: false }) as {
    cluster?: string;
    resource?: string;
    namespace?: string;
    name?: string;
  };
  const { data: kind, error } = useKind(cluster, resource);
  const namespace = given === '-' ? undefined : given;
  if (error) return <Failure error={error} />;
  if (!kind) return <Loading />;
  return (
    <DetailOf
      key={`${resource}/${given}/${name}`}
      cluster={cluster}
      kind={kind}
      namespace={namespace}
      name={name}
    />
  );
}

interface DetailProps {
  readonly cluster: string;
  readonly kind: KindEntry;
  readonly namespace: string | undefined;
  readonly name: string;
}

export function DetailOf({ cluster, kind, namespace, name }: DetailProps) {
  const t = useT();
  const seen = useObject(cluster, kind, { namespace, name });
  const { data: object, error, refetch } = seen;
  if (!object) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading />;
  const labels = {
    overview: t('tab.overview'),
    pods: t('kind.pods'),
    charts: t('tab.charts'),
    events: t('kind.events'),
    yaml: t('tab.yaml'),
  };
  return (
    <ObjectPage
      cluster={cluster}
      kind={kind}
      name={name}
      subtitle={[singularOf(kind, t), namespace].filter(Boolean).join(' · ')}
      seen={seen}
      list={links.list(cluster, kind.resource)}
      tabs={Object.entries(tabsOf({ cluster, kind, object, row: seen.row })).map(([key, children]) => ({
        key,
        label: labels[key as keyof typeof labels],
        children,
      }))}
    />
  );
}

function tabsOf({
  cluster,
  kind,
  object,
  row,
}: {
  cluster: string;
  kind: KindEntry;
  object: ApiObject;
  row: Row | undefined;
}): Record<string, ReactNode> {
  const { name, namespace } = object.metadata;
  const selector =
    kind.resource === 'services'
      ? labelsText(mapAt(object, 'spec', 'selector'))
      : selectorText(valueAt(object, 'spec', 'selector'));
  const hasPods = selector !== '' && (kind.templatePath !== undefined || kind.resource === 'services');
  return {
    overview: <OverviewOf cluster={cluster} kind={kind} object={object} row={row} />,
    ...(hasPods
      ? { pods: <PodsOf cluster={cluster} namespace={namespace ?? ''} selector={selector} /> }
      : {}),
    ...(kind.resource === 'pods'
      ? { charts: <Charts cluster={cluster} of={{ pod: name, namespace: namespace ?? '' }} /> }
      : {}),
    events: <EventsOf cluster={cluster} object={object} kind={kind.kind} />,
    ...(kind.resource === 'secrets'
      ? {}
      : { yaml: <YamlOf cluster={cluster} kind={kind} object={object} row={row} /> }),
  };
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
