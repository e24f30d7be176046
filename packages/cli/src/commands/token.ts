import { systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import { dataOf, duration, wholeNumber, withDataDirectory } from './common-flags.ts';

/** `skerry token create|list|delete`, on the center. */
export function addTokenCommand(program: Command): void {
  const token = program
    .command('token')
    .description('make, list and delete the tokens that machines join with');
  withDataDirectory(token.command('create'))
    .description('make a token and print it')
    .option('--pool <name>', 'the only node pool that it may join; any pool unless told')
    .option('--owner <name>', 'who it belongs to; kept with the certificate requests that are made with it')
    .addOption(
      new Option('--ttl <duration>', 'how long it may be used; 0 for ever')
        .argParser(duration)
        .default(3600, '1h'),
    )
    .option(
      '--uses <number>',
      'how many machines may join with it; unbounded unless told',
      wholeNumber({ min: 1, max: 100_000 }),
    )
    .action(
      async (options: { dataDir: string; pool?: string; owner?: string; ttl: number; uses?: number }) => {
        const { installation, client, issueJoinToken } = await open(options);
        try {
          const { pool, owner, ttl, uses } = options;
          const text = await issueJoinToken(client, {
            pool,
            owner,
            ttlSeconds: ttl,
            uses,
            caHash: installation.authority.publicKeyHash,
            clock: systemClock,
          });
          process.stdout.write(`${text}\n`);
        } finally {
          client.close();
        }
      },
    );
  withDataDirectory(token.command('list'))
    .description('list tokens by id, without their secrets')
    .action(async (options: { dataDir: string }) => {
      const { client, listJoinTokens } = await open(options);
      try {
        const rows = [
          ['ID', 'POOL', 'OWNER', 'USES LEFT', 'EXPIRES'],
          ...(await listJoinTokens(client)).map((row) => [
            row.id,
            row.pool ?? '<any>',
            row.owner ?? '<none>',
            row.usesLeft === undefined ? '<unbounded>' : String(row.usesLeft),
            row.expires ?? '<never>',
          ]),
        ];
        for (const row of rows)
          process.stdout.write(
            `${row
              .map((cell) => cell.padEnd(14))
              .join('')
              .trimEnd()}\n`,
          );
      } finally {
        client.close();
      }
    });
  withDataDirectory(token.command('delete <id>'))
    .description('delete a token; machines that joined with it stay')
    .action(async (id: string, options: { dataDir: string }) => {
      const { client, deleteJoinToken } = await open(options);
      try {
        await deleteJoinToken(client, id);
        process.stdout.write(`token ${id} deleted\n`);
      } finally {
        client.close();
      }
    });
}

async function open(options: { dataDir: string }) {
  const [{ openInstallation }, { adminClient }, tokens] = await Promise.all([
    import('#compose/installation.ts'),
    import('#compose/admin-client.ts'),
    import('#join/token.ts'),
  ]);
  const installation = await openInstallation(dataOf(options), systemClock);
  return { ...tokens, installation, client: await adminClient(installation, systemClock) };
}
