/**
 * What a controller has written and its local copy may not show yet. Without it, a claim that was bound a moment ago would
 * look unbound, and be bound again elsewhere. Bounded by what is under way: an entry goes when the copy has caught up.
 */
import type { KubeObject } from '@skerry/api';

const entriesMax = 10_000;

export class Written<T extends KubeObject> {
  readonly #objects = new Map<string, T>();

  note(object: T): T {
    if (this.#objects.size >= entriesMax) this.#objects.clear();
    this.#objects.set(object.metadata?.uid ?? '', object);
    return object;
  }

  /** The newer of what the copy shows and what was written. */
  latest(shown: T): T {
    const written = this.#objects.get(shown.metadata?.uid ?? '');
    if (!written) return shown;
    if (versionOf(written) > versionOf(shown)) return written;
    this.#objects.delete(shown.metadata?.uid ?? '');
    return shown;
  }

  forget(object: T): void {
    this.#objects.delete(object.metadata?.uid ?? '');
  }
}

function versionOf({ metadata }: KubeObject): number {
  return Number(metadata?.resourceVersion ?? 0);
}
