import { systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import { runUntilStopped } from '#process/run-until-stopped.ts';
import { dataOf, wholeNumber, withDataDirectory } from './common-flags.ts';

interface Flags {
  readonly dataDir: string;
  readonly once?: boolean;
  readonly output: 'table' | 'json';
  readonly interval: number;
  readonly selector?: string;
}

/** `skerry link top`, on the center. */
export function addLinkCommand(program: Command): void {
  const link = program.command('link').description('the links between the center and its nodes');
  withDataDirectory(link.command('top'))
    .description('show what the link of each node carries, by purpose, until Ctrl-C')
    .option('--once', 'show it once')
    .option('--interval <seconds>', 'time between two looks', wholeNumber({ min: 1, max: 3600 }), 2)
    .option('-l, --selector <labels>', 'only nodes with these labels, as kubectl selects')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(async ({ dataDir, once = false, output, interval, selector }: Flags) => {
      const { linkTop } = await import('#link/link-top.ts');
      await runUntilStopped((signal) =>
        linkTop(
          dataOf({ dataDir }),
          {
            once,
            output,
            intervalSeconds: interval,
            ...(selector === undefined ? {} : { selector }),
            clock: systemClock,
            screen: process.stdout,
          },
          signal,
        ),
      );
    });
}
