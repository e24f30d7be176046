/**
 * One served version of a definition whose webhook converts. What it converted of a revision is kept beside the cached entry,
 * as text, for as long as that entry lives: the webhook is asked once for each revision and version, by whichever read
 * comes first, and however many reads come at once. A failure is not kept.
 */
import type { AnyObject } from '@skerry/api';
import type { CachedObject, ConvertedObjects } from '@skerry/serving';
import type { ConversionWebhook } from '#crd/conversion/conversion-webhook.ts';

export class ConvertedVersion implements ConvertedObjects {
  readonly #webhook: ConversionWebhook;
  readonly #apiVersion: string;
  readonly #made = new WeakMap<CachedObject, Uint8Array>();
  readonly #underWay = new WeakMap<CachedObject, Promise<void>>();

  constructor(webhook: ConversionWebhook, apiVersion: string) {
    this.#webhook = webhook;
    this.#apiVersion = apiVersion;
  }

  prepare(items: readonly CachedObject[]): Promise<void> | undefined {
    const wanted = items.map(revisionOf).filter((item) => !this.#isThere(item));
    if (wanted.length === 0) return undefined;
    const fresh = wanted.filter((item) => !this.#underWay.has(item));
    if (fresh.length > 0) {
      const converting = this.#convert(fresh);
      for (const item of fresh) this.#underWay.set(item, converting);
    }
    const waits = new Set(wanted.flatMap((item) => this.#underWay.get(item) ?? []));
    return Promise.all(waits).then(() => undefined);
  }

  object(item: CachedObject): AnyObject {
    if (this.#isOurs(item)) return item.object;
    return JSON.parse(Buffer.from(this.json(item)).toString()) as AnyObject;
  }

  json(item: CachedObject): Uint8Array {
    if (this.#isOurs(item)) return item.json;
    const known = this.#made.get(item);
    if (known) return known;
    const last = item.last && this.#made.get(item.last);
    if (!last) throw new Error(`${item.key} is encoded in ${this.#apiVersion} before it was converted`);
    const object = JSON.parse(Buffer.from(last).toString()) as AnyObject;
    object.metadata = { ...object.metadata, resourceVersion: String(item.revision) };
    const json = Buffer.from(JSON.stringify(object));
    this.#made.set(item, json);
    return json;
  }

  /** One object of the cache. */
  async shown(item: CachedObject): Promise<AnyObject> {
    await this.prepare([item]);
    return this.object(item);
  }

  #isThere(item: CachedObject): boolean {
    return this.#made.has(item) || this.#isOurs(item);
  }

  /** Written in this version, and so nobody's to convert. */
  #isOurs(item: CachedObject): boolean {
    return item.object.apiVersion === this.#apiVersion;
  }

  async #convert(items: readonly CachedObject[]): Promise<void> {
    try {
      const converted = await this.#webhook.convert(
        items.map(({ object }) => object),
        this.#apiVersion,
      );
      for (const [index, item] of items.entries()) {
        this.#made.set(item, Buffer.from(JSON.stringify(converted[index])));
      }
    } finally {
      for (const item of items) this.#underWay.delete(item);
    }
  }
}

function revisionOf(item: CachedObject): CachedObject {
  return item.last ?? item;
}
