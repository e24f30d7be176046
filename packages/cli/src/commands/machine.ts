import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { SkerryError } from '@skerry/base';
import type { UpAnswer } from '#compose/up-control.ts';
import { table } from '#terminal/table.ts';
import { dataOf, wholeNumber, withDataDirectory } from './common-flags.ts';

/** `skerry up machine add|remove|list`: machines of a running `skerry up`. */
export function addMachineCommands(up: Command): void {
  const machine = up.command('machine').description('add and remove machines of a running `skerry up`');
  withDataDirectory(machine.command('add <name>'))
    .description('make one more machine, behind the NAT of its region, and let it join')
    .requiredOption('--region <region>', 'region it stands in; a new one gets a network of its own')
    .option('--pool <pool>', 'node pool to join; that of the region unless told')
    .option(
      '--gpus <number>',
      'GPUs that a sample device plugin offers as nvidia.com/gpu',
      wholeNumber({ min: 0, max: 64 }),
      0,
    )
    .option('--token-file <path>', 'join with this token instead of one made for it')
    .action(
      async (
        name: string,
        options: { dataDir: string; region: string; pool?: string; gpus: number; tokenFile?: string },
      ) => {
        const { region, pool = region, gpus, tokenFile } = options;
        const { askUp } = await import('#compose/up-control.ts');
        const token = tokenFile === undefined ? undefined : readToken(tokenFile);
        const answer = await askUp(dataOf(options), {
          action: 'add',
          name,
          region,
          pool,
          gpus,
          ...(token ? { token } : {}),
        });
        print(answer);
      },
    );
  withDataDirectory(machine.command('remove <name>'))
    .description('end a machine and delete its disk; its Node object stays until it is deleted')
    .action(async (name: string, options: { dataDir: string }) => {
      const { askUp } = await import('#compose/up-control.ts');
      print(await askUp(dataOf(options), { action: 'remove', name }));
    });
  withDataDirectory(machine.command('list'))
    .description('list the machines')
    .option('--json', 'machines and processes as JSON')
    .action(async (options: { dataDir: string; json?: boolean }) => {
      const { askUp } = await import('#compose/up-control.ts');
      const answer = await askUp(dataOf(options), { action: 'list' });
      if (options.json) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
      else print(answer);
    });
}

function print({ machines }: UpAnswer): void {
  const rows = machines.map(({ name, region, pool, gpus }) => [name, region, pool, String(gpus)]);
  process.stdout.write(table(['NAME', 'REGION', 'POOL', 'GPUS'], rows));
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SkerryError(
      'token-file-unreadable',
      `cannot read the token file ${file}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
