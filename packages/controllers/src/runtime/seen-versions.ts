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

  expect({ metadata }: KubeObject): void {
    const version = Number(metadata?.resourceVersion);
    if (!metadata?.uid || !Number.isFinite(version)) return;
    const known = this.#expected.get(metadata.uid);
    if (known && known.version >= version) return;
    if (this.#expected.size >= entriesMax) this.#expected.clear();
    this.#expected.set(metadata.uid, { version, atMs: this.#clock.monotonic() });
  }

  /** Whether the copy's state of an object is no older than what is known of it. */
  isCurrent({ metadata }: KubeObject): boolean {
    const uid = metadata?.uid ?? '';
    const expected = this.#expected.get(uid);
    if (!expected) return true;
    const isSeen = Number(metadata?.resourceVersion) >= expected.version;
    if (!isSeen && this.#clock.monotonic() - expected.atMs < timeoutMs) return false;
    this.#expected.delete(uid);
    return true;
  }

  forget(uid: string): void {
    this.#expected.delete(uid);
  }
}
