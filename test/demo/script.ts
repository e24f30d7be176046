import type { Cluster, CommandResult } from '../support/cluster.ts';

const settleMs = 60_000;

/**
 * Plays commands and checks what they print. A command whose lines have not come is run again for up to a minute, as a
 * person would look again; only its last output is printed.
 */
export class Script {
  readonly missing: string[] = [];
  readonly #cluster: Cluster;
  readonly #write: (text: string) => void;
  #checked = 0;

  constructor(cluster: Cluster, write: (text: string) => void) {
    this.#cluster = cluster;
    this.#write = write;
  }

  get checked(): number {
    return this.#checked;
  }

  heading(text: string): void {
    this.#write(`\n── ${text} ──\n`);
  }

  /** kubectl; reading commands are repeated until all lines are there, writing ones are run once. */
  async expect(args: readonly string[], lines: readonly RegExp[]): Promise<void> {
    const reading =
      ['get', 'describe', 'logs'].includes(args[0] ?? '') || (args[0] === 'rollout' && args[1] === 'history');
    await this.#play('kubectl', args, lines, reading ? settleMs : 0, () =>
      this.#cluster.kubectl(args, { timeoutMs: 240_000 }),
    );
  }

  async skerry(args: readonly string[], lines: readonly RegExp[]): Promise<void> {
    const all = [...args, '--data-dir', this.#cluster.dataDirectory];
    await this.#play('skerry', args, lines, 0, () => this.#cluster.skerry(all, { timeoutMs: 240_000 }));
  }

  /** Output of a command that is not shown. */
  async capture(args: readonly string[]): Promise<string> {
    return (await this.#cluster.kubectlOk(...args)).trim();
  }

  async #play(
    program: string,
    args: readonly string[],
    lines: readonly RegExp[],
    patienceMs: number,
    run: () => Promise<CommandResult>,
  ): Promise<void> {
    this.#checked += lines.length;
    this.#write(`\n$ ${[program, ...args].map(quoted).join(' ')}\n`);
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const result = await run();
      const missing = lines.filter((line) => !line.test(result.output));
      if ((missing.length > 0 || result.code !== 0) && performance.now() < deadline) {
        await new Promise<void>((resolve) => setTimeout(resolve, 500));
        continue;
      }
      this.#write(result.output + result.errors);
      if (result.code !== 0) this.missing.push(`${program} ${args.join(' ')} ended with ${result.code}`);
      this.missing.push(...missing.map((line) => `${program} ${args.join(' ')}: no line like ${line}`));
      return;
    }
  }
}

function quoted(word: string): string {
  return /^[\w./:=@%,+-]+$/.test(word) ? word : `'${word}'`;
}
