/**
 * Keeps a sink equal to what the server holds: list, then watch from there, for as long as `run` lives.
 *
 * Promises: the sink sees `replace` with a whole state first, then every change in order. Where the server streams lists
 * (`sendInitialEvents`), the first state comes over the watch itself, so that no list of everything is ever held twice; a
 * server that refuses that is listed in pages. After 410 (the server forgot our revision) everything is read again, and
 * `replace` tells the sink the difference. Failures wait 0.8 s, doubling to 30 s, with jitter, reset by a watch that lived.
 */
import { isApiError } from '@skerry/api';
import type { KubeObject, ListMeta, WatchEvent } from '@skerry/api';
import { Backoff, describeError, sleep } from '@skerry/base';
import type { Clock, Logger } from '@skerry/base';
import type { ListOptions, ResourceClient } from '#rest.ts';
import { TransportError } from '#transport.ts';

export interface ReflectorSink<T> {
  replace(objects: T[], resourceVersion: string): void;
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
}

export type ReflectorScope = Pick<
  ListOptions,
  'namespace' | 'labelSelector' | 'fieldSelector' | 'metadataOnly'
>;

export interface ReflectorOptions<T extends KubeObject> {
  readonly source: Pick<ResourceClient<T>, 'list' | 'watch'>;
  readonly scope?: ReflectorScope;
  readonly sink: ReflectorSink<T>;
  /** Applied to each object as it comes in, in place or as a copy: to drop what nobody reads, before it is held. */
  readonly transform?: (object: T) => T;
  /** Watches end after this, up to twice as long, and begin anew; 5 minutes unless told. */
  readonly watchLifeMs?: number;
  /** In logs: `pods`. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

const pageLimit = 500;
/** A streamed list that brings nothing for this long is given up, for servers that ignore `sendInitialEvents`. */
const initialStallMs = 10_000;
const watchLifeMsDefault = 5 * 60_000;

export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #backoff: Backoff;
  #resourceVersion = '';
  #streamsLists = true;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#backoff = new Backoff({ baseMs: 800, maxMs: 30_000, jitter: 0.5, random: options.random });
  }

  /** Revision up to which the sink is true. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, name } = this.#options;
    while (!signal.aborted) {
      const startedMs = clock.monotonic();
      try {
        await this.#cycle(signal);
        if (clock.monotonic() - startedMs > 1_000) this.#backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        if (isExpired(error)) {
          log.debug('watch expired, reading again', { resource: name });
          this.#resourceVersion = '';
        } else if (!(error instanceof TransportError && error.code === 'api-connection-lost')) {
          log.warn('watch failed', { resource: name, error: describeError(error) });
        }
        if (clock.monotonic() - startedMs > 30_000) this.#backoff.reset();
      }
      await sleep(clock, this.#backoff.next(), signal).catch(() => undefined);
    }
  }

  /** One watch, with the first read before it where there is none yet. Returns when the server ends the watch. */
  async #cycle(signal: AbortSignal): Promise<void> {
    if (this.#resourceVersion === '' && this.#streamsLists) {
      try {
        await this.#streamListAndWatch(signal);
        return;
      } catch (error) {
        if (!isUnsupported(error)) throw error;
        this.#streamsLists = false;
      }
    }
    if (this.#resourceVersion === '') await this.#list();
    await this.#watch(signal);
  }

  async #list(): Promise<void> {
    const { source, scope, sink } = this.#options;
    const objects: T[] = [];
    let next: string | undefined;
    let meta: ListMeta;
    do {
      const page = await source.list({ ...scope, limit: pageLimit, continue: next });
      for (const item of page.items) objects.push(this.#kept(item));
      meta = page.metadata;
      next = meta.continue;
    } while (next);
    sink.replace(objects, meta.resourceVersion ?? '');
    this.#resourceVersion = meta.resourceVersion ?? '';
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const events = this.#options.source.watch({
      ...this.#options.scope,
      resourceVersion: this.#resourceVersion,
      allowBookmarks: true,
      timeoutSeconds: this.#timeoutSeconds(),
      signal,
    });
    for await (const event of events) {
      this.#backoff.reset();
      this.#take(event);
    }
  }

  async #streamListAndWatch(signal: AbortSignal): Promise<void> {
    const { source, scope, sink, clock } = this.#options;
    const stalled = new AbortController();
    const onStall = () => stalled.abort(new StalledError());
    let timer = clock.after(initialStallMs, onStall);
    let initial: Map<string, T> | undefined = new Map<string, T>();
    try {
      const events = source.watch({
        ...scope,
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowBookmarks: true,
        timeoutSeconds: this.#timeoutSeconds(),
        signal: AbortSignal.any([signal, stalled.signal]),
      });
      for await (const event of events) {
        if (!initial) {
          this.#take(event);
          continue;
        }
        timer.cancel();
        if (isInitialEnd(event)) {
          const resourceVersion = event.object.metadata?.resourceVersion ?? '';
          sink.replace([...initial.values()], resourceVersion);
          this.#resourceVersion = resourceVersion;
          this.#backoff.reset();
          initial = undefined;
          continue;
        }
        if (event.type === 'DELETED') initial.delete(keyOf(event.object));
        else if (event.type !== 'BOOKMARK') initial.set(keyOf(event.object), this.#kept(event.object));
        timer = clock.after(initialStallMs, onStall);
      }
    } finally {
      timer.cancel();
    }
  }

  #take(event: WatchEvent<T>): void {
    const { sink } = this.#options;
    if (event.type === 'ERROR') return;
    if (event.type !== 'BOOKMARK') sink.apply(event.type, this.#kept(event.object));
    this.#resourceVersion = event.object.metadata?.resourceVersion ?? this.#resourceVersion;
  }

  #kept(object: T): T {
    return this.#options.transform?.(object) ?? object;
  }

  #timeoutSeconds(): number {
    const { watchLifeMs = watchLifeMsDefault } = this.#options;
    return Math.round((watchLifeMs * (1 + this.#options.random())) / 1000);
  }
}

class StalledError extends Error {
  override readonly name = 'StalledError';
}

function isInitialEnd(event: WatchEvent): boolean {
  return (
    event.type === 'BOOKMARK' && event.object.metadata?.annotations?.['k8s.io/initial-events-end'] === 'true'
  );
}

function isExpired(error: unknown): boolean {
  return isApiError(error) && error.code === 410;
}

function isUnsupported(error: unknown): boolean {
  if (error instanceof StalledError) return true;
  return isApiError(error) && (error.code === 422 || error.code === 400);
}

/** `namespace/name`, or the name alone. */
export function keyOf(object: KubeObject): string {
  const { namespace, name = '' } = object.metadata ?? {};
  return namespace ? `${namespace}/${name}` : name;
}
