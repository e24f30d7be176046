import { systemClock } from '@skerry/base';
import { type Command } from 'commander';
import { isRoot, dataOf, withDataDirectory } from './common-flags.ts';
import { Report } from '#terminal/report.ts';

/** `skerry reset`: undoes `join`, `server` or `up` on this machine. */
export function addResetCommand(program: Command): void {
  withDataDirectory(program.command('reset'))
    .description('take this machine out: end its pods, and delete everything in its data directory')
    .option('--yes', 'do not ask')
    .action(async (options: { dataDir: string; yes?: boolean }) => {
      const { resetMachine } = await import('#compose/reset.ts');
      const report = new Report(process.stdout, () => performance.now());
      await resetMachine({
        data: dataOf(options),
        confirmed: options.yes ?? false,
        root: isRoot(),
        clock: systemClock,
        report,
      });
    });
}
