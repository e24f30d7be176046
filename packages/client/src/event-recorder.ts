/**
 * Events as `kubectl describe` shows them: the same event again raises `count` and `lastTimestamp` of the one there is.
 *
 * Recording never blocks and never fails its caller: events wait in a queue of `queueMax` and are written one by one, so that
 * those of thousands of pods at once are told a little later, and the work itself goes first; what comes beyond the queue is
 * dropped and counted in one log line a minute. While the API is out of reach, they wait. To who asks them to come later the client
 * comes again, as it does for everyone; where it isn't known whether one arrived it is tried up to 12 times, as in client-go; what is
 * refused then is dropped with a line. Each object may cause 25
 * events at once and then one in five minutes, as there, so that a crash loop can't flood the store. From the tenth event
 * of one object and reason on that differ only in their message, each within ten minutes of the one before, they become one,
 * marked as combined.
 */
import { isApiError, timeText } from '@skerry/api';
import type { Event, KubeObject } from '@skerry/api';
import { AsyncQueue, Backoff, describeError, sleep } from '@skerry/base';
import type { Clock, Logger } from '@skerry/base';
import { resources } from '#resources.ts';
import type { ApiClient } from '#rest.ts';
import { TransportError } from '#transport.ts';

export interface RecordedEvent {
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase, for machines. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** What was done, for `events.k8s.io`. */
  readonly action?: string;
  /** A part of the object: `spec.containers{web}`. */
  readonly fieldPath?: string;
}

export interface EventRecorder {
  /** `object` needs apiVersion and kind, or `kind` given beside it. */
  record(object: KubeObject, event: RecordedEvent): void;
}

export interface EventRecorderOptions {
  readonly client: ApiClient;
  /** `kubelet`, `deployment-controller`: the source that is shown. */
  readonly component: string;
  /** The node, where there is one. */
  readonly host?: string;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Whether each reason of an object has a budget of its own: of a pod that was tried often it is still told where it went. Stock
   * schedulers, who write events of the newer kind, have none at all.
   */
  readonly budgetByReason?: boolean;
  /** Events that may wait to be written; 1,000 unless given, which is what client-go has. About 1 KB each. */
  readonly queueMax?: number;
}

const queueMaxDefault = 1_000;
/** For who works for a whole cluster: every pod of it may be told of at once. */
export const clusterEventQueueMax = 50_000;
/** Of an event that may have arrived. */
const triesMax = 12;
const reportEveryMs = 60_000;
const knownMax = 4_096;
const burst = 25;
const refillMs = 300_000;
/** So many are told apart. */
const similarMax = 9;
const similarWindowMs = 600_000;

interface Known {
  name: string;
  namespace: string;
  count: number;
  firstTimestamp: string;
}

