/**
 * What a list or watch is of: a resource in one version, in one namespace or all, narrowed by selectors. Two clients that
 * ask for the same have the same key, whatever they are called; a wider one answers a narrower question.
 */
import { fieldSelectorOf, parseFieldSelector, parseLabelSelector } from '@skerry/api';

export interface CoverageKey {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Unset: all namespaces, or a resource that has none. */
  readonly namespace: string | undefined;
  /** In canonical form; '' for all. */
  readonly labelSelector: string;
  readonly fieldSelector: string;
}

export type ResourceVersionRef = Pick<CoverageKey, 'group' | 'version' | 'resource'>;

export function coverageOf(
  resource: ResourceVersionRef,
  { namespace, labelSelector = '', fieldSelector = '' }: Partial<CoverageKey>,
): CoverageKey {
  const { group, version, resource: name } = resource;
  return {
    group,
    version,
    resource: name,
    namespace,
    labelSelector: parseLabelSelector(labelSelector).text,
    fieldSelector: parseFieldSelector(fieldSelector).text,
  };
}

/** The key of one object. */
export function objectCoverage(
  resource: ResourceVersionRef,
  { namespace, name }: { namespace: string | undefined; name: string },
): CoverageKey {
  const { text } = fieldSelectorOf([{ field: 'metadata.name', operator: '=', value: name }]);
  return coverageOf(resource, { namespace, fieldSelector: text });
}

export function coverageText(key: CoverageKey): string {
  const { group, version, resource, namespace, labelSelector, fieldSelector } = key;
  return JSON.stringify([group, version, resource, namespace ?? null, labelSelector, fieldSelector]);
}

/** The other way; undefined for what `coverageText` has not made. */
export function parseCoverage(text: string): CoverageKey | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value) || value.length !== 6) return undefined;
    const [group, version, resource, namespace, labelSelector, fieldSelector] = value as unknown[];
    const texts = [group, version, resource, labelSelector, fieldSelector];
    if (!texts.every((part) => typeof part === 'string')) return undefined;
    if (namespace !== null && typeof namespace !== 'string') return undefined;
    const [g, v, r, labels, fields] = texts as [string, string, string, string, string];
    return {
      group: g,
      version: v,
      resource: r,
      namespace: namespace ?? undefined,
      labelSelector: labels,
      fieldSelector: fields,
    };
  } catch {
    return undefined;
  }
}

export function resourceText({ group, version, resource }: ResourceVersionRef): string {
  return `${group}/${version}/${resource}`;
}

/** Whether everything that `narrow` selects is in `wide`. May say no where the answer is yes, never the other way. */
export function covers(wide: CoverageKey, narrow: CoverageKey): boolean {
  if (resourceText(wide) !== resourceText(narrow)) return false;
  if (wide.namespace !== undefined && wide.namespace !== narrow.namespace) return false;
  return (
    containsTerms(labelTerms(narrow.labelSelector), labelTerms(wide.labelSelector)) &&
    containsTerms(fieldTerms(narrow.fieldSelector), fieldTerms(wide.fieldSelector))
  );
}

/** A selector is a conjunction: whoever has all terms of another selects no more than it. */
function containsTerms(all: ReadonlySet<string>, some: ReadonlySet<string>): boolean {
  return [...some].every((term) => all.has(term));
}

function labelTerms(selector: string): ReadonlySet<string> {
  if (selector === '') return none;
  return new Set(
    parseLabelSelector(selector).requirements.map(({ key, operator, values }) =>
      JSON.stringify([key, operator, values]),
    ),
  );
}

function fieldTerms(selector: string): ReadonlySet<string> {
  if (selector === '') return none;
  return new Set(parseFieldSelector(selector).requirements.map((term) => fieldSelectorOf([term]).text));
}

const none: ReadonlySet<string> = new Set();

export function collectionPath({ group, version, resource, namespace }: CoverageKey): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined
    ? `${root}/${resource}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
}

export function selectorQuery({ labelSelector, fieldSelector }: CoverageKey): URLSearchParams {
  const query = new URLSearchParams();
  if (labelSelector !== '') query.set('labelSelector', labelSelector);
  if (fieldSelector !== '') query.set('fieldSelector', fieldSelector);
  return query;
}
