/** Runs the programs that speak to the kernel, never a shell. */
import { execFile } from 'node:child_process';

const timeoutMs = 30_000;
/** Routes and neighbours of some ten thousand machines as JSON. */
const outputBytesMax = 16 * 1024 * 1024;

export interface ProgramResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Resolves with its exit code, whatever it is; rejects when it does not start or end. */
export function runProgram(
  file: string,
  args: readonly string[],
  { input }: { readonly input?: string } = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, maxBuffer: outputBytesMax, encoding: 'utf8' as const };
    const child = execFile(file, [...args], options, (error, output, errors) => {
      if (error && typeof error.code !== 'number') {
        reject(new Error(`${file} ${args.join(' ')}: ${error.message}`, { cause: error }));
        return;
      }
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output, errors });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}
