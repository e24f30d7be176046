/**
 * Sends the audit log to a server, as an `EventList` of audit.k8s.io/v1 by POST.
 *
 * In mode `batch` requests never wait: events go into a buffer, which is sent when it holds a batch or has waited long
 * enough, and at most so often as the throttle allows; a buffer that is full drops the newest and counts it. In the two
 * blocking modes each event is sent alone, and a request waits until its first one has arrived; where it can't be
 * delivered, `blocking-strict` refuses the request, and `blocking` counts it.
 */
import type { AuditEvent, AuditSink } from '@skerry/apiserver';
import { Backoff, type Clock, describeError, type Logger, sleep, type Timer } from '@skerry/base';
import type { Transport } from '@skerry/client';
import type { AuditMode } from './audit-log.ts';
import { fitted, parted, tooLarge, type Truncation } from './truncation.ts';

export interface AuditWebhookOptions {
  readonly mode: AuditMode;
  readonly bufferSize: number;
  readonly batchMaxSize: number;
  readonly batchMaxWaitMs: number;
  /** Batches a second, and at once after a pause; unset: no throttle. */
  readonly throttle?: { readonly perSecond: number; readonly burst: number };
  readonly initialBackoffMs: number;
  /** Unset: events are sent whole, however large. */
  readonly truncation?: Truncation;
}

export interface AuditWebhookParts {
  readonly transport: Transport;
  /** Behind that of the server. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** A batch that is not taken is sent so often, with growing pauses. */
const triesMax = 5;
const pauseGrowth = 1.5;
const pauseJitter = 0.2;
const requestMs = 30_000;
const sendingMax = 16;
const complaintIntervalMs = 60_000;
/** What still waits when the server stops is sent within this. */
const closeMs = 10_000;

export class AuditWebhook implements AuditSink {
  readonly counts = { recorded: 0, dropped: 0 };
  readonly plugins = [{ name: 'webhook', counts: this.counts }];
  readonly #options: AuditWebhookOptions;
  readonly #parts: AuditWebhookParts;
  readonly #stop = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  #waiting: AuditEvent[] = [];
  #timer: Timer | undefined;
  #due = false;
  #draining = false;
  #tokens: number;
  #tokensAtMs: number;
  #complainedMs = -Infinity;

  constructor(options: AuditWebhookOptions, parts: AuditWebhookParts) {
    this.#options = options;
    this.#parts = parts;
    this.#tokens = options.throttle?.burst ?? 0;
    this.#tokensAtMs = parts.clock.monotonic();
  }

  record(whole: AuditEvent): Promise<void> | undefined {
    const { mode, bufferSize, truncation } = this.#options;
    const event = truncation ? fitted(whole, truncation) : whole;
    if (!event) {
      this.#drop(1, tooLarge);
      return undefined;
    }
    if (mode !== 'batch') return this.#deliver(event);
    if (this.#waiting.length >= bufferSize) {
      this.#drop(1, 'audit buffer queue blocked');
      return undefined;
    }
    this.counts.recorded++;
    this.#waiting.push(event);
    if (this.#waiting.length >= this.#options.batchMaxSize) this.#send();
    else this.#timer ??= this.#parts.clock.after(this.#options.batchMaxWaitMs, () => this.#overdue());
    return undefined;
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#due = true;
    this.#draining = true;
    this.#send();
    const late = this.#parts.clock.after(closeMs, () => this.#stop.abort());
    while (this.#sending.size > 0) await Promise.all(this.#sending);
    late.cancel();
    this.#stop.abort();
    if (this.#waiting.length > 0) this.#drop(this.#waiting.length, 'the server stopped');
    this.#parts.transport.close();
  }

  #overdue(): void {
    this.#timer = undefined;
    this.#due = true;
    this.#send();
  }

  /** Begins to send what is due, as far as throttle and other batches allow; what isn't sent yet is looked at again. */
  #send(): void {
    const { batchMaxSize } = this.#options;
    while (this.#waiting.length >= batchMaxSize || (this.#due && this.#waiting.length > 0)) {
      if (this.#sending.size >= sendingMax) return;
      const waitMs = this.#draining ? 0 : this.#takeToken();
      if (waitMs > 0) {
        this.#timer ??= this.#parts.clock.after(waitMs, () => this.#overdue());
        return;
      }
      const batch = this.#waiting.splice(0, batchMaxSize);
      const sending = this.#sendBatch(batch).finally(() => {
        this.#sending.delete(sending);
        this.#send();
      });
      this.#sending.add(sending);
    }
    this.#due = false;
  }

