import { execFile } from 'node:child_process';

export interface CommandOptions {
  readonly timeoutMs?: number;
  readonly input?: string;
}

/** Output beyond this is a fault of the command: nothing that the agent runs says so much. */
const outputBytesMax = 4 * 1024 * 1024;

/** Runs a program, never a shell, and answers its stdout; a failure carries what it wrote to stderr. */
export function runCommand(
  file: string,
  args: readonly string[],
  { timeoutMs = 60_000, input }: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, maxBuffer: outputBytesMax, encoding: 'utf8' as const };
    const child = execFile(file, [...args], options, (error, stdout, stderr) => {
      if (!error) {
        resolve(stdout);
        return;
      }
      const said = stderr.trim() || error.message;
      reject(new Error(`${file} ${args.join(' ')}: ${said}`, { cause: error }));
    });
    // A program that ends before it has read its input breaks the pipe; its exit status is the news, not that.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}
