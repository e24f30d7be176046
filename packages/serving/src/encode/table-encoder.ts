import type { AnyObject, ListMeta } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { CacheEvent, CachedObject, Encoder, ServedKind } from '#contract.ts';
import { errorFrame, frameOf } from '#encode/json-encoder.ts';
import type { JsonForm } from '#encode/json-encoder.ts';

/** What a row carries beside its cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/**
 * `meta.k8s.io` Tables: what `kubectl get` prints. Cells are rendered for every answer, since ages depend on the time; the object of
 * a row is shared bytes. In a watch each frame is a table of one row, and only the first names the columns.
 */
export function tableEncoder(options: {
  kind: ServedKind;
  version: string;
  /** The row's object; undefined: none. */
  rowForm: JsonForm | undefined;
  objectOf: (item: CachedObject) => AnyObject;
  clock: Clock;
}): Encoder {
  const { kind, version, rowForm, objectOf, clock } = options;
  const definitions = kind.columns.map(({ name, type, format = '', description = '', priority }) => ({
    name,
    type,
    format,
    description,
    priority,
  }));
  const head = (metadata: ListMeta, columns: typeof definitions | null) => {
    const table = {
      kind: 'Table',
      apiVersion: `meta.k8s.io/${version}`,
      metadata,
      columnDefinitions: columns,
    };
    return Buffer.from(`${JSON.stringify(table).slice(0, -1)},"rows":[`);
  };
  const row = (item: CachedObject, nowMs: number) => {
    const object = objectOf(item);
    const cells = JSON.stringify(kind.columns.map((column) => column.cell(object, nowMs)));
    const start = Buffer.from(`{"cells":${cells},"object":`);
    return Buffer.concat([start, rowForm ? rowForm.object(item) : nothing, rowEnd]);
  };
  const oneRow = (item: CachedObject, first: boolean) => {
    const { resourceVersion } = item.object.metadata ?? {};
    const columns = first ? definitions : null;
    return Buffer.concat([head({ resourceVersion }, columns), row(item, clock.now()), tableEnd]);
  };
  return {
    contentType: 'application/json',
    watchContentType: 'application/json',
    firstFrameDiffers: true,
    object: (item) => oneRow(item, true),
    list(items, meta) {
      const nowMs = clock.now();
      const pieces: Uint8Array[] = [head(meta, definitions)];
      const { rowOrder } = kind;
      const rows = rowOrder ? items.toSorted((a, b) => rowOrder(objectOf(a), objectOf(b))) : items;
      for (const [index, item] of rows.entries()) {
        if (index > 0) pieces.push(comma);
        pieces.push(row(item, nowMs));
      }
      pieces.push(tableEnd, newline);
      return pieces;
    },
    event: (type: CacheEvent['type'], item, first) => frameOf(type, oneRow(item, first)),
    bookmark(revision, { initialEventsEnd }) {
      const metadata = { resourceVersion: String(revision) };
      const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
      const apiVersion = `meta.k8s.io/${version}`;
      const object = { kind: 'Table', apiVersion, metadata: { ...metadata, ...annotations } };
      const table = { ...object, columnDefinitions: null, rows: [] };
      return Buffer.from(`${JSON.stringify({ type: 'BOOKMARK', object: table })}\n`);
    },
    error: errorFrame,
  };
}

const nothing = Buffer.from('null');
const rowEnd = Buffer.from('}');
const tableEnd = Buffer.from(']}');
const comma = Buffer.from(',');
const newline = Buffer.from('\n');
