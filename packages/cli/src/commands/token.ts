import { SkerryError, systemClock } from '@skerry/base';
import { type Command, Option } from 'commander';
import type { Installation } from '#compose/installation.ts';
import { table } from '#terminal/table.ts';
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
    .option('--print-join-command', 'print the line to paste on a machine instead, with the token in it')
    .action(
      async (options: {
        dataDir: string;
        pool?: string;
        owner?: string;
        ttl: number;
        uses?: number;
        printJoinCommand?: boolean;
      }) => {
        const { installation, client, issueJoinToken } = await open(options);
        try {
          const { pool, owner, ttl, uses, printJoinCommand } = options;
          const line = printJoinCommand ? await joinLineOf(installation) : undefined;
          const text = await issueJoinToken(client, {
            pool,
            owner,
            ttlSeconds: ttl,
            uses,
            caHash: installation.authority.publicKeyHash,
            clock: systemClock,
          });
          process.stdout.write(line === undefined ? `${text}\n` : line({ token: text, pool }));
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
        const rows = (await listJoinTokens(client)).map((row) => [
          row.id,
          row.pool ?? '<any>',
          row.owner ?? '<none>',
          row.usesLeft === undefined ? '<unbounded>' : String(row.usesLeft),
          row.expires ?? '<never>',
        ]);
        process.stdout.write(table(['ID', 'POOL', 'OWNER', 'USES LEFT', 'EXPIRES'], rows));
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

/** Fails where machines have no address to come to, before a token is made. */
async function joinLineOf({ config, serverCertificate }: Installation) {
  const [{ dialledAddress }, { joinLine, pinOfCertificate }] = await Promise.all([
    import('#compose/releases.ts'),
    import('@skerry/pki'),
  ]);
  const center = dialledAddress(config);
  if (center === undefined)
    throw new SkerryError(
      'release-not-made',
      'this center does not know by what address machines reach it; start it with --advertise',
    );
  const pin = pinOfCertificate(serverCertificate.certificatePem);
  return (wanted: { token: string; pool: string | undefined }) => joinLine({ center, pin, ...wanted });
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
