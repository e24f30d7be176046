/**
 * What callers may read, as the center decided while it could be asked: by user, verb, resource, namespace and name. Asked
 * anew when the last answer is older than half a minute; while the center is out of reach the last answer stands. So nobody
 * reads here what he could not read there.
 */
import type { Clock } from '@skerry/base';
import type { CacheFile } from '#cache/cache-file.ts';
import type { CacheWriter } from '#cache/cache-writer.ts';

export interface Attributes {
  readonly verb: 'get' | 'list' | 'watch';
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** '' for all, or for what has none. */
  readonly namespace: string;
  /** '' for all. */
  readonly name: string;
}

export interface Decision {
  readonly allowed: boolean;
  readonly atMs: number;
}

const space = 'decision';
const freshMs = 30_000;
const decisionsMax = 4_096;

export class Decisions {
  readonly #clock: Clock;
  readonly #writer: CacheWriter;
  readonly #known = new Map<string, Decision>();

  constructor({ file, writer, clock }: { file: CacheFile; writer: CacheWriter; clock: Clock }) {
    this.#clock = clock;
    this.#writer = writer;
    for (const [key, { value }] of file.notes(space)) {
      // What an earlier process was told is not fresh, whatever the clock says.
      this.#known.set(key, { allowed: value[0] === 1, atMs: -Infinity });
    }
  }

  /** The center's word of the last half minute. */
  fresh(user: string, attributes: Attributes): boolean | undefined {
    const known = this.#known.get(keyOf(user, attributes));
    return known && this.#clock.monotonic() - known.atMs < freshMs ? known.allowed : undefined;
  }

  /** The center's last word, from the narrowest question to the widest; undefined: it was never asked. */
  last(user: string, attributes: Attributes): boolean | undefined {
    for (const asked of wider(attributes)) {
      const known = this.#known.get(keyOf(user, asked));
      if (known) return known.allowed;
    }
    return undefined;
  }

  record(user: string, attributes: Attributes, allowed: boolean): void {
    const key = keyOf(user, attributes);
    const before = this.#known.get(key);
    this.#known.delete(key);
    this.#known.set(key, { allowed, atMs: this.#clock.monotonic() });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= decisionsMax) break;
      this.#known.delete(oldest);
    }
    if (before?.allowed !== allowed) this.#write(key, allowed);
    if (allowed) return;
    // Whoever may not read the part may not read the whole: an older answer that says so no longer holds.
    for (const asked of wider(attributes)) {
      const wide = keyOf(user, asked);
      if (wide === key || !this.#known.get(wide)?.allowed) continue;
      this.#known.delete(wide);
      this.#writer.note(space, wide, undefined);
    }
  }

  #write(key: string, allowed: boolean): void {
    this.#writer.note(space, key, {
      value: Uint8Array.of(allowed ? 1 : 0),
      usedMs: this.#clock.now(),
    });
  }
}

function* wider(attributes: Attributes): Generator<Attributes> {
  const { namespace, name } = attributes;
  yield attributes;
  if (name !== '') yield { ...attributes, name: '' };
  if (namespace !== '') yield { ...attributes, namespace: '', name: '' };
}

function keyOf(user: string, { verb, group, resource, namespace, name }: Attributes): string {
  return JSON.stringify([user, verb, group, resource, namespace, name]);
}
