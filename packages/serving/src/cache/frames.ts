import type { CacheEvent, CachedObject, Encoder } from '#contract.ts';

/**
 * Frames of one round of dispatch, each made once however many watchers take it. Lives for the round only: the bytes then belong
 * to the queues that hold them, and cost nothing where nobody is behind.
 */
export class Frames {
  readonly #frames = new Map<Encoder, Map<CachedObject, Uint8Array>[]>();
  readonly #bookmarks = new Map<Encoder, Uint8Array>();

  /** `base` is the same for all watchers that an event of one type concerns. */
  event(encoder: Encoder, type: CacheEvent['type'], item: CachedObject, base?: CachedObject): Uint8Array {
    let byType = this.#frames.get(encoder);
    if (!byType) this.#frames.set(encoder, (byType = [new Map(), new Map(), new Map()]));
    const frames = byType[type === 'ADDED' ? 0 : type === 'MODIFIED' ? 1 : 2] as Map<
      CachedObject,
      Uint8Array
    >;
    let frame = frames.get(item);
    if (!frame) frames.set(item, (frame = encoder.event(type, item, false, base)));
    return frame;
  }

  bookmark(encoder: Encoder, revision: number): Uint8Array {
    let frame = this.#bookmarks.get(encoder);
    if (!frame) {
      this.#bookmarks.set(encoder, (frame = encoder.bookmark(revision, { initialEventsEnd: false })));
    }
    return frame;
  }
}
