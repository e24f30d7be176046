import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { asChild } from '#process/child.ts';
import { tellParent } from '#process/managed-process.ts';
import { list, wholeNumber, withDataDirectory } from './common-flags.ts';

interface Flags {
  readonly dataDir: string;
  readonly nodes: number;
  readonly tokenFile?: string;
  readonly pool?: string;
  readonly regions: string[];
  readonly namePrefix: string;
}

/** `skerry sim`: nodes whose pods "run" without processes, for trying out size. */
export function addSimCommand(program: Command): void {
  withDataDirectory(program.command('sim <address>'))
    .description('join simulated nodes to the center at ADDRESS; their pods "run" without processes')
    .option('--nodes <number>', 'how many', wholeNumber({ min: 1, max: 5000 }), 10)
    .option('--token-file <path>', 'file with a join token; else SKERRY_JOIN_TOKEN, else a prompt')
    .option('--pool <name>', 'node pool to join; that of the token unless told')
    .addOption(new Option('--regions <list>', 'regions, in turn').argParser(list).default([], 'none'))
    .option('--name-prefix <text>', 'nodes are PREFIX-0, PREFIX-1 …', 'sim')
    .action((address: string, { dataDir, nodes, tokenFile, pool, regions, namePrefix }: Flags) =>
      asChild('sim', async (signal) => {
        const [{ runSimulationThreads }, { joinTokenFrom }] = await Promise.all([
          import('#compose/simulation-threads.ts'),
          import('#join/token-source.ts'),
        ]);
        const token = await joinTokenFrom(tokenFile);
        const startedMs = performance.now();
        await runSimulationThreads(
          {
            address,
            token,
            nodes: Array.from({ length: nodes }, (_, index) => ({
              name: `${namePrefix}-${index}`,
              region: regions[index % regions.length],
            })),
            pool,
            directory: join(dataDir, 'sim'),
            onJoined(count) {
              if (count < nodes && count % 100 !== 0) return;
              const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
              process.stdout.write(`${count} of ${nodes} simulated nodes joined (${seconds} s)\n`);
              if (count === nodes) tellParent({ type: 'ready' });
            },
          },
          signal,
        );
      }),
    );
}
