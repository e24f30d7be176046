/**
 * Events, in both shapes: the core one, where events without a time of their own are of the older kind and little is asked
 * of them, and that of events.k8s.io, which only takes the newer kind. Faults name fields as the core shape does.
 */
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { Event } from '#types.generated.ts';
import { checkImmutable, checkReasons, invalidValue, required, sameJson } from '#validation/faults.ts';
import { dnsSubdomainFaults } from '#validation/names.ts';
import { typedForm } from '#validation/typed-form.ts';

const nameLengthMax = 128;
const noteLengthMax = 1024;

/** `controllerField`: what the shape calls the reporting controller. */
function checkEvent(
  faults: FieldError[],
  event: Event,
  controllerField: 'reportingComponent' | 'reportingController',
): void {
  const namespace = event.metadata.namespace ?? '';
  const about = event.involvedObject?.namespace ?? '';
  const wrongNamespace = invalidValue('involvedObject.namespace', about, 'does not match event.namespace');
  if (!event.eventTime) {
    const clusterWide = about === '' && (namespace === '' || namespace === 'default');
    if (!clusterWide && about !== namespace) faults.push(wrongNamespace);
  } else {
    if (about === '' && namespace !== 'default' && namespace !== 'kube-system') faults.push(wrongNamespace);
    const controller = event.reportingComponent ?? '';
    if (!controller) faults.push(required(controllerField));
    checkReasons(faults, controllerField, controller, labelKeyFaults(controller));
    for (const field of ['reportingInstance', 'action', 'reason'] as const) {
      const text = event[field] ?? '';
      if (!text) faults.push(required(field));
      if (text.length > nameLengthMax)
        faults.push(invalidValue(field, '', `can have at most ${nameLengthMax} characters`));
    }
    if ((event.message ?? '').length > noteLengthMax)
      faults.push(invalidValue('message', '', `can have at most ${noteLengthMax} characters`));
  }
  checkReasons(faults, 'namespace', namespace, dnsSubdomainFaults(namespace));
}

export function validateCoreEvent(event: Event): FieldError[] {
  const faults: FieldError[] = [];
  checkEvent(faults, event, 'reportingComponent');
  return faults;
}

/** Before the faults of metadata are told. */
export function validateNewEvent(event: Event): FieldError[] {
  const faults: FieldError[] = [];
  checkEvent(faults, event, 'reportingController');
  return faults;
}

/** After them. */
export function validateNewEventStrictly(event: Event): FieldError[] {
  const faults: FieldError[] = [];
  checkSeries(faults, event);
  if (!event.eventTime) faults.push(required('eventTime'));
  if (event.type !== 'Normal' && event.type !== 'Warning')
    faults.push(invalidValue('type', '', `has invalid value: ${event.type ?? ''}`));
  const unset = (field: string, value: unknown): void => {
    if (value) faults.push(invalidValue(field, '', 'needs to be unset'));
  };
  unset('firstTimestamp', event.firstTimestamp);
  unset('lastTimestamp', event.lastTimestamp);
  unset('count', event.count);
  unset('source', event.source?.component || event.source?.host);
  return faults;
}

function checkSeries(faults: FieldError[], { series }: Event): void {
  if (!series) return;
  if ((series.count ?? 0) < 2) faults.push(invalidValue('series.count', '', 'should be at least 2'));
  if (!series.lastObservedTime) faults.push(required('series.lastObservedTime'));
}

/** In the order in which they are told. */
const keptFields = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'reason',
  'type',
  'eventTime',
  'action',
  'related',
] as const;

const texts: ReadonlySet<string> = new Set(['reason', 'message', 'type', 'action']);

function told(event: Event, field: (typeof keptFields)[number]): unknown {
  if (field === 'involvedObject' || field === 'related') return typedForm('ObjectReference', event[field]);
  return texts.has(field) ? (event[field] ?? '') : event[field];
}

export function validateNewEventUpdate(event: Event, old: Event): FieldError[] {
  const faults: FieldError[] = [];
  if (!sameJson(event.series, old.series)) checkSeries(faults, event);
  for (const field of keptFields) checkImmutable(faults, field, told(event, field), told(old, field));
  const { reportingComponent = '', reportingInstance = '' } = event;
  checkImmutable(faults, 'reportingController', reportingComponent, old.reportingComponent ?? '');
  checkImmutable(faults, 'reportingInstance', reportingInstance, old.reportingInstance ?? '');
  return faults;
}
