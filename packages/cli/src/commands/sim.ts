import { join } from 'node:path';
import { systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import { jsonLogger } from '#json-log.ts';
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
        const [{ runSimulation }, { joinTokenFrom }] = await Promise.all([
          import('#compose/simulation.ts'),
          import('#join/token-source.ts'),
        ]);
        const token = await joinTokenFrom(tokenFile);
        const startedMs = performance.now();
        await runSimulation(
          {
            address,
            token,
            names: Array.from({ length: nodes }, (_, index) => `${namePrefix}-${index}`),
            regions,
            pool,
            directory: join(dataDir, 'sim'),
            clock: systemClock,
            log: jsonLogger({ level: 'warn', name: 'sim' }),
            random: Math.random,
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
