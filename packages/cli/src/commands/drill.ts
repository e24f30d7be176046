import { createInterface } from 'node:readline/promises';
import { SkerryError, systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import { runUntilStopped } from '#process/run-until-stopped.ts';
import { dataOf, duration, withDataDirectory } from './common-flags.ts';

interface Flags {
  readonly dataDir: string;
  readonly region: string;
  readonly for: number;
  readonly yes?: boolean;
  readonly output: 'text' | 'json';
}

const secondsMin = 10;
const secondsMax = 86_400;

/** `skerry drill`, on the center. */
export function addDrillCommand(program: Command): void {
  withDataDirectory(program.command('drill'))
    .description("cut a region's links on purpose, see what holds, and mend them")
    .requiredOption('--region <name>', 'which')
    .addOption(
      new Option('--for <duration>', 'how long, from 10s to 24h').argParser(duration).makeOptionMandatory(),
    )
    .option('--yes', "don't ask")
    .addOption(new Option('-o, --output <format>', 'how').choices(['text', 'json']).default('text'))
    .action(async ({ dataDir, region, for: seconds, yes = false, output }: Flags) => {
      if (seconds < secondsMin || seconds > secondsMax)
        throw new SkerryError('usage', '--for must be from 10s to 24h');
      const [{ runDrill }, { drillText }] = await Promise.all([
        import('#drill/drill.ts'),
        import('#drill/drill-text.ts'),
      ]);
      await runUntilStopped(async (signal) => {
        const report = await runDrill(
          dataOf({ dataDir }),
          {
            region,
            seconds,
            clock: systemClock,
            confirm: (question) => (yes ? Promise.resolve(true) : ask(question)),
            say: (text) => void process.stderr.write(`${text}\n`),
          },
          signal,
        );
        process.stdout.write(output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : drillText(report));
        if (!report.held) process.exitCode = 1;
      });
    });
}

async function ask(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new SkerryError('usage', 'a drill cuts links: run it in a terminal, or say --yes');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${question} [y/N] `);
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}
