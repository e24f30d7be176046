import { ageText } from '#duration.ts';
import type { ColumnInfo } from '#kind.ts';
import type { Event, EventsEvent } from '#types.generated.ts';
import {
  validateCoreEvent,
  validateNewEvent,
  validateNewEventStrictly,
  validateNewEventUpdate,
} from '#validation/core/event.ts';
import { validateObjectMeta } from '#validation/object-meta.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { column } from '#kinds/columns.ts';

function firstSeen(event: Event, nowMs: number): string {
  return ageText(event.firstTimestamp ?? event.eventTime, nowMs);
}

function lastSeen(event: Event, nowMs: number): string {
  if (event.series) return ageText(event.series.lastObservedTime, nowMs);
  return event.lastTimestamp ? ageText(event.lastTimestamp, nowMs) : firstSeen(event, nowMs);
}

function target({ involvedObject }: Event): string {
  const kind = (involvedObject?.kind ?? '').toLowerCase();
  return involvedObject?.name ? `${kind}/${involvedObject.name}` : kind;
}

function source(event: Event): string {
  const component = event.source?.component || event.reportingComponent || '';
  const instance = event.source?.host || event.reportingInstance || '';
  return instance === '' ? component : `${component}, ${instance}`;
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as for `column`.
function eventColumns<T extends Event | EventsEvent>(asCore: (event: T) => Event): ColumnInfo[] {
  return [
    column<T>('Last Seen', (event, nowMs) => lastSeen(asCore(event), nowMs)),
    column<T>('Type', (event) => event.type),
    column<T>('Reason', (event) => event.reason),
    column<T>('Object', (event) => target(asCore(event))),
    column<T>('Subobject', (event) => asCore(event).involvedObject?.fieldPath, { wide: true }),
    column<T>('Source', (event) => source(asCore(event)), { wide: true }),
    column<T>('Message', (event) => (asCore(event).message ?? '').trim()),
    column<T>('First Seen', (event, nowMs) => firstSeen(asCore(event), nowMs), { wide: true }),
    column<T>('Count', (event) => asCore(event).series?.count ?? (asCore(event).count || 1), { wide: true }),
    column<T>('Name', (event) => event.metadata?.name, { format: 'name', wide: true }),
  ];
}

export const eventBehaviour = behaviour<Event>({
  metaTold: 'never',
  metaLast: true,
  columns: eventColumns<Event>((event) => event),
  strategy: {
    validate: validateCoreEvent,
    // Of both groups: values are looked up in what is stored.
    fieldValue(event, field) {
      if (field === 'source') return event.source?.component || event.reportingComponent || '';
      if (field === 'reportingComponent' || field === 'reportingController')
        return event.reportingComponent ?? '';
      return field.startsWith('regarding.')
        ? targetValue(event, field.slice('regarding.'.length))
        : undefined;
    },
  },
});

function targetValue({ involvedObject }: Event, field: string): string {
  const value = Object.hasOwn(involvedObject ?? {}, field)
    ? (involvedObject as Record<string, unknown>)[field]
    : undefined;
  return typeof value === 'string' ? value : '';
}

/** One store, two shapes: `events.k8s.io` renames what it keeps and marks the old counters as deprecated. */
function coreEventOf(event: EventsEvent): Event {
  const {
    regarding,
    note,
    reportingController,
    deprecatedCount,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedSource,
    ...same
  } = event;
  return withoutUndefined({
    ...same,
    apiVersion: 'v1',
    involvedObject: regarding ?? {},
    message: note,
    reportingComponent: reportingController,
    count: deprecatedCount,
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    source: deprecatedSource,
  });
}

function eventsEventOf(event: Event): EventsEvent {
  const {
    involvedObject,
    message,
    reportingComponent,
    count,
    firstTimestamp,
    lastTimestamp,
    source: from,
    ...same
  } = event;
  // Events of old recorders have no eventTime; readers look at the deprecated instants then.
  const kept = same as typeof same & Pick<EventsEvent, 'eventTime' | 'series'>;
  return withoutUndefined({
    ...kept,
    apiVersion: 'events.k8s.io/v1',
    regarding: involvedObject,
    note: message,
    reportingController: reportingComponent,
    deprecatedCount: count,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedSource: from,
  });
}

function withoutUndefined<T extends object>(object: T): T {
  for (const key of Object.keys(object) as (keyof T)[]) if (object[key] === undefined) delete object[key];
  return object;
}

export const eventsEventBehaviour = behaviour<EventsEvent>({
  metaLast: true,
  columns: eventColumns<EventsEvent>(coreEventOf),
  storage: { group: '', version: 'v1', resource: 'events' },
  strategy: {
    validate(event) {
      const core = coreEventOf(event);
      const meta = validateObjectMeta(event.metadata);
      return [...validateNewEvent(core), ...meta, ...validateNewEventStrictly(core)];
    },
    validateUpdate(event, old) {
      const core = coreEventOf(event);
      return [...validateNewEvent(core), ...validateNewEventUpdate(core, coreEventOf(old))];
    },
  },
  conversion: {
    // Both sides are events by the registry's schema check.
    toStorage: (object) => coreEventOf(object as unknown as EventsEvent) as unknown as typeof object,
    fromStorage: (object) => eventsEventOf(object as unknown as Event) as unknown as typeof object,
  },
});
