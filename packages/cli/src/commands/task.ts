import { systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import { Report } from '#terminal/report.ts';
import { dataOf, withDataDirectory } from './common-flags.ts';

/** `skerry task`: what the center does at length. */
export function addTaskCommand(program: Command): void {
  const task = program.command('task').description('long actions of the center');
  withDataDirectory(task.command('list'))
    .description('show them, the newest first')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(async ({ output, ...options }: { dataDir: string; output: string }) => {
      const { listTasks } = await import('#clusters/task-commands.ts');
      process.stdout.write(await listTasks(dataOf(options), { output, clock: systemClock }));
    });
  withDataDirectory(task.command('follow'))
    .description('show the steps of one as they are done, and wait for its end')
    .argument('<id>')
    .action(async (id: string, options: { dataDir: string }) => {
      const { followById } = await import('#clusters/task-commands.ts');
      const report = new Report(process.stdout, () => performance.now());
      await followById(dataOf(options), { id, clock: systemClock, report });
    });
}
