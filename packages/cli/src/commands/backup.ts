import { systemClock } from '@skerry/base';
import type { Command } from 'commander';
import { Report } from '#terminal/report.ts';
import { dataOf, withDataDirectory } from './common-flags.ts';

/** `skerry backup` and `skerry restore`. */
export function addBackupCommands(program: Command): void {
  withDataDirectory(program.command('backup'))
    .description('save keys, configuration and state in one file, while all runs')
    .requiredOption('--output <file>', 'where to; must not exist')
    .option('--cluster <name>', 'only this cluster (default the whole center)')
    .action(async ({ dataDir, ...options }: { dataDir: string; output: string; cluster?: string }) => {
      const { backup } = await import('#backup/backup-commands.ts');
      const report = new Report(process.stdout, () => performance.now());
      await backup(dataOf({ dataDir }), { ...options, clock: systemClock, report });
    });
  withDataDirectory(program.command('restore'))
    .description('unpack a backup into a new data directory, or as one more cluster of a running center')
    .argument('<file>')
    .option('--as <name>', 'as a cluster of this name of the center that runs in the data directory')
    .action(async (file: string, { dataDir, ...options }: { dataDir: string; as?: string }) => {
      const { restore } = await import('#backup/backup-commands.ts');
      const report = new Report(process.stdout, () => performance.now());
      await restore(dataOf({ dataDir }), { file, ...options, clock: systemClock, report });
    });
}
