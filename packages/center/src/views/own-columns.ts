/**
 * Columns that a person has asked for: a label, an annotation or a field, `label:app`, `annotation:example.com/note`,
 * `field:.spec.replicas`.
 *
 * Labels are kept of every object, so lists are sorted by them. Annotations and fields are not: they are read, with the caller's
 * own rights, of the rows of the page alone, and again when a row's object has changed. So they cost nothing where nobody asks,
 * and a list can't be sorted by them.
 */
import { badRequest, type AnyObject } from '@skerry/api';
import type { ApiClient, ResourceRef } from '@skerry/client';
import type { Cell, Column } from '#contract/index.ts';
import type { Item } from '#cache/item.ts';
import { inParallel } from '#rights/in-parallel.ts';
import type { ViewColumn } from '#views/view-kind.ts';

export const ownColumnsMax = 8;
const textLengthMax = 300;
const cellLengthMax = 256;
const readsAtOnce = 8;

/** A name, an index, or all there are. */
type Segment = string | number | typeof each;
const each = Symbol('each');

/** @throws ApiError BadRequest */
export function checkedOwnColumns(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length > ownColumnsMax)
    throw badRequest(`columns: at most ${ownColumnsMax} columns`);
  return value.map((text: unknown) => {
    if (typeof text !== 'string' || text.length > textLengthMax || pathOf(text) === undefined)
      throw badRequest(
        'columns: each is label:NAME, annotation:NAME or field:.path.to[0].it, as in field:.spec.replicas',
      );
    return text;
  });
}

/** Those that are made of what is kept anyway. */
export function labelColumns(wanted: readonly string[]): ViewColumn[] {
  return wanted
    .filter((text) => text.startsWith('label:'))
    .map((text) => {
      const label = text.slice('label:'.length);
      return {
        ...columnFor(text),
        sortable: true,
        derive: ({ metadata }) => metadata.labels?.[label] ?? null,
      };
    });
}

/** The columns that {@link FieldReader} fills, in their order. */
export function fieldColumns(wanted: readonly string[]): Column[] {
  return fieldsOf(wanted).map(columnFor);
}

function fieldsOf(wanted: readonly string[]): readonly string[] {
  return wanted.filter((text) => !text.startsWith('label:'));
}

function columnFor(text: string): Column {
  const title = text.startsWith('field:') ? text.slice('field:'.length) : text.slice(text.indexOf(':') + 1);
  return { id: text, title, type: 'text', priority: 0, sortable: false };
}

/** Reads fields of the objects of a page, and remembers those of the last page it read. */
export class FieldReader {
  #known = new Map<string, { readonly resourceVersion: string; readonly cells: readonly Cell[] }>();
  #of = '';

  async read(
    client: ApiClient,
    { ref, items, wanted }: { ref: ResourceRef; items: readonly Item[]; wanted: readonly string[] },
  ): Promise<readonly (readonly Cell[])[]> {
    const fields = fieldsOf(wanted);
    if (this.#of !== fields.join('\n')) this.#known.clear();
    this.#of = fields.join('\n');
    const paths = fields.map((text) => (mayShow(ref, text) ? (pathOf(text) ?? []) : undefined));
    const nothing = fields.map(() => null);
    const now = new Map<string, { readonly resourceVersion: string; readonly cells: readonly Cell[] }>();
    await inParallel(items, readsAtOnce, async ({ metadata }) => {
      const { uid, name, namespace, resourceVersion = '' } = metadata;
      const known = this.#known.get(uid);
      if (known?.resourceVersion === resourceVersion) {
        now.set(uid, known);
        return;
      }
      const cells = await client
        .resource<AnyObject & { metadata: { name: string } }>(ref)
        .get(name, namespace === undefined ? {} : { namespace })
        .then(
          (object) => paths.map((path) => (path ? cellAt(object, path) : null)),
          // Gone meanwhile, or not for this caller to read.
          () => nothing,
        );
      now.set(uid, { resourceVersion, cells });
    });
    this.#known = now;
    return items.map(({ metadata }) => now.get(metadata.uid)?.cells ?? nothing);
  }
}

/** Values of Secrets are shown one by one, on request, after a fresh proof: a list has none. */
function mayShow({ group, resource }: ResourceRef, text: string): boolean {
  return !(group === '' && resource === 'secrets') || /^field:\.(metadata|type)\b/.test(text);
}

const fieldPattern = /\.([\w-]+)|\['([^'\]]+)'\]|\[(\d{1,6}|\*)\]/y;

/** Undefined where the text is no column. */
function pathOf(text: string): Segment[] | undefined {
  const [, kind, rest = ''] = /^(label|annotation|field):(.+)$/s.exec(text) ?? [];
  if (kind === 'label') return ['metadata', 'labels', rest];
  if (kind === 'annotation') return ['metadata', 'annotations', rest];
  if (kind !== 'field') return undefined;
  const path: Segment[] = [];
  fieldPattern.lastIndex = 0;
  while (fieldPattern.lastIndex < rest.length) {
    const [, word, quoted, index] = fieldPattern.exec(rest) ?? [];
    const segment = word ?? quoted ?? (index === '*' ? each : index && Number(index));
    if (segment === undefined || segment === '') return undefined;
    path.push(segment);
  }
  return path;
}

function cellAt(object: unknown, path: readonly Segment[]): Cell {
  const found = valuesAt(object, path).filter((value) => value !== undefined && value !== null);
  if (found.length === 0) return null;
  const text = found.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(', ');
  return text.length > cellLengthMax ? `${text.slice(0, cellLengthMax - 1)}…` : text;
}

function valuesAt(value: unknown, [segment, ...rest]: readonly Segment[]): unknown[] {
  if (segment === undefined) return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (segment === each) return Object.values(value).flatMap((one) => valuesAt(one, rest));
  return Object.hasOwn(value, segment)
    ? valuesAt((value as Record<string | number, unknown>)[segment], rest)
    : [];
}
