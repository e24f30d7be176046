/** `skerry up` as a child process that is signalled in the middle of what it does; `Cluster` is for those that only use it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import { entry } from './cluster.ts';

export interface UpProcessOptions {
  readonly dataDirectory: string;
  readonly port: number;
  readonly regions?: readonly string[];
  readonly runtime?: 'containerd' | 'simulated';
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly tookMs: number;
}

export const runsMessage = 'Ctrl-C stops everything';

export class UpProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly #dataDirectory: string;
  #output = '';

  constructor(options: UpProcessOptions) {
    const { dataDirectory, port, regions = ['east'], runtime = 'containerd', env } = options;
    this.#dataDirectory = dataDirectory;
    const flags = ['--data-dir', dataDirectory, '--port', String(port), '--regions', regions.join(',')];
    const startedMs = performance.now();
    this.child = spawn(
      process.execPath,
      [entry(), 'up', ...flags, '--console-port', '0', '--runtime', runtime],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NO_COLOR: '1', ...env },
      },
    );
    this.child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString('utf8')));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString('utf8')));
    this.ended = new Promise((resolve) => {
      this.child.on('exit', (code, signal) =>
        resolve({ code, signal, tookMs: performance.now() - startedMs }),
      );
    });
  }

  get output(): string {
    return this.#output;
  }

  /** Name part of its namespaces and links; empty before it chose one. */
  get instance(): string {
    const file = join(this.#dataDirectory, 'up.json');
    if (!existsSync(file)) return '';
    return (JSON.parse(readFileSync(file, 'utf8')) as { id: string }).id;
  }

  /** Resolves when the condition holds; fails with what it printed when it ends before. */
  async until(condition: (output: string) => boolean): Promise<void> {
    let over = false;
    void this.ended.then(() => (over = true));
    await eventually(
      () => {
        if (!condition(this.#output) && !over) throw new Error(`not yet:\n${this.#output}`);
      },
      { timeoutMs: 90_000, everyMs: 10 },
    );
    if (!condition(this.#output)) throw new Error(`skerry up ended:\n${this.#output}`);
  }

  untilItRuns(): Promise<void> {
    return this.until((output) => output.includes(runsMessage));
  }

  end(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}
