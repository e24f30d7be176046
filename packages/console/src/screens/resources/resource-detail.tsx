/** Everything about one object: what it is, what belongs to it, what happened to it, and what can be done. */
import { links } from '@skerry/center/contract';
import { useParams } from '@tanstack/react-router';
import { Tabs } from 'antd';
import type { ReactNode } from 'react';
import { actionsOfRow } from '#actions/row-actions.ts';
import { useObject, type ApiObject } from '#api/objects.ts';
import { useGo } from '#app/link.tsx';
import { useSearchState } from '#app/search.ts';
import { useT } from '#i18n/index.ts';
import type { KindEntry } from '#kinds/kind.ts';
import { selectorText } from '#kinds/selector.ts';
import { titleOf, useKind } from '#kinds/use-kind.ts';
import { mapAt, valueAt } from '#kinds/values.ts';
import { FreshnessMark } from '#ui/freshness-mark.tsx';
import { ActionButtons } from '#ui/action-buttons.tsx';
import { Page } from '#ui/page.tsx';
import { Failure, Loading } from '#ui/states.tsx';
import { StateTag } from '#ui/tone.tsx';
import { EventsOf } from './events-of.tsx';
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
  const go = useGo();
  const { data: object, error, row, refetch, freshness } = useObject(cluster, kind, { namespace, name });
  const [search, change] = useSearchState();
  if (!object) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading />;
  const state = row?.cells.find((cell) => cell !== null && typeof cell === 'object');
  const tabs = tabsOf({ cluster, kind, object });
  const labels = {
    overview: t('tab.overview'),
    pods: t('kind.pods'),
    charts: t('tab.charts'),
    events: t('kind.events'),
    yaml: t('tab.yaml'),
  };
  return (
    <Page
      title={name}
      mark={
        <>
          <span className="muted">{[titleOf(kind, t), namespace].filter(Boolean).join(' · ')}</span>
          {state && typeof state === 'object' ? <StateTag {...state} /> : null}
          {freshness.state === 'stale' ? <FreshnessMark freshness={freshness} /> : null}
        </>
      }
      actions={
        row ? (
          <ActionButtons
            name={name}
            actions={actionsOfRow(row, {
              cluster,
              kind,
              t,
              onDeleted: () => go(links.list(cluster, kind.resource)),
            })}
          />
        ) : null
      }
    >
      <Tabs
        activeKey={search.tab ?? 'overview'}
        onChange={(tab) => change({ tab: tab === 'overview' ? undefined : tab }, { push: true })}
        destroyOnHidden
        items={Object.entries(tabs).map(([key, children]) => ({
          key,
          label: labels[key as keyof typeof labels],
          children,
        }))}
      />
    </Page>
  );
}

function tabsOf({
  cluster,
  kind,
  object,
}: {
  cluster: string;
  kind: KindEntry;
  object: ApiObject;
}): Record<string, ReactNode> {
  const { name, namespace } = object.metadata;
  const selector =
    kind.resource === 'services'
      ? labelsText(mapAt(object, 'spec', 'selector'))
      : selectorText(valueAt(object, 'spec', 'selector'));
  const hasPods = selector !== '' && (kind.templatePath !== undefined || kind.resource === 'services');
  return {
    overview: <OverviewOf cluster={cluster} kind={kind} object={object} />,
    ...(hasPods
      ? { pods: <PodsOf cluster={cluster} namespace={namespace ?? ''} selector={selector} /> }
      : {}),
    ...(kind.resource === 'pods'
      ? { charts: <Charts cluster={cluster} of={{ pod: name, namespace: namespace ?? '' }} /> }
      : {}),
    events: <EventsOf cluster={cluster} object={object} kind={kind.kind} />,
    ...(kind.resource === 'secrets'
      ? {}
      : { yaml: <YamlOf cluster={cluster} kind={kind} object={object} /> }),
  };
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
