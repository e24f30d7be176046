import type { AnyObject, ListMeta, Status } from '@skerry/api';
import type { CacheEvent, CachedObject, ConvertedObjects, Encoder, ServedKind } from '#contract.ts';
import { metadataText } from '#encode/metadata-text.ts';

const comma = Buffer.from(',');
const firstItem = Buffer.from('{');
const nextItem = Buffer.from(',{');
const listEnd = Buffer.from(']}\n');
const objectEnd = Buffer.from('}');
const frameEnd = Buffer.from('}\n');
const frameStarts = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};

export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Anything that is one JSON text per object: whole objects, or their metadata. */
export interface JsonForm {
  /** Of a list of these: `PodList`, `v1`. */
  readonly listKind: string;
  readonly kind: string;
  readonly apiVersion: string;
  /** The bytes of one object; asked for often, so it remembers. */
  object(item: CachedObject): Uint8Array;
  /** Whether the items of a list leave out what kind they are, which the list says. */
  readonly plainItems?: boolean;
  /** Whether a list without a next page says so. */
  readonly saysNoMore?: boolean;
}

/** An encoder whose lists and frames are the objects' own bytes with text around them. */
export function jsonEncoder(form: JsonForm): Encoder {
  return {
    contentType: 'application/json',
    watchContentType: 'application/json',
    firstFrameDiffers: false,
    object: (item) => form.object(item),
    list(items, meta: ListMeta) {
      const skipped = form.plainItems ? typeHeads(form) : [];
      const head = {
        kind: form.listKind,
        apiVersion: form.apiVersion,
        metadata: form.saysNoMore ? { continue: '', ...meta } : meta,
      };
      const pieces: Uint8Array[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`)];
      for (const [index, item] of items.entries()) {
        const object = form.object(item);
        const head = skipped.find((each) => startsWith(object, each));
        if (!head) pieces.push(...(index > 0 ? [comma] : []), object);
        else pieces.push(index > 0 ? nextItem : firstItem, object.subarray(head.length));
      }
      pieces.push(listEnd);
      return pieces;
    },
    event: (type, item) => frameOf(type, form.object(item)),
    bookmark: (revision, { initialEventsEnd }) => bookmarkFrame(form, revision, initialEventsEnd),
    error: errorFrame,
  };
}

/** What an object begins with that names its kind. */
function typeHeads({ kind, apiVersion }: JsonForm): Uint8Array[] {
  return [
    Buffer.from(`{"kind":"${kind}","apiVersion":"${apiVersion}",`),
    Buffer.from(`{"apiVersion":"${apiVersion}","kind":"${kind}",`),
  ];
}

function startsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, head.length), head) === 0;
}

/** Whole objects in a served version; in the storage version (no `convert`) these are the cache's own bytes. */
export function objectForm(
  kind: ServedKind,
  { convert, plainItems = false }: { convert?: (object: AnyObject) => AnyObject; plainItems?: boolean } = {},
): JsonForm {
  const made = new WeakMap<CachedObject, Uint8Array>();
  return {
    kind: kind.kind,
    listKind: kind.listKind ?? `${kind.kind}List`,
    apiVersion: apiVersionOf(kind),
    plainItems,
    saysNoMore: !plainItems,
    object(item) {
      if (!convert) return item.json;
      let json = made.get(item);
      if (!json) made.set(item, (json = Buffer.from(JSON.stringify(convert(item.object)))));
      return json;
    },
  };
}

/** Whole objects that somebody else converts, and keeps. */
export function convertedForm(kind: ServedKind, converted: ConvertedObjects): JsonForm {
  return {
    kind: kind.kind,
    listKind: kind.listKind ?? `${kind.kind}List`,
    apiVersion: apiVersionOf(kind),
    saysNoMore: true,
    object: (item) => converted.json(item),
  };
}

/** `PartialObjectMetadata`: the same for every kind, and, but where metadata is converted too, for every version. */
export function partialForm(
  version: string,
  source: (item: CachedObject) => Uint8Array = (item) => item.json,
): JsonForm {
  const made = new WeakMap<CachedObject, Uint8Array>();
  const apiVersion = `meta.k8s.io/${version}`;
  const start = Buffer.from(`{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":`);
  return {
    kind: 'PartialObjectMetadata',
    listKind: 'PartialObjectMetadataList',
    apiVersion,
    object(item) {
      let json = made.get(item);
      if (!json) {
        const whole = source(item);
        const metadata = metadataText(whole) ?? metadataOf(whole);
        made.set(item, (json = Buffer.concat([start, metadata, objectEnd])));
      }
      return json;
    },
  };
}

function metadataOf(json: Uint8Array): Uint8Array {
  const { metadata = {} } = JSON.parse(Buffer.from(json).toString()) as AnyObject;
  return Buffer.from(JSON.stringify(metadata));
}

export function frameOf(type: CacheEvent['type'], object: Uint8Array): Uint8Array {
  return Buffer.concat([frameStarts[type], object, frameEnd]);
}

export function errorFrame(status: Status): Uint8Array {
  return Buffer.from(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
}

function bookmarkFrame(
  { kind, apiVersion }: JsonForm,
  revision: number,
  initialEventsEnd: boolean,
): Uint8Array {
  const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata = { resourceVersion: String(revision), ...annotations };
  return Buffer.from(`${JSON.stringify({ type: 'BOOKMARK', object: { kind, apiVersion, metadata } })}\n`);
}
