import type { AnyObject } from '@skerry/api';
import type { CachedObject, Decode, SourceEntry } from '#contract.ts';

export function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** JSON of the source → object, with the entry's revision as `metadata.resourceVersion`. */
export const decodeJson: Decode = (entry) => {
  const object = parseObject(entry);
  object.metadata = { ...object.metadata, resourceVersion: String(entry.revision) };
  return object;
};

/** `decodeJson`, with bytes that are cut from the value where that can be done. */
export function entryFromJson(entry: SourceEntry): CachedEntry {
  const { value, revision } = entry;
  const object = parseObject(entry);
  const carried = object.metadata?.resourceVersion !== undefined;
  object.metadata = { ...object.metadata, resourceVersion: String(revision) };
  return new CachedEntry(entry, object, () => (carried ? undefined : spliceResourceVersion(value, revision)));
}

function parseObject({ value }: SourceEntry): AnyObject {
  return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.length).toString()) as AnyObject;
}

const headMax = 256;
const head = /^\{(?:"(?:kind|apiVersion)":"[^"\\]*",)*"metadata":\{/;

/**
 * The JSON of an object that is kept without `metadata.resourceVersion`, with it put in; undefined when the text does not begin
 * with kind, apiVersion and metadata, in that style. Saves serializing what is serialized already.
 */
export function spliceResourceVersion(value: Uint8Array, revision: number): Uint8Array | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  const found = head.exec(bytes.toString('latin1', 0, headMax));
  if (!found) return undefined;
  const at = found[0].length;
  const last = bytes[at] === 0x7d; // }
  const field = `"resourceVersion":"${revision}"${last ? '' : ','}`;
  const spliced = Buffer.allocUnsafeSlow(bytes.length + field.length);
  bytes.copy(spliced, 0, 0, at);
  spliced.write(field, at, 'latin1');
  bytes.copy(spliced, at + field.length, at);
  return spliced;
}

/** One revision of one object; its JSON is made when someone first asks. */
export class CachedEntry implements CachedObject {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly object: AnyObject;
  #json: Uint8Array | undefined;
  #makeJson: (() => Uint8Array | undefined) | undefined;

  constructor(
    { namespace, name, revision }: Pick<SourceEntry, 'namespace' | 'name' | 'revision'>,
    object: AnyObject,
    /** Undefined when it can't: then the object is serialized. */
    makeJson?: () => Uint8Array | undefined,
  ) {
    this.key = keyOf(namespace, name);
    this.namespace = namespace;
    this.name = name;
    this.revision = revision;
    this.object = object;
    this.#makeJson = makeJson;
  }

  get json(): Uint8Array {
    if (!this.#json) {
      this.#json = this.#makeJson?.() ?? Buffer.from(JSON.stringify(this.object));
      this.#makeJson = undefined;
    }
    return this.#json;
  }

  /** The same state as the last of its object, under the revision that ended it (or its being seen). */
  endedAt(revision: number): CachedEntry {
    const metadata = { ...this.object.metadata, resourceVersion: String(revision) };
    const { namespace, name } = this;
    return new CachedEntry({ namespace, name, revision }, { ...this.object, metadata });
  }
}
