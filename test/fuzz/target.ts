/** The fuzzed server as its fuzzer sees it: ports, a memory of what was asked, and the state of the process on demand. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from './client.ts';
import type { ServerReady, ServerReport } from './server-contract.ts';

/** What the server may hold once all was answered and garbage is collected. */
const heapBytesMax = 900 * 1024 * 1024;
const aliveWithinMs = 15_000;
const errorsMax = 20_000;

export class Target {
  readonly #child: ChildProcess;
  readonly ready: ServerReady;
  /** Plain HTTP as the administrator. */
  readonly client: Client;
  #errors = '';
  #ended: string | undefined;
  #inputs = 0;

  private constructor(child: ChildProcess, ready: ServerReady) {
    this.#child = child;
    this.ready = ready;
    this.client = new Client(ready.plainPort);
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = `${this.#errors}${chunk.toString()}`.slice(-errorsMax);
    });
    child.once('exit', (code, signal) => {
      this.#ended = `the server ended (${code ?? signal}):\n${this.#errors}`;
    });
  }

  static async start(): Promise<Target> {
    const flags = ['--expose-gc', '--max-old-space-size=1500', '--disable-warning=ExperimentalWarning'];
    const child = spawn(process.execPath, [...flags, join(import.meta.dirname, 'server.ts')], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    const ended = once(child, 'exit').then(() => {
      throw new Error('the server did not start');
    });
    const [ready] = (await Promise.race([once(child, 'message'), ended])) as [ServerReady];
    ended.catch(() => undefined);
    return new Target(child, ready);
  }

  /** Answers that were looked at. */
  get inputs(): number {
    return this.#inputs;
  }

  countInput(): void {
    this.#inputs++;
  }

  async report({ collected = false } = {}): Promise<ServerReport> {
    if (this.#ended) throw new Error(this.#ended);
    const answer = once(this.#child, 'message', { signal: AbortSignal.timeout(aliveWithinMs * 2) });
    this.#child.send(collected ? 'collected' : 'as-is');
    const [report] = (await answer) as [ServerReport];
    return report;
  }

  /** What must hold whatever was sent before. */
  async expectSound({ collected = false } = {}): Promise<ServerReport> {
    if (this.#ended) throw new Error(this.#ended);
    const alive = await this.client.call({ path: '/livez', timeoutMs: aliveWithinMs });
    if (alive.status !== 200) throw new Error(`/livez answers ${alive.status}`);
    const report = await this.report({ collected });
    if (report.polluted.length > 0) throw new Error(`prototypes were changed: ${report.polluted.join(' ')}`);
    if (report.bugs.length > 0) throw new Error(`bugs in the server's log:\n${report.bugs.join('\n')}`);
    if (collected && report.heapBytes > heapBytesMax) {
      throw new Error(`the server holds ${Math.round(report.heapBytes / 2 ** 20)} MiB`);
    }
    return report;
  }

  async stop(): Promise<void> {
    this.client.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.disconnect();
    await exit;
  }
}
