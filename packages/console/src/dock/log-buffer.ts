/**
 * The lines of a log that are kept: the newest, up to a number and a size, so that a tab can stay open for days. Lines are
 * numbered from the first that ever came, so that a place in the log stays the same when older ones go.
 */
export interface LogLine {
  readonly number: number;
  /** Pod and container, or nothing for what the console says itself. */
  readonly source: string;
  readonly text: string;
  /** RFC 3339, as the node wrote it; absent for what the console says itself. */
  readonly time?: string;
}

export const linesMax = 50_000;
const charactersMax = 16 << 20;
/** A longer one is cut: it can't be read anyway. */
const lineLengthMax = 32 << 10;

export class LogBuffer {
  #lines: LogLine[] = [];
  #characters = 0;
  #next = 0;
  #version = 0;
  /** By source, the time of its last line. */
  readonly #latest = new Map<string, string>();
  readonly #listeners = new Set<() => void>();

  /** Changes whenever the lines do. */
  readonly version = (): number => this.#version;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** How many lines came, kept or not. */
  get total(): number {
    return this.#next;
  }

  push(source: string, texts: readonly string[]): void {
    for (const line of texts.slice(-linesMax)) {
      const time = source === '' ? undefined : timeOf(line);
      // After a break the log is asked for from a little before: what came then is here already.
      if (time !== undefined && time <= (this.#latest.get(source) ?? '')) continue;
      if (time !== undefined) this.#latest.set(source, time);
      const text = time === undefined ? line : line.slice(time.length + 1);
      const kept = text.length > lineLengthMax ? `${text.slice(0, lineLengthMax)}…` : text;
      this.#lines.push({ number: this.#next++, source, text: kept, ...(time === undefined ? {} : { time }) });
      this.#characters += kept.length;
    }
    this.#trim();
    this.#tell();
  }

  clear(): void {
    this.#lines = [];
    this.#characters = 0;
    this.#latest.clear();
    this.#tell();
  }

  /** Takes away a part at once, since taking single ones from the front moves all others each time. */
  #trim(): void {
    if (this.#lines.length <= linesMax && this.#characters <= charactersMax) return;
    let drop = Math.max(this.#lines.length - linesMax, 0) + linesMax / 10;
    drop = Math.min(drop, this.#lines.length - 1);
    let characters = this.#lines.slice(0, drop).reduce((sum, { text }) => sum + text.length, 0);
    while (drop < this.#lines.length - 1 && this.#characters - characters > charactersMax) {
      characters += this.#lines[drop]?.text.length ?? 0;
      drop++;
    }
    this.#lines = this.#lines.slice(drop);
    this.#characters -= characters;
  }

  #tell(): void {
    this.#version++;
    for (const listener of this.#listeners) listener();
  }
}

/** Nodes write times of one length, to the nanosecond, so that they compare as texts do. */
function timeOf(line: string): string | undefined {
  return /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) /.exec(line)?.[1];
}