export class ApiEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #queue: AsyncQueue<Event>;
  readonly #known = new Map<string, Known>();
  readonly #budgets = new Map<string, { tokens: number; atMs: number }>();
  readonly #similar = new Map<string, { told: Set<string>; atMs: number }>();
  #sequence = 0;
  #dropped = 0;
  #reportedAtMs = -Infinity;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#queue = new AsyncQueue({ lengthMax: options.queueMax ?? queueMaxDefault });
  }

  record(object: KubeObject, { type, reason, message, action, fieldPath }: RecordedEvent): void {
    const { clock, component, host } = this.#options;
    const { name = '', namespace, uid, resourceVersion } = object.metadata ?? {};
    const budget = `${object.kind}/${namespace}/${name}/${uid}`;
    if (!this.#spend(this.#options.budgetByReason ? `${budget}/${reason}` : budget)) return;
    const now = timeText(clock.now());
    const event: Event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: `${name}.${(BigInt(Math.floor(clock.now())) * 1_000_000n + BigInt(this.#sequence++ % 1_000_000)).toString(16)}`,
        namespace: namespace ?? 'default',
      },
      involvedObject: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name,
        namespace,
        uid,
        resourceVersion,
        fieldPath,
      },
      reason,
      message: message.slice(0, 1024),
      action,
      type,
      source: { component, host },
      reportingComponent: component,
      reportingInstance: host ?? '',
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    this.#combine(event);
    if (!this.#queue.push(event)) this.#dropped++;
  }

  /** Writes what is recorded until the signal, which drops what still waits; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#queue.close();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    for await (const event of this.#queue) {
      if (signal.aborted) return;
      await this.#deliver(event, signal);
      this.#reportDropped();
    }
  }

  async #deliver(event: Event, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const backoff = new Backoff({ baseMs: 1_000, maxMs: 30_000 });
    for (let tries = 1; !signal.aborted;) {
      try {
        await this.#write(event);
        return;
      } catch (error) {
        const isSilence = error instanceof TransportError && error.code !== 'api-tls';
        if (isSilence && (!error.sent || tries++ < triesMax)) {
          await sleep(clock, backoff.next(), signal).catch(() => undefined);
          continue;
        }
        const { reason } = event;
        const isGone = isApiError(error) && (error.code === 404 || error.code === 403);
        // An event in a namespace that ends is nobody's loss.
        if (!isGone) log.warn('event not written', { reason, error: describeError(error) });
        return;
      }
    }
  }

  #reportDropped(): void {
    const nowMs = this.#options.clock.monotonic();
    if (this.#dropped === 0 || nowMs - this.#reportedAtMs < reportEveryMs) return;
    this.#options.log.warn('events dropped, more came than could be written', { count: this.#dropped });
    this.#dropped = 0;
    this.#reportedAtMs = nowMs;
  }

  async #write(event: Event): Promise<void> {
    const events = this.#options.client.resource<Event>(resources.events);
    const key = keyOfEvent(event);
    const known = this.#known.get(key);
    if (known) {
      const count = known.count + 1;
      const patch = { count, lastTimestamp: event.lastTimestamp, message: event.message };
      try {
        await events.patch(known.name, patch, { type: 'merge', namespace: known.namespace });
        known.count = count;
        remember(this.#known, key, known);
        return;
      } catch (error) {
        // Its time to live has passed.
        if (!isApiError(error, 'NotFound')) throw error;
        this.#known.delete(key);
      }
    }
    await events.create(event).catch((error: unknown) => {
      // No other has its name: it had arrived before, and nobody could say so.
      if (!isApiError(error, 'AlreadyExists')) throw error;
    });
    remember(this.#known, key, {
      name: event.metadata.name ?? '',
      namespace: event.metadata.namespace ?? 'default',
      count: 1,
      firstTimestamp: event.firstTimestamp ?? '',
    });
  }

  #spend(key: string): boolean {
    const nowMs = this.#options.clock.monotonic();
    const budget = this.#budgets.get(key) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, budget.tokens + (nowMs - budget.atMs) / refillMs);
    remember(this.#budgets, key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
    return tokens >= 1;
  }

  #combine(event: Event): void {
    const nowMs = this.#options.clock.monotonic();
    const key = keyOfEvent({ ...event, message: combined });
    let similar = this.#similar.get(key);
    if (!similar || nowMs - similar.atMs > similarWindowMs) similar = { told: new Set(), atMs: nowMs };
    similar.atMs = nowMs;
    remember(this.#similar, key, similar);
    const one = keyOfEvent(event);
    if (similar.told.size >= similarMax && !similar.told.has(one)) {
      event.message = `${combined}: ${event.message}`;
      return;
    }
    similar.told.add(one);
  }
}

const combined = '(combined from similar events)';

/** Those that are combined are one, whichever part of the object they are about. */
function keyOfEvent({ involvedObject: o, reason, message, type, source }: Event): string {
  const isCombined = message?.startsWith(combined);
  return JSON.stringify([
    o.kind,
    o.namespace,
    o.name,
    o.uid,
    isCombined ? '' : o.fieldPath,
    reason,
    isCombined ? combined : message,
    type,
    source?.component,
    source?.host,
  ]);
}

/** Of too many, the one that was used longest ago is forgotten. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  if (map.size >= knownMax) map.delete(map.keys().next().value!);
  map.set(key, value);
}
