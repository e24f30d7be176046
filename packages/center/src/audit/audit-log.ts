/**
 * Who did what, from where, and what came of it: JSON lines in a file of mode 0600 that moves on when it is full. Written at
 * once and in order; what can't be written is counted and told in the log, since a full disk must not stop the center. Bodies,
 * passwords and tokens never come here: what is written is what routes name.
 */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, describeError, type Logger } from '@skerry/base';
import type { AuditEntry, AuditPage } from '#contract/session.ts';
import type { AuditRecord, AuditSink } from '#http/gate.ts';

export interface AuditLogOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** 16 MiB and 10 unless given. */
  readonly sizeMax?: number;
  readonly filesMax?: number;
}

export interface AuditQuery {
  /** Only what this user did. */
  readonly user?: string;
  readonly cluster?: string;
  readonly action?: string;
  readonly result?: AuditEntry['result'];
  /** RFC 3339, from the first and before the second. */
  readonly since?: string;
  readonly until?: string;
  /** `next` of the page before. */
  readonly before?: string;
  readonly limit: number;
}

const textMax = 500;
const strangersMax = 120;
const strangersEveryMs = 60_000;

export class AuditLog implements AuditSink {
  readonly #options: AuditLogOptions;
  readonly #sizeMax: number;
  readonly #filesMax: number;
  #size: number;
  #lastMs = 0;
  #count = 0;
  #failed = 0;
  #strangersSinceMs = -Infinity;
  #strangers = 0;
  #leftOut = 0;

  constructor(options: AuditLogOptions) {
    const { path, sizeMax = 16 << 20, filesMax = 10 } = options;
    this.#options = options;
    this.#sizeMax = sizeMax;
    this.#filesMax = filesMax;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  record(record: AuditRecord): void {
    if (record.stranger && record.code >= 400 && !this.#takesOfStrangers()) {
      this.#leftOut++;
      return;
    }
    this.#tellLeftOut();
    this.#append(record);
  }

  #append({ user, sourceAddress, action, cluster, object, code, message }: AuditRecord): void {
    const nowMs = this.#options.clock.now();
    const result = code < 400 ? 'allowed' : code < 500 ? 'refused' : 'failed';
    const entry: AuditEntry = {
      id: this.#nextId(nowMs),
      time: new Date(nowMs).toISOString(),
      user: plain(user),
      sourceAddress,
      action: plain(action),
      ...(cluster ? { cluster: plain(cluster) } : {}),
      ...(object ? { object: plain(object) } : {}),
      result,
      code,
      ...(message ? { message: plain(message) } : {}),
    };
    this.#write(Buffer.from(`${JSON.stringify(entry)}\n`));
  }

  /** The newest first. */
  async page(query: AuditQuery): Promise<AuditPage> {
    const entries: AuditEntry[] = [];
    for (let index = 0; index < this.#filesMax; index++) {
      const text = await readFile(this.#pathOf(index), 'utf8').catch(() => '');
      const lines = text.split('\n');
      for (let line = lines.length - 1; line >= 0; line--) {
        const entry = parsed(lines[line] ?? '');
        if (!entry || !matches(entry, query)) continue;
        if (entries.length === query.limit) {
          return { entries, next: entries.at(-1)?.id ?? '' };
        }
        entries.push(entry);
      }
    }
    return { entries };
  }

  /** So many refusals of strangers are kept each minute: whoever can send requests must not be able to push others' entries out. */
  #takesOfStrangers(): boolean {
    const nowMs = this.#options.clock.monotonic();
    if (nowMs - this.#strangersSinceMs >= strangersEveryMs) {
      this.#strangersSinceMs = nowMs;
      this.#strangers = 0;
    }
    return this.#strangers++ < strangersMax;
  }

  /** Once the minute is over, what was left out is told as one entry. */
  #tellLeftOut(): void {
    if (this.#leftOut === 0 || this.#strangers > strangersMax) return;
    const message = `${this.#leftOut} more refused requests of strangers were left out`;
    this.#leftOut = 0;
    this.#append({ user: '', sourceAddress: '', action: 'left out', code: 429, message });
  }

  /** Texts that sort as the entries do. */
  #nextId(nowMs: number): string {
    this.#count = nowMs > this.#lastMs ? 0 : this.#count + 1;
    this.#lastMs = Math.max(nowMs, this.#lastMs);
    return `${this.#lastMs.toString(36).padStart(9, '0')}-${this.#count.toString(36).padStart(4, '0')}`;
  }

  #write(line: Buffer): void {
    try {
      if (this.#size + line.length > this.#sizeMax && this.#size > 0) this.#rotate();
      appendFileSync(this.#options.path, line, { mode: 0o600 });
      this.#size += line.length;
      if (this.#failed > 0) this.#options.log.error('audit entries were lost', { entries: this.#failed });
      this.#failed = 0;
    } catch (error) {
      if (this.#failed++ === 0)
        this.#options.log.error('audit log not written', { error: describeError(error) });
    }
  }

  #rotate(): void {
    for (let index = this.#filesMax - 1; index > 0; index--) {
      const from = this.#pathOf(index - 1);
      if (statSync(from, { throwIfNoEntry: false })) renameSync(from, this.#pathOf(index));
    }
    this.#size = 0;
  }

  #pathOf(index: number): string {
    return index === 0 ? this.#options.path : `${this.#options.path}.${index}`;
  }
}

function parsed(line: string): AuditEntry | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line) as AuditEntry);
  } catch {
    // The last line of a machine that lost power.
    return undefined;
  }
}

function matches(entry: AuditEntry, query: AuditQuery): boolean {
  const { user, cluster, action, result, since, until, before } = query;
  return (
    (user === undefined || entry.user === user) &&
    (cluster === undefined || entry.cluster === cluster) &&
    (action === undefined || entry.action.includes(action)) &&
    (result === undefined || entry.result === result) &&
    (since === undefined || entry.time >= since) &&
    (until === undefined || entry.time < until) &&
    (before === undefined || entry.id < before)
  );
}

/** One line of reasonable length, whatever was named. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').slice(0, textMax);
}
