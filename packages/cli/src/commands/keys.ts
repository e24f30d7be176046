import { type Command, Argument } from 'commander';
import { dataOf, withDataDirectory } from './common-flags.ts';

/** `skerry keys rotate`, on the center: new keys beside the old ones, from the next start on. */
export function addKeysCommand(program: Command): void {
  const keys = program.command('keys').description('change the keys of a center');
  withDataDirectory(keys.command('rotate'))
    .description('make a new key; restart the center to use it')
    .addArgument(
      new Argument('<which>', 'what seals Secrets in the database, or what signs tokens').choices([
        'secrets',
        'service-accounts',
      ]),
    )
    .action(async (which: 'secrets' | 'service-accounts', options: { dataDir: string }) => {
      const { rotateKey } = await import('#compose/key-rotation.ts');
      process.stdout.write(`${await rotateKey(dataOf(options), which)}\n`);
    });
}
