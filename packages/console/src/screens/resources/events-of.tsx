import { useQuery } from '@tanstack/react-query';
import { listObjects, type ApiObject } from '#api/objects.ts';
import { useT } from '#i18n/index.ts';
import { kindOf } from '#kinds/built-in.ts';
import { numberAt, textAt } from '#kinds/values.ts';
import { Age } from '#ui/age.tsx';
import { Card } from '#ui/page.tsx';
import { PlainTable } from '#ui/plain-table.tsx';
import { Empty, Failure, Loading } from '#ui/states.tsx';
import { StateTag } from '#ui/tone.tsx';

interface EventsOfProps {
  readonly cluster: string;
  readonly object: ApiObject;
  readonly kind: string;
}

const pollMs = 5000;

export function EventsOf({ cluster, object, kind }: EventsOfProps) {
  const t = useT();
  const { name, namespace, uid } = object.metadata;
  const { data, error, refetch } = useQuery({
    queryKey: ['events-of', cluster, uid ?? name],
    queryFn: () =>
      listObjects(cluster, kindOf('events'), {
        namespace: namespace ?? 'default',
        fieldSelector: `involvedObject.name=${name},involvedObject.kind=${kind}`,
      }),
    refetchInterval: pollMs,
  });
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  const events = data.items.toSorted((one, other) =>
    (lastSeen(other) ?? '').localeCompare(lastSeen(one) ?? ''),
  );
  return (
    <Card isFlush>
      {events.length === 0 ? (
        <Empty title={t('events.none')} why={t('events.none.why')} />
      ) : (
        <PlainTable
          label={t('kind.events')}
          head={[
            t('column.type'),
            t('column.reason'),
            t('column.message'),
            t('column.count'),
            t('column.last-seen'),
          ]}
          rows={events.map((event) => ({
            key: event.metadata.uid ?? event.metadata.name,
            cells: [
              <StateTag
                key="type"
                state={textAt(event, 'type') ?? 'Normal'}
                tone={textAt(event, 'type') === 'Warning' ? 'warning' : 'ok'}
              />,
              textAt(event, 'reason'),
              textAt(event, 'message'),
              numberAt(event, 'count') ?? numberAt(event, 'series', 'count') ?? 1,
              <Age key="age" since={lastSeen(event)} />,
            ],
          }))}
        />
      )}
    </Card>
  );
}

function lastSeen(event: ApiObject): string | undefined {
  return (
    textAt(event, 'series', 'lastObservedTime') ??
    textAt(event, 'lastTimestamp') ??
    textAt(event, 'eventTime') ??
    event.metadata.creationTimestamp
  );
}
