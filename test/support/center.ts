/**
 * A real center for tests: `skerry server` as a child process on a data directory and a port of its own, with raw HTTPS
 * requests to it, as they come from clients that are no kubectl.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, entry, freePort, kubectlProgram, run } from './cluster.ts';

export interface ApiRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when it is text, as JSON otherwise. */
  readonly body?: unknown;
  /** The administrator's certificate unless told otherwise. */
  /** `https://host:port`; the API server's unless told. */
  readonly url?: string;
  readonly as?: 'admin' | 'nobody' | { readonly cert: string; readonly key: string };
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as an object; an empty one where it is no JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

export class Center {
  readonly dataDirectory: string;
  readonly port: number;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #output = '';

  constructor(options: { dataDirectory: string; port: number; flags?: readonly string[] }) {
    this.#flags = options.flags ?? [];
    this.dataDirectory = options.dataDirectory;
    this.port = options.port;
  }

  /** Starts a center, on a temporary directory unless told, and waits until it answers. */
  static async start(
    dataDirectory = mkdtempSync(join(tmpdir(), 'skerry-center-')),
    flags: readonly string[] = [],
  ): Promise<Center> {
    const center = new Center({ dataDirectory, port: await freePort(), flags });
    await center.start();
    return center;
  }

  start(): Promise<void> {
    const ports = ['--port', String(this.port), '--console-port', '0'];
    const flags = ['--data-dir', this.dataDirectory, ...ports, '--listen-address', '127.0.0.1'];
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [entry(), 'server', ...flags, ...this.#flags], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NO_COLOR: '1' },
      });
      this.#child = child;
      this.#output = '';
      const take = (chunk: Buffer) => {
        this.#output += chunk.toString('utf8');
        if (this.#output.includes('API and links')) resolve();
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.on('exit', (code) => reject(new Error(`skerry server ended (${code}):\n${this.#output}`)));
    });
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get environment(): NodeJS.ProcessEnv {
    const kubeconfig = join(this.dataDirectory, 'admin.kubeconfig');
    return { ...process.env, KUBECONFIG: kubeconfig, HOME: this.dataDirectory, NO_COLOR: '1' };
  }

  kubectl(args: readonly string[], input?: string): Promise<CommandResult> {
    return run(kubectlProgram, args, { env: this.environment, ...(input === undefined ? {} : { input }) });
  }

  skerry(args: readonly string[]): Promise<CommandResult> {
    return run(process.execPath, [entry(), ...args], { env: this.environment, timeoutMs: 60_000 });
  }

  /** One request on a connection of its own. */
  request({ method = 'GET', path, headers, body, url, as = 'admin' }: ApiRequest): Promise<ApiAnswer> {
    const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: url === undefined ? this.port : Number(new URL(url).port),
          method,
          path,
          agent: false,
          ca: this.file('server/pki/ca.crt'),
          ...this.#identity(as),
          headers: {
            ...(payload === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: objectOf(text),
            });
          });
        },
      );
      outgoing.setTimeout(20_000, () => outgoing.destroy(new Error(`${method} ${path}: no answer`)));
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  }

  file(path: string): string {
    return readFileSync(join(this.dataDirectory, path), 'utf8');
  }

  /** What it has said since it was last started. */
  get output(): string {
    return this.#output;
  }

  /** All that its processes have said and logged. */
  get logs(): string {
    const folder = join(this.dataDirectory, 'logs');
    if (!existsSync(folder)) return this.#output;
    return readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .concat(this.#output)
      .join('\n');
  }

  /** Ends it as Ctrl-C does, and keeps its state. */
  pause(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const hard = setTimeout(() => child.kill('SIGKILL'), 30_000);
      child.on('exit', () => {
        clearTimeout(hard);
        resolve();
      });
      child.kill('SIGINT');
    });
  }

  async stop(): Promise<void> {
    await this.pause();
    rmSync(this.dataDirectory, { recursive: true, force: true });
  }

  #identity(as: NonNullable<ApiRequest['as']>) {
    if (as === 'nobody') return {};
    if (as !== 'admin') return as;
    return { cert: this.file('server/pki/admin.crt'), key: this.file('server/pki/admin.key') };
  }
}

function objectOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
