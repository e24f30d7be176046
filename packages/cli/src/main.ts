/** The one binary. Everything it does lives in `commands/`; this file only turns results into output and exit codes. */
import { describeError, SkerryError } from '@skerry/base';
import { CommanderError } from 'commander';
import colors from 'picocolors';
import { createProgram } from './commands/program.ts';
import { exitCodeOf } from './commands/exit-code.ts';

process.on('uncaughtException', (error) => {
  process.stderr.write(
    `${JSON.stringify({ level: 'error', msg: 'bug: uncaught exception', error: error.stack })}\n`,
  );
  process.exit(1);
});

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    const code = error instanceof SkerryError ? colors.dim(` (${error.code})`) : '';
    process.stderr.write(`${colors.red('error:')} ${describeError(error)}${code}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
