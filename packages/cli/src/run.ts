/** One command from its arguments to its exit code and its line on standard error. */
import { describeError } from '@skerry/base';
import { type Command, CommanderError } from 'commander';
import colors from 'picocolors';
import { exitCodeOf } from './commands/exit-code.ts';
import { codeOf, wasShown } from './terminal/report.ts';

export async function run(program: Command, argv: readonly string[]): Promise<void> {
  process.on('uncaughtException', (error) => {
    process.stderr.write(
      `${JSON.stringify({ level: 'error', msg: 'bug: uncaught exception', error: error.stack })}\n`,
    );
    process.exit(1);
  });
  // Signal handlers and promises alone don't keep a process alive.
  const alive = setInterval(() => undefined, 1 << 30);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.exitCode = exitCodeOf(error);
    if (wasShown(error)) return;
    process.stderr.write(`${colors.red('error:')} ${describeError(error)}${codeOf(error)}\n`);
  } finally {
    clearInterval(alive);
  }
}
