import { metadataStart } from '#json-head.ts';
import type { AnyObject } from '@skerry/api';
import type { FieldValue } from '#cache/selection.ts';
import type { CachedObject, Decode, SelectableObject, SourceEntry } from '#contract.ts';

export function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** JSON of the source → object, with the entry's revision as `metadata.resourceVersion`. */
export const decodeJson: Decode = (entry) => {
  const object = parseObject(entry);
  object.metadata = { ...object.metadata, resourceVersion: String(entry.revision) };
  return object;
};

function parseObject({ value }: Pick<SourceEntry, 'value'>): AnyObject {
  return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.length).toString()) as AnyObject;
}

/** Somewhere behind: maybe the object's own, maybe that of something it refers to. Then it is not worth finding out. */
const carried = Buffer.from('"resourceVersion":');

/**
 * The JSON of an object that is kept without `metadata.resourceVersion`, with it put in; undefined when the text does not begin
 * with kind, apiVersion and metadata, in that style, or has a resourceVersion somewhere. Saves serializing what is serialized already.
 */
export function spliceResourceVersion(value: Uint8Array, revision: number): Uint8Array | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  const at = metadataStart(bytes) + 1;
  if (at === 0) return undefined;
  if (bytes.includes(carried, at)) return undefined;
  const last = bytes[at] === 0x7d; // }
  const field = `"resourceVersion":"${revision}"${last ? '' : ','}`;
  const spliced = Buffer.allocUnsafeSlow(bytes.length + field.length);
  bytes.copy(spliced, 0, 0, at);
  spliced.write(field, at, 'latin1');
  bytes.copy(spliced, at + field.length, at);
  return spliced;
}

const revisionField = /^\{"resourceVersion":"\d+"/;
const revisionFieldLengthMax = 40;

/** The JSON of an object with another revision in the place of its own. */
export function textAtRevision(json: Uint8Array, revision: number): Uint8Array {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.length);
  const at = metadataStart(bytes);
  const found = at < 0 ? null : revisionField.exec(bytes.toString('latin1', at, at + revisionFieldLengthMax));
  if (found) {
    const field = Buffer.from(`{"resourceVersion":"${revision}"`);
    return Buffer.concat([bytes.subarray(0, at), field, bytes.subarray(at + found[0].length)]);
  }
  const object = JSON.parse(bytes.toString()) as AnyObject;
  object.metadata = { ...object.metadata, resourceVersion: String(revision) };
  return Buffer.from(JSON.stringify(object));
}

/** What the entries of one cache have in common. */
export interface EntryCodec {
  /** Unset: values are JSON, and are cut instead of serialized again. */
  readonly decode: Decode | undefined;
  /** Values are answered as they are. */
  readonly verbatim: boolean;
  readonly fieldValue: FieldValue;
  /** Found in every entry, and so read while it is decoded. */
  readonly indexedFields: readonly string[];
  readonly decoded: DecodedObjects;
}

/**
 * The objects decoded last, within a bound. Decoded objects are many times the size of their text and made of thousands of small
 * pieces, each of which the garbage collector visits; fifty thousand pods held decoded cost more in pauses than they save. So text is
 * held, and what is worked on right now is here.
 */
export class DecodedObjects {
  readonly #lengthMax: number;
  readonly #objects = new Map<CachedEntry, AnyObject>();

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get(entry: CachedEntry): AnyObject | undefined {
    return this.#objects.get(entry);
  }

  set(entry: CachedEntry, object: AnyObject): void {
    this.#objects.set(entry, object);
    if (this.#objects.size <= this.#lengthMax) return;
    for (const oldest of this.#objects.keys()) {
      this.#objects.delete(oldest);
      break;
    }
  }

  delete(entry: CachedEntry): void {
    this.#objects.delete(entry);
  }
}

/** One revision of one object of a cache: held as text, with what it is selected by beside it. */
export class CachedEntry implements SelectableObject {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  /** Bytes of its text in the source. */
  readonly size: number;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly #codec: EntryCodec;
  /** Until `#json` is made. */
  #source: SourceEntry | undefined;
  #json: Uint8Array | undefined;
  #fields: Record<string, string> | undefined;

  /** `passing`: one of very many that are loaded, of which few will be asked for: its decoded form is not kept. */
  constructor(source: SourceEntry, codec: EntryCodec, { passing = false }: { passing?: boolean } = {}) {
    this.namespace = source.namespace;
    this.name = source.name;
    this.key = keyOf(source.namespace, source.name);
    this.revision = source.revision;
    this.size = source.value.length;
    this.#codec = codec;
    const { written, ...kept } = source;
    this.#source = kept;
    const object = (codec.decode ? undefined : written) ?? (passing ? this.#decode() : this.object);
    this.labels = object.metadata?.labels;
    for (const field of codec.indexedFields) (this.#fields ??= {})[field] = codec.fieldValue(object, field);
  }

  get object(): AnyObject {
    const known = this.#codec.decoded.get(this);
    if (known) return known;
    const object = this.#decode();
    this.#codec.decoded.set(this, object);
    return object;
  }

  get passingObject(): AnyObject {
    return this.#codec.decoded.get(this) ?? this.#decode();
  }

  #decode(): AnyObject {
    if (!this.#source) return parseObject({ value: this.json });
    return (this.#codec.decode ?? decodeJson)(this.#source);
  }

  get json(): Uint8Array {
    if (!this.#json) {
      this.#json = this.#cut() ?? Buffer.from(JSON.stringify(this.object));
      this.#source = undefined;
    }
    return this.#json;
  }

  field(name: string): string {
    this.#fields ??= {};
    return (this.#fields[name] ??= this.#codec.fieldValue(this.object, name));
  }

  #cut(): Uint8Array | undefined {
    if (this.#codec.decode || !this.#source) return undefined;
    if (this.#codec.verbatim) return this.#source.value;
    return spliceResourceVersion(this.#source.value, this.revision);
  }
}

/** The last state of an object under the revision that ended it, or ended its being seen. */
export class EndedEntry implements SelectableObject {
  readonly last: SelectableObject;
  readonly revision: number;
  #json: Uint8Array | undefined;

  constructor(last: SelectableObject, revision: number) {
    this.last = last;
    this.revision = revision;
  }

  get key(): string {
    return this.last.key;
  }

  get namespace(): string {
    return this.last.namespace;
  }

  get name(): string {
    return this.last.name;
  }

  get labels(): Readonly<Record<string, string>> | undefined {
    return this.last.labels;
  }

  get object(): AnyObject {
    const { object } = this.last;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.revision) } };
  }

  get json(): Uint8Array {
    return (this.#json ??= textAtRevision(this.last.json, this.revision));
  }

  field(name: string): string {
    return this.last.field(name);
  }
}

/** An object that no cache holds: what a write returns, a subresource's body. `stored` is its text without revision, where there is one. */
export function itemOf(object: AnyObject, stored?: Uint8Array): CachedObject {
  return new UncachedItem(object, stored);
}

class UncachedItem implements CachedObject {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly object: AnyObject;
  #json: Uint8Array | undefined;

  constructor(object: AnyObject, stored: Uint8Array | undefined) {
    const { namespace = '', name = '', resourceVersion } = object.metadata ?? {};
    this.key = keyOf(namespace, name);
    this.namespace = namespace;
    this.name = name;
    this.revision = Number(resourceVersion ?? 0);
    this.object = object;
    this.#json = stored && spliceResourceVersion(stored, Number(resourceVersion));
  }

  get json(): Uint8Array {
    return (this.#json ??= Buffer.from(JSON.stringify(this.object)));
  }
}
