/**
 * What a person sees while a command works: one line per step, written when the step ends, with the time it took. On a
 * terminal a last line names the steps that run; elsewhere only finished lines are printed.
 */
import { describeError, SkerryError } from '@skerry/base';
import colors from 'picocolors';

export interface Output {
  readonly isTTY: boolean;
  /** Width of the terminal. */
  readonly columns?: number;
  write(text: string): void;
}

const shown = new WeakSet<object>();

/** Whether a person has seen this error as the end of a step, so that it need not be said again. */
export function wasShown(error: unknown): boolean {
  return typeof error === 'object' && error !== null && shown.has(error);
}

/** By which a person finds an error in docs/reference/errors.md. */
export function codeOf(error: unknown): string {
  return error instanceof SkerryError ? colors.dim(` (${error.code})`) : '';
}

export class Report {
  readonly #output: Output;
  readonly #now: () => number;
  readonly #running: string[] = [];

  constructor(output: Output, now: () => number) {
    this.#output = output;
    this.#now = now;
  }

  /**
   * Runs one step. `detail` of the result is shown behind the title. A step that fails after `signal` was aborted was
   * stopped, which is no failure to tell of.
   */
  async step<T>(
    title: string,
    work: () => Promise<T>,
    detail?: (result: T) => string,
    signal?: AbortSignal,
  ): Promise<T> {
    const startedMs = this.#now();
    this.#running.push(title);
    this.#showRunning();
    try {
      const result = await work();
      const tookMs = this.#now() - startedMs;
      const took = tookMs >= 100 ? colors.dim(` (${(tookMs / 1000).toFixed(1)} s)`) : '';
      this.#ended(
        title,
        `  ${colors.green('✓')} ${title}${detail ? colors.dim(`  ${detail(result)}`) : ''}${took}`,
      );
      return result;
    } catch (error) {
      this.#ended(
        title,
        signal?.aborted
          ? colors.dim(`  - ${title}: stopped`)
          : `  ${colors.red('✗')} ${title}: ${describeError(error)}${codeOf(error)}`,
      );
      if (typeof error === 'object' && error !== null) shown.add(error);
      throw error;
    }
  }

  heading(text: string): void {
    this.#line(colors.bold(text));
  }

  line(text = ''): void {
    this.#line(text);
  }

  warn(text: string): void {
    this.#line(`  ${colors.yellow('!')} ${text}`);
  }

  #ended(title: string, line: string): void {
    this.#running.splice(this.#running.indexOf(title), 1);
    this.#line(line);
  }

  #line(text: string): void {
    const clear = this.#output.isTTY ? '\r\u001b[K' : '';
    this.#output.write(`${clear}${text}\n`);
    this.#showRunning();
  }

  /** Always one row, so that it can be cleared by one escape. */
  #showRunning(): void {
    if (!this.#output.isTTY || this.#running.length === 0) return;
    const room = Math.max((this.#output.columns ?? 80) - 5, 1);
    const titles = this.#running.join(', ');
    const text = titles.length > room ? `${titles.slice(0, room - 1)}…` : titles;
    this.#output.write(`\r\u001b[K${colors.dim(`  … ${text}`)}`);
  }
}

/** Pairs of a name and its value in two aligned columns. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}
