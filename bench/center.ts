/** A center of its own for one benchmark: `skerry server` of the release bundle on an empty folder and a free port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, root, run } from '../test/support/cluster.ts';
import { childrenOf, cpuSeconds } from './processes.ts';
import { type ApiEndpoint, type BenchTarget, endpointOf } from './target.ts';

export const bundle = join(root, 'dist/skerry.mjs');
const readyTimeoutMs = 60_000;

export class BenchCenter implements BenchTarget {
  readonly dataDirectory = mkdtempSync(join(tmpdir(), 'skerry-bench-'));
  port = 0;
  consolePort = 0;
  /** From the start of the process until `/readyz` said ok. */
  readyMs = 0;
  #child: ChildProcess | undefined;
  readonly #others: ChildProcess[] = [];

  readonly #flags: readonly string[];

  private constructor(flags: readonly string[]) {
    this.#flags = flags;
  }

  /** `flags`: more of `skerry server`. */
  static async start({ flags = [] }: { flags?: readonly string[] } = {}): Promise<BenchCenter> {
    const center = new BenchCenter(flags);
    try {
      await center.up();
    } catch (error) {
      await center.stop();
      throw error;
    }
    return center;
  }

  async up(): Promise<void> {
    this.port = await freePort();
    this.consolePort = await freePort();
    const startedMs = performance.now();
    const args = [
      'server',
      '--data-dir',
      this.dataDirectory,
      '--port',
      String(this.port),
      '--console-port',
      String(this.consolePort),
      '--listen-address',
      '127.0.0.1',
      ...this.#flags,
    ];
    const child = spawn(process.execPath, [bundle, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString('utf8')).slice(-4000);
    });
    while (!(await isReady(this.port))) {
      if (child.exitCode !== null) throw new Error(`skerry server ended with ${child.exitCode}: ${errors}`);
      if (performance.now() - startedMs > readyTimeoutMs)
        throw new Error('skerry server is not ready after a minute');
      await delay(5);
    }
    this.readyMs = performance.now() - startedMs;
    await until('the controllers process', readyTimeoutMs, () => this.#hasChild('serve-controllers'));
  }

  async down(): Promise<void> {
    // What is held still can't end.
    if (this.#child?.exitCode === null) this.resumeControllers();
    await ended(this.#child);
    this.#child = undefined;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#others.map(ended));
    await this.down();
    rmSync(this.dataDirectory, { recursive: true, force: true });
  }

  /** Supervisor, center, API server and controllers. */
  get pids(): readonly number[] {
    const pid = this.#child?.pid;
    return pid ? [pid, ...childrenOf(pid).map((child) => child.pid)] : [];
  }

  /** Holds controllers and scheduler still, as the peer of a comparison has none; ended by `resumeControllers` or `down`. */
  pauseControllers(): void {
    process.kill(this.controllersPid, 'SIGSTOP');
  }

  resumeControllers(): void {
    process.kill(this.controllersPid, 'SIGCONT');
  }

  get credentials(): ApiEndpoint['credentials'] {
    return endpointOf(this).credentials;
  }

  cpuSeconds(): number {
    return cpuSeconds(this.apiPid);
  }

  get apiPid(): number {
    return this.#childPid('serve-api');
  }

  get centerPid(): number {
    return this.#childPid('serve-center');
  }

  /** A token of the console's first user, for its API. */
  async consoleToken(): Promise<string> {
    const args = ['user', 'token', 'admin', '--data-dir', this.dataDirectory];
    const made = await run(process.execPath, [bundle, ...args]);
    if (made.code !== 0) throw new Error(`user token: ${made.errors}`);
    return made.output.trim().split('\n').at(-1) ?? '';
  }

  get controllersPid(): number {
    return this.#childPid('serve-controllers');
  }

  /** Joins simulated nodes, `PREFIX-0` and on, from one more process; resolves when all have joined. */
  async simulate(nodes: number, prefix = 'sim'): Promise<void> {
    const token = await run(process.execPath, [bundle, 'token', 'create', '--data-dir', this.dataDirectory]);
    if (token.code !== 0) throw new Error(`token create: ${token.errors}`);
    const args = [
      'sim',
      `127.0.0.1:${this.port}`,
      '--name-prefix',
      prefix,
      '--nodes',
      String(nodes),
      '--regions',
      'a,b,c',
      '--data-dir',
      this.dataDirectory,
    ];
    const child = spawn(process.execPath, [bundle, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, SKERRY_JOIN_TOKEN: token.output.trim() },
    });
    this.#others.push(child);
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        if (chunk.toString('utf8').includes(`${nodes} of ${nodes}`)) resolve();
      });
      child.on('exit', (code) => reject(new Error(`skerry sim ended with ${code}`)));
    });
  }

  #hasChild(command: string): boolean {
    return this.#childOf(command) !== undefined;
  }

  #childOf(command: string) {
    return childrenOf(this.#child?.pid ?? 0).find((child) => child.command.includes(` ${command} `));
  }

  #childPid(command: string): number {
    const found = this.#childOf(command);
    if (!found) throw new Error(`${command} is not running; see ${join(this.dataDirectory, 'logs')}`);
    return found.pid;
  }
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(
      { host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false, agent: false },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode === 200));
      },
    );
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

function ended(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const hard = setTimeout(() => child.kill('SIGKILL'), 30_000);
    child.once('exit', () => {
      clearTimeout(hard);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Waits for `true`, asking every 50 ms. */
export async function until(
  what: string,
  timeoutMs: number,
  holds: () => Promise<boolean> | boolean,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await delay(50);
  }
}
