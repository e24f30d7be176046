/**
 * A child process that is kept running: restarted with backoff when it ends, its output appended to a bounded log file,
 * ready when it says so over the IPC channel. One that ends before it was ever ready is not started again. The child ends by itself when the channel closes, so that a killed parent
 * leaves nothing behind. `stop` sends SIGTERM and, after the grace, SIGKILL.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Backoff, type Clock, type Logger, SkerryError, sleep } from '@skerry/base';
import { RotatingFile } from './rotating-file.ts';

export interface ManagedProcessOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stopGraceMs?: number;
  /** What the child says beyond being ready or not. */
  readonly onMessage?: (message: unknown) => void;
}

/** What a child tells its parent. */
export type ChildMessage =
  | { readonly type: 'ready'; readonly detail?: Readonly<Record<string, unknown>> }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

interface Ended {
  readonly how: string;
  readonly failure?: { readonly code: string; readonly message: string };
}

export class ManagedProcess {
  readonly #options: ManagedProcessOptions;
  readonly #stopped = new AbortController();
  #child: ChildProcess | undefined;
  #running: Promise<void> | undefined;
  #ready = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  #restarts = 0;
  #wasReady = false;

  constructor(options: ManagedProcessOptions) {
    this.#options = options;
    this.#ready.promise.catch(() => undefined);
  }

  get name(): string {
    return this.#options.name;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Starts the child; resolves with its detail when it is ready for the first time, rejects when it says why it can't. */
  start(): Promise<Readonly<Record<string, unknown>>> {
    this.#running ??= this.#keepRunning();
    return this.#ready.promise;
  }

  /** To the child, if it lives and listens. */
  send(message: object): void {
    if (this.#child?.connected) this.#child.send(message, () => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const timer = this.#options.clock.after(this.#options.stopGraceMs ?? 10_000, () =>
        child.kill('SIGKILL'),
      );
      await this.#running;
      timer.cancel();
    }
    await this.#running;
  }

  async #keepRunning(): Promise<void> {
    const { clock, log, name } = this.#options;
    const backoff = new Backoff({ baseMs: 200, maxMs: 30_000 });
    const file = new RotatingFile(this.#options.logFile, { sizeMax: 10 * 1024 * 1024, filesMax: 3 });
    try {
      while (!this.#stopped.signal.aborted) {
        const startedMs = clock.monotonic();
        const ended = await this.#runOnce(file);
        if (this.#stopped.signal.aborted) return;
        if (!this.#wasReady) {
          // What can't start once won't start on the tenth try: whoever started it decides.
          this.#ready.reject(this.#startFailure(ended));
          return;
        }
        if (clock.monotonic() - startedMs > 60_000) backoff.reset();
        const delayMs = backoff.next();
        this.#restarts++;
        log.warn('process ended, restarting', { process: name, ended: ended.how, delayMs });
        await sleep(clock, delayMs, this.#stopped.signal).catch(() => undefined);
      }
    } finally {
      file.close();
      this.#ready.reject(new SkerryError('process-not-started', `${name} was stopped before it was ready`));
    }
  }

  #startFailure({ how, failure }: Ended): SkerryError {
    const { name, logFile } = this.#options;
    if (failure) return new SkerryError(failure.code, failure.message);
    return new SkerryError(
      'process-not-started',
      `${name} ended before it was ready (${how}); its log is ${logFile}`,
    );
  }

  #runOnce(file: RotatingFile): Promise<Ended> {
    const { program, args, env } = this.#options;
    return new Promise((resolve) => {
      const child = spawn(program, args, {
        // The last one is for what a child has to say on its parent's standard output.
        stdio: ['ignore', 'pipe', 'pipe', 'ipc', process.stdout.fd],
        env: { ...process.env, ...env },
        // A group of its own: Ctrl-C in the terminal reaches the parent alone, which stops children in order.
        detached: true,
      });
      this.#child = child;
      let failure: { code: string; message: string } | undefined;
      child.stdout?.on('data', (chunk: Buffer) => file.write(chunk));
      child.stderr?.on('data', (chunk: Buffer) => file.write(chunk));
      child.on('message', (message: ChildMessage) => {
        if (message.type === 'ready') {
          this.#wasReady = true;
          this.#ready.resolve(message.detail ?? {});
        } else if (message.type === 'failed') failure = { code: message.code, message: message.message };
        else this.#options.onMessage?.(message);
      });
      child.on('error', (error) =>
        resolve({
          how: error.message,
          failure: { code: 'process-not-started', message: `${program}: ${error.message}` },
        }),
      );
      child.on('close', (code, signal) => resolve({ how: signal ?? `exit code ${code}`, failure }));
    });
  }
}

/** In a child: tells the parent, if there is one listening. */
export function tellParent(message: ChildMessage | object): void {
  if (process.connected) process.send?.(message);
}

/** In a child: what the parent says. */
export function onParentMessage(take: (message: unknown) => void): void {
  process.on('message', take);
}