  async #sendBatch(batch: readonly AuditEvent[]): Promise<void> {
    for (const part of parted(batch, this.#options.truncation)) {
      try {
        await this.#post(part);
      } catch (error) {
        this.counts.recorded -= part.length;
        this.#drop(part.length, describeError(error));
      }
    }
  }

  async #deliver(event: AuditEvent): Promise<void> {
    try {
      await this.#post([event]);
      this.counts.recorded++;
    } catch (error) {
      this.#drop(1, describeError(error));
      if (this.#options.mode === 'blocking-strict') throw error;
    }
  }

  async #post(events: readonly AuditEvent[]): Promise<void> {
    const { clock, random } = this.#parts;
    const { signal } = this.#stop;
    const body = JSON.stringify({
      kind: 'EventList',
      apiVersion: 'audit.k8s.io/v1',
      metadata: {},
      items: events.map(({ kind: _kind, apiVersion: _version, ...event }) => event),
    });
    const pauses = new Backoff({
      baseMs: this.#options.initialBackoffMs,
      maxMs: Infinity,
      factor: pauseGrowth,
      jitter: pauseJitter,
      random,
    });
    for (let tries = 1; ; tries++) {
      try {
        await this.#postOnce(body);
        return;
      } catch (error) {
        const final = error instanceof RefusedError && !error.again;
        if (final || tries === triesMax || signal.aborted) throw error;
        await sleep(clock, pauses.next(), signal);
      }
    }
  }

  async #postOnce(body: string): Promise<void> {
    const { transport, path, clock } = this.#parts;
    const late = new AbortController();
    const timer = clock.after(requestMs, () => late.abort(new Error(`no answer within ${requestMs} ms`)));
    try {
      const answer = await transport.request({
        method: 'POST',
        path: `${path}?timeout=${requestMs / 1000}s`,
        headers: { 'content-type': 'application/json', accept: 'application/json, */*' },
        body,
        signal: AbortSignal.any([late.signal, this.#stop.signal]),
      });
      // It says nothing of interest, and is read so that the connection can be used again.
      for await (const _chunk of answer.body);
      if (answer.status >= 300) throw new RefusedError(answer.status);
    } finally {
      timer.cancel();
    }
  }

  /** How long to wait for the next batch; 0 when one may be sent now, which counts it. */
  #takeToken(): number {
    const { throttle } = this.#options;
    if (!throttle) return 0;
    const nowMs = this.#parts.clock.monotonic();
    const grown = this.#tokens + ((nowMs - this.#tokensAtMs) / 1000) * throttle.perSecond;
    this.#tokens = Math.min(grown, throttle.burst);
    this.#tokensAtMs = nowMs;
    if (this.#tokens < 1) return ((1 - this.#tokens) / throttle.perSecond) * 1000;
    this.#tokens--;
    return 0;
  }

  #drop(events: number, why: string): void {
    this.counts.dropped += events;
    const { clock, log } = this.#parts;
    const nowMs = clock.monotonic();
    if (nowMs - this.#complainedMs < complaintIntervalMs) return;
    this.#complainedMs = nowMs;
    log.error('audit events not sent', { dropped: this.counts.dropped, error: why });
  }
}

class RefusedError extends Error {
  /** Whether it may be taken another time. */
  readonly again: boolean;

  constructor(status: number) {
    super(`the audit webhook answered with status ${status}`);
    this.again = status === 429 || status >= 500;
  }
}
