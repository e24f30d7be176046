/**
 * Writes the audit log, one event a line. In mode `batch` requests never wait for it: events go into a buffer, and a buffer
 * that is full, because the disk is slow or full, drops the newest and counts it. In the two blocking modes a request waits
 * until its first event is written; where it can't be, `blocking-strict` refuses the request, and `blocking` counts it.
 * Lines are written in their order and whole.
 */
import type { AuditEvent, AuditSink } from '@skerry/apiserver';
import { type Clock, describeError, type Logger } from '@skerry/base';
import { fitted, tooLarge, type Truncation } from './truncation.ts';

/** Where lines go: a file that is rotated, or the standard output. */
export interface AuditOutput {
  write(lines: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export type AuditMode = 'batch' | 'blocking' | 'blocking-strict';

export interface AuditLogOptions {
  readonly mode: AuditMode;
  /** Events that may wait. */
  readonly bufferSize: number;
  /** Unset: events are written whole, however large. */
  readonly truncation?: Truncation;
}

const bytesMax = 64 * 1024 * 1024;
const batchBytes = 1024 * 1024;
const complaintIntervalMs = 60_000;

interface Line {
  readonly bytes: Buffer;
  /** Who waits for it. */
  readonly written: PromiseWithResolvers<void> | undefined;
}

export class AuditLogWriter implements AuditSink {
  readonly #output: AuditOutput;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #options: AuditLogOptions;
  #waiting: Line[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #complainedMs = -Infinity;
  readonly counts = { recorded: 0, dropped: 0 };
  readonly plugins = [{ name: 'log', counts: this.counts }];

  constructor(
    output: AuditOutput,
    options: AuditLogOptions,
    { log, clock }: { readonly log: Logger; readonly clock: Clock },
  ) {
    this.#options = options;
    this.#output = output;
    this.#log = log;
    this.#clock = clock;
  }

  record(event: AuditEvent): Promise<void> | undefined {
    const { mode, bufferSize, truncation } = this.#options;
    const kept = truncation ? fitted(event, truncation) : event;
    if (!kept) {
      this.#drop(1, tooLarge);
      return undefined;
    }
    const bytes = Buffer.from(`${JSON.stringify(kept)}\n`);
    if (this.#waiting.length >= bufferSize || this.#waitingBytes + bytes.length > bytesMax) {
      const why = 'more events wait than are buffered';
      this.#drop(1, why);
      return mode === 'blocking-strict' ? Promise.reject(new Error(why)) : undefined;
    }
    this.counts.recorded++;
    const written = mode === 'batch' ? undefined : Promise.withResolvers<void>();
    this.#waiting.push({ bytes, written });
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#write();
    return written?.promise;
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#output.close();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        await this.#output.write(Buffer.concat(batch.map(({ bytes }) => bytes)));
        for (const { written } of batch) written?.resolve();
      } catch (error) {
        this.counts.recorded -= batch.length;
        this.#drop(batch.length, describeError(error));
        const isStrict = this.#options.mode === 'blocking-strict';
        for (const { written } of batch) {
          if (isStrict) written?.reject(error);
          else written?.resolve();
        }
      }
    }
    this.#writing = undefined;
  }

  #take(): Line[] {
    let sum = 0;
    let count = 0;
    for (const { bytes } of this.#waiting) {
      if (count > 0 && sum + bytes.length > batchBytes) break;
      sum += bytes.length;
      count++;
    }
    this.#waitingBytes -= sum;
    return this.#waiting.splice(0, count);
  }

  #drop(events: number, why: string): void {
    this.counts.dropped += events;
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#complainedMs < complaintIntervalMs) return;
    this.#complainedMs = nowMs;
    this.#log.error('audit events dropped', { dropped: this.counts.dropped, error: why });
  }
}
