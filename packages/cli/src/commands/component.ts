import { systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import { Report } from '#terminal/report.ts';
import { dataOf, withDataDirectory } from './common-flags.ts';

interface At {
  readonly dataDir: string;
  /** The center's own unless told. */
  readonly cluster?: string;
}

export interface ComponentFlags extends At {
  readonly version?: string;
  readonly values?: string;
  readonly set: readonly string[];
  readonly dryRun?: boolean;
}

/** `skerry component`: what the catalogue offers, in the clusters of the center on this machine. */
export function addComponentCommand(program: Command): void {
  const component = program.command('component').description('components of the catalogue, in a cluster');
  const at = (command: Command) =>
    withDataDirectory(command).option('--cluster <name>', "in which cluster (default the center's own)");
  at(component.command('list'))
    .description('show the catalogue and what is installed')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(async ({ output, ...flags }: At & { output: string }) => {
      const { listComponents } = await import('#components/component-commands.ts');
      process.stdout.write(await listComponents(dataOf(flags), { ...flags, output, clock: systemClock }));
    });
  at(component.command('report'))
    .description('what load-generator or prober found, by region')
    .argument('<name>')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(async (name: string, { output, ...flags }: At & { output: string }) => {
      const { reportOfComponent } = await import('#components/component-report.ts');
      process.stdout.write(
        await reportOfComponent(dataOf(flags), { ...flags, name, output, clock: systemClock }),
      );
    });
  for (const [action, words] of [
    ['install', 'install a component'],
    ['upgrade', 'bring a component to another version; values that are not given stay'],
    ['configure', "change a component's values; those that are not given go back to their defaults"],
  ] as const) {
    at(component.command(action))
      .description(words)
      .argument('<name>')
      .option('--version <version>', 'which (default the newest; when configuring, the one that is there)')
      .option('--values <file>', 'values as YAML or JSON')
      .option(
        '--set <name=value>',
        'one value; may be repeated',
        (text: string, all: string[]) => [...all, text],
        [],
      )
      .option('--dry-run', 'only show what would change')
      .action((name: string, flags: ComponentFlags) => act(name, action, flags));
  }
  at(component.command('remove'))
    .description('remove a component; refused while objects of its definitions exist')
    .argument('<name>')
    .option('--dry-run', 'only show what would change')
    .action((name: string, flags: At & { dryRun?: boolean }) => act(name, 'remove', { ...flags, set: [] }));
}

async function act(
  name: string,
  action: 'install' | 'upgrade' | 'configure' | 'remove',
  flags: ComponentFlags,
): Promise<void> {
  const { changeComponent } = await import('#components/component-commands.ts');
  const report = new Report(process.stdout, () => performance.now());
  await changeComponent(dataOf(flags), { name, action, flags, clock: systemClock, report });
}
