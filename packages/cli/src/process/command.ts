import { spawn } from 'node:child_process';
import { SkerryError } from '@skerry/base';

export interface CommandOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the program early. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a program to its end and returns what it printed. Arguments are passed as they are; no shell sees them.
 * Fails with `command-failed` naming program, arguments and the last lines of its error output, or with `command-timeout`; output is
 * bounded to 8 MiB.
 * Ctrl-C in the terminal does not reach it: whoever waits for it decides whether it is cut short.
 */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { input, timeoutMs = 30_000, env, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      detached: true,
      ...(signal ? { signal } : {}),
      env: env ? { ...process.env, ...env } : process.env,
    });
    const output = new BoundedText();
    const errors = new BoundedText();
    child.stdout.on('data', (chunk: Buffer) => output.add(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.add(chunk));
    child.on('error', (error) => reject(failure(program, args, error.message, error)));
    child.on('close', (code, endedBy) => {
      if (code === 0) {
        resolve(output.text);
        return;
      }
      // Killed from here, and not because somebody gave it up: its time was over.
      if (child.killed && !signal?.aborted) {
        reject(timedOut(program, args, timeoutMs));
        return;
      }
      const ended = endedBy ? `ended by ${endedBy}` : `ended with ${code}`;
      reject(failure(program, args, `${ended}: ${lastLines(errors.text || output.text)}`));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

class BoundedText {
  #chunks: Buffer[] = [];
  #length = 0;

  add(chunk: Buffer): void {
    if (this.#length > 8 * 1024 * 1024) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

function failure(program: string, args: readonly string[], why: string, cause?: unknown): SkerryError {
  return new SkerryError('command-failed', `${[program, ...args].join(' ')}: ${why}`, { cause });
}

function timedOut(program: string, args: readonly string[], timeoutMs: number): SkerryError {
  return new SkerryError(
    'command-timeout',
    `${[program, ...args].join(' ')}: did not end within ${timeoutMs / 1_000} s; is the machine very busy or slow?`,
  );
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-4).join(' | ').slice(-800);
}
