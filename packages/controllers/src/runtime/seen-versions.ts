/**
 * Objects that were changed, with the version that came of it. Until a local copy shows that version or a later one, what
 * it says of the object is old, and acting on it would do things twice. Given up after five minutes: then the copy is right.
 */
import type { KubeObject } from '@skerry/api';
import type { Clock } from '@skerry/base';

const timeoutMs = 5 * 60_000;
const entriesMax = 100_000;

export class SeenVersions {
  readonly #clock: Clock;
  readonly #expected = new Map<string, { readonly version: number; readonly atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `by` tells apart those who change the same objects, and need see only what they did themselves. */
  expect({ metadata }: KubeObject, by = ''): void {
    const version = Number(metadata?.resourceVersion);
    if (!metadata?.uid || !Number.isFinite(version)) return;
    const key = `${by}/${metadata.uid}`;
    const known = this.#expected.get(key);
    if (known && known.version >= version) return;
    if (this.#expected.size >= entriesMax) this.#expected.clear();
    this.#expected.set(key, { version, atMs: this.#clock.monotonic() });
  }

  /** Whether the copy's state of an object is no older than what is known of it. */
  isCurrent({ metadata }: KubeObject, by = ''): boolean {
    const key = `${by}/${metadata?.uid}`;
    const expected = this.#expected.get(key);
    if (!expected) return true;
    const isSeen = Number(metadata?.resourceVersion) >= expected.version;
    if (!isSeen && this.#clock.monotonic() - expected.atMs < timeoutMs) return false;
    this.#expected.delete(key);
    return true;
  }

  forget(uid: string, by = ''): void {
    this.#expected.delete(`${by}/${uid}`);
  }
}
