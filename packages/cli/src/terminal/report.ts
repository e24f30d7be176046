/**
 * What a person sees while a command works: one line per step, written when the step ends, with the time it took. On a
 * terminal the running step is shown; elsewhere only finished lines are printed.
 */
import { describeError } from '@skerry/base';
import colors from 'picocolors';

export interface Output {
  readonly isTTY: boolean;
  write(text: string): void;
}

const shown = new WeakSet<object>();

/** Whether a person has seen this error as the end of a step, so that it need not be said again. */
export function wasShown(error: unknown): boolean {
  return typeof error === 'object' && error !== null && shown.has(error);
}

export class Report {
  readonly #output: Output;
  readonly #now: () => number;

  constructor(output: Output, now: () => number) {
    this.#output = output;
    this.#now = now;
  }

  /** Runs one step. `detail` of the result is shown behind the title. */
  async step<T>(title: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    const startedMs = this.#now();
    if (this.#output.isTTY) this.#output.write(`  ${colors.dim('…')} ${title}\r`);
    try {
      const result = await work();
      const tookMs = this.#now() - startedMs;
      const took = tookMs >= 100 ? colors.dim(` (${(tookMs / 1000).toFixed(1)} s)`) : '';
      this.#clear();
      this.#line(`  ${colors.green('✓')} ${title}${detail ? colors.dim(`  ${detail(result)}`) : ''}${took}`);
      return result;
    } catch (error) {
      this.#clear();
      this.#line(`  ${colors.red('✗')} ${title}: ${describeError(error)}`);
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

  #clear(): void {
    if (this.#output.isTTY) this.#output.write('\u001b[2K\r');
  }

  #line(text: string): void {
    this.#output.write(`${text}\n`);
  }
}

/** Pairs of a name and its value in two aligned columns. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}
