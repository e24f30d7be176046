import { badRequest, invalid, parseFieldSelector, parseLabelSelector } from '@skerry/api';
import type { FieldError, FieldSelector, Selector } from '@skerry/api';
import { knownFields, type Selectable } from '#list/selectable-fields.ts';

/** The query of a list or watch, parsed and checked. Rules: https://kubernetes.io/docs/reference/using-api/api-concepts/ */
export interface ListOptions {
  readonly watch: boolean;
  readonly labelSelector: Selector;
  readonly fieldSelector: FieldSelector;
  /** Unset: no limit. */
  readonly limit?: number;
  readonly continue?: string;
  /** Unset: the most recent; 0: whatever is at hand. */
  readonly resourceVersion?: number;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
}

/**
 * @param custom whether the kind is of a CustomResourceDefinition.
 * @param kind its `selectableFields` are those allowed besides name and namespace; unset: any.
 * @throws ApiError BadRequest or Invalid, worded as kube-apiserver does.
 */
export function parseListOptions(
  query: URLSearchParams,
  kind?: Selectable,
  { custom = false }: { custom?: boolean } = {},
): ListOptions {
  const labelSelector = parseLabelSelector(query.get('labelSelector') ?? '');
  const given = parseFieldSelector(query.get('fieldSelector') ?? '');
  const fieldSelector = kind ? knownFields(given, kind, { custom }) : given;
  const texts = {
    resourceVersion: query.get('resourceVersion') ?? '',
    match: query.get('resourceVersionMatch') ?? '',
    continue: query.get('continue') ?? '',
  };
  const watch = booleanOf(query, 'watch') ?? false;
  const asked = booleanOf(query, 'sendInitialEvents');
  // A watch from nowhere is an older way to ask for everything first.
  const fromNowhere = texts.resourceVersion === '' || texts.resourceVersion === '0';
  const implied = watch && asked === undefined && texts.match === '' && fromNowhere;
  const sendInitialEvents = implied ? true : asked;
  if (implied) texts.match = 'NotOlderThan';
  const faults = watch
    ? watchFaults({ ...texts, sendInitialEvents })
    : listFaults({ ...texts, sendInitialEvents });
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', faults);
  const limit = integerOf(query, 'limit');
  return {
    watch,
    labelSelector,
    fieldSelector,
    limit: limit !== undefined && limit > 0 ? limit : undefined,
    continue: texts.continue || undefined,
    resourceVersion: resourceVersionOf(texts.resourceVersion),
    resourceVersionMatch: texts.match ? (texts.match as 'Exact' | 'NotOlderThan') : undefined,
    allowWatchBookmarks: booleanOf(query, 'allowWatchBookmarks') ?? false,
    sendInitialEvents,
    timeoutSeconds: integerOf(query, 'timeoutSeconds'),
  };
}

/** A resource version from outside. Unset for ''. @throws ApiError BadRequest. */
export function resourceVersionOf(text: string): number | undefined {
  if (text === '') return undefined;
  const revision = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(revision)) return revision;
  const why = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw badRequest(
    `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: ${why}`,
  );
}

interface Texts {
  readonly resourceVersion: string;
  readonly match: string;
  readonly continue: string;
  readonly sendInitialEvents: boolean | undefined;
}

function listFaults({ resourceVersion, match, continue: token, sendInitialEvents }: Texts): FieldError[] {
  const faults: FieldError[] = [];
  const field = 'resourceVersionMatch';
  if (match !== '') {
    if (resourceVersion === '') {
      faults.push(forbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    }
    if (token !== '') {
      faults.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'));
    }
    if (match !== 'Exact' && match !== 'NotOlderThan')
      faults.push(unsupportedMatch(match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0') {
      faults.push(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (sendInitialEvents !== undefined) {
    faults.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return faults;
}

function watchFaults({ match, continue: token, sendInitialEvents }: Texts): FieldError[] {
  const faults: FieldError[] = [];
  const field = 'resourceVersionMatch';
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    faults.push(forbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match === '') return faults;
  if (sendInitialEvents === undefined) {
    faults.push(
      forbidden(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
    );
  }
  if (match !== 'NotOlderThan') faults.push(unsupportedMatch(match, ['NotOlderThan']));
  if (token !== '')
    faults.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'));
  return faults;
}

function forbidden(path: string, why: string): FieldError {
  return { reason: 'FieldValueForbidden', path, message: `Forbidden: ${why}` };
}

function unsupportedMatch(match: string, supported: readonly string[]): FieldError {
  const listed = supported.map((value) => JSON.stringify(value)).join(', ');
  return {
    reason: 'FieldValueNotSupported',
    path: 'resourceVersionMatch',
    message: `Unsupported value: ${JSON.stringify(match)}: supported values: ${listed}`,
  };
}

/** As Go reads query booleans: present and empty is true, `0` and `false` are false, all else is true. */
function booleanOf(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return !['0', 'false'].includes(text.toLowerCase());
}

function integerOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (/^[-+]?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}
