/**
 * A real cluster for tests and the demo: `skerry up` as a child process on a data directory and a port of its own, and
 * stock kubectl against it. `stop` sends what Ctrl-C sends.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');
export const kubectlProgram = process.env['KUBECTL'] ?? join(root, '.cache/bin/kubectl');

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

export interface ClusterOptions {
  readonly regions?: readonly string[];
  readonly runtime?: 'auto' | 'containerd' | 'simulated';
  /** A free one of each start unless told. */
  readonly consolePort?: number;
  /** Kept when given; a temporary one is removed at the end. */
  readonly dataDirectory?: string;
  readonly onOutput?: (text: string) => void;
  /** More flags of `skerry up`. */
  readonly flags?: readonly string[];
}

/** Whether this machine can run containers: root, containerd, network namespaces. */
export function canRunContainers(): boolean {
  const programs = ['/usr/bin/containerd', '/usr/sbin/runc', '/usr/lib/cni/bridge', '/usr/sbin/nft'];
  return process.getuid?.() === 0 && programs.every((file) => existsSync(file));
}

/**
 * A cut is seen after 8 s and a silent node is Unknown after 12, instead of 38 and 50: for tests that wait for it. Shorter ones
 * would take a machine that is busy with other tests for one that is silent.
 */
export const soonSilent: readonly string[] = [
  '--link-heartbeat-period=4s',
  '--node-monitor-grace-period=12s',
  '--node-monitor-period=1s',
];

export class Cluster {
  readonly dataDirectory: string;
  readonly port: number;
  readonly #options: ClusterOptions;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(options: ClusterOptions, dataDirectory: string, port: number) {
    this.#options = options;
    this.dataDirectory = dataDirectory;
    this.port = port;
  }

  /** Starts a cluster and waits until `skerry up` says that everything runs. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const directory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'skerry-test-'));
    const cluster = new Cluster(options, directory, await freePort());
    try {
      await cluster.#up();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get output(): string {
    return this.#output;
  }

  get kubeconfig(): string {
    return join(this.dataDirectory, 'admin.kubeconfig');
  }

  /** Stops `skerry up` and keeps its state. */
  pause(): Promise<void> {
    return this.#down();
  }

  /** Starts it again on that state. */
  resume(): Promise<void> {
    return this.#up();
  }

  /** Runs kubectl to its end; never rejects for its exit code. */
  kubectl(
    args: readonly string[],
    options: { input?: string; timeoutMs?: number } = {},
  ): Promise<CommandResult> {
    return run(kubectlProgram, args, { ...options, env: this.environment });
  }

  /** Runs kubectl and answers its output; rejects with its error output when it fails. */
  async kubectlOk(...args: string[]): Promise<string> {
    const result = await this.kubectl(args);
    if (result.code !== 0)
      throw new Error(`kubectl ${args.join(' ')}: exit ${result.code}: ${result.errors || result.output}`);
    return result.output;
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.kubectlOk(...args, '-o', 'json')) as T;
  }

  /** Starts kubectl and leaves it running: `logs -f`, `port-forward`, `get -w`. End it with `child.kill()`. */
  spawnKubectl(args: readonly string[]): ChildProcess {
    return spawn(kubectlProgram, args, { env: this.environment, stdio: ['pipe', 'pipe', 'pipe'] });
  }

  skerry(
    args: readonly string[],
    options: { input?: string; timeoutMs?: number } = {},
  ): Promise<CommandResult> {
    return run(process.execPath, [entry(), ...args], { ...options, env: this.environment });
  }

  /** Process ids of the cluster's parts, by name. */
  async processes(): Promise<Record<string, number>> {
    const result = await this.skerry(['up', 'machine', 'list', '--json', '--data-dir', this.dataDirectory]);
    if (result.code !== 0) throw new Error(result.errors);
    return (JSON.parse(result.output) as { processes: Record<string, number> }).processes;
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, KUBECONFIG: this.kubeconfig, HOME: this.dataDirectory, NO_COLOR: '1' };
  }

  async stop(): Promise<void> {
    await this.#down();
    if (this.#options.dataDirectory === undefined)
      rmSync(this.dataDirectory, { recursive: true, force: true });
  }

  #up(): Promise<void> {
    const { regions, runtime = 'auto', consolePort = 0, onOutput, flags = [] } = this.#options;
    const ports = ['--port', String(this.port), '--console-port', String(consolePort)];
    const args = ['up', '--data-dir', this.dataDirectory, ...ports, '--runtime', runtime, ...flags];
    if (regions) args.push('--regions', regions.join(','));
    this.#output = '';
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [entry(), ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NO_COLOR: '1' },
      });
      this.#child = child;
      const take = (chunk: Buffer) => {
        this.#output += chunk.toString('utf8');
        onOutput?.(chunk.toString('utf8'));
        if (this.#output.includes('Ctrl-C stops everything')) resolve();
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.on('exit', (code, signal) =>
        reject(new Error(`skerry up ended (${signal ?? code}):\n${this.#output}`)),
      );
    });
  }

  #down(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const hard = setTimeout(() => child.kill('SIGKILL'), 60_000);
      child.on('exit', () => {
        clearTimeout(hard);
        resolve();
      });
      child.kill('SIGINT');
    });
  }
}

/** The bundle where it is built, as users run it; the sources otherwise. */
export function entry(): string {
  const bundle = join(root, 'dist/skerry.mjs');
  return existsSync(bundle) ? bundle : join(root, 'packages/cli/src/main.ts');
}

export function run(
  program: string,
  args: readonly string[],
  options: { input?: string; timeoutMs?: number; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: options.env ?? process.env,
      cwd: options.cwd,
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000);
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 137, output, errors });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
  });
}

/** What a stopped cluster might have left on this machine: processes, mounts, namespaces, links that name its folder or id. */
export function leftovers(dataDirectory: string, id: string): string[] {
  const list = (program: string, ...args: string[]) =>
    spawnSync(program, args, { encoding: 'utf8' }).stdout.split('\n');
  const processes = list('ps', '-eo', 'pid,args').filter(
    (line) => line.includes(dataDirectory) && !line.includes('vitest'),
  );
  const mounts = list('cat', '/proc/mounts').filter((line) => line.includes(dataDirectory));
  const namespaces = list('ip', 'netns', 'list').filter((line) => line.includes(`skerry-${id}`));
  const links = list('ip', '-o', 'link').filter((line) => line.includes(`sk${id}`));
  const groups = list('find', '/sys/fs/cgroup', '-maxdepth', '3', '-name', `*skerry-${id}*`).filter(
    (line) => line !== '',
  );
  return [...processes, ...mounts, ...namespaces, ...links, ...groups];
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
