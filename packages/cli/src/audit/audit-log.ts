/**
 * Writes the audit log, one event a line. Requests never wait for it: events go into a buffer, and a buffer that is full,
 * because the disk is slow or full, drops the newest and counts it. Lines are written in their order and whole.
 */
import type { AuditEvent, AuditSink } from '@skerry/apiserver';
import { type Clock, describeError, type Logger } from '@skerry/base';

/** Where lines go: a file that is rotated, or the standard output. */
export interface AuditOutput {
  write(lines: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** As many as upstream buffers. */
const eventsMax = 10_000;
const bytesMax = 64 * 1024 * 1024;
const batchBytes = 1024 * 1024;
const complaintIntervalMs = 60_000;

export class AuditLogWriter implements AuditSink {
  readonly #output: AuditOutput;
  readonly #log: Logger;
  readonly #clock: Clock;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #complainedMs = -Infinity;
  readonly counts = { recorded: 0, dropped: 0 };
  readonly plugins = [{ name: 'log', counts: this.counts }];

  constructor(output: AuditOutput, { log, clock }: { readonly log: Logger; readonly clock: Clock }) {
    this.#output = output;
    this.#log = log;
    this.#clock = clock;
  }

  record(event: AuditEvent): undefined {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    if (this.#waiting.length >= eventsMax || this.#waitingBytes + line.length > bytesMax) {
      this.#drop(1, 'more events wait than are buffered');
      return undefined;
    }
    this.counts.recorded++;
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#writing ??= this.#write();
    return undefined;
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
        await this.#output.write(Buffer.concat(batch));
      } catch (error) {
        this.counts.recorded -= batch.length;
        this.#drop(batch.length, describeError(error));
      }
    }
    this.#writing = undefined;
  }

  #take(): Buffer[] {
    let bytes = 0;
    let count = 0;
    for (const line of this.#waiting) {
      if (count > 0 && bytes + line.length > batchBytes) break;
      bytes += line.length;
      count++;
    }
    this.#waitingBytes -= bytes;
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
