import { systemClock } from '@skerry/base';
import type { Command } from 'commander';
import { dataOf, list, wholeNumber, withDataDirectory } from './common-flags.ts';

interface At {
  readonly dataDir: string;
}

/** `skerry user`, on the center: who signs in at the console, and what they may do. */
export function addUserCommand(program: Command): void {
  const user = program.command('user').description('people who sign in at the console, and what they may do');
  withDataDirectory(user.command('create'))
    .description('make a user and print the first password, which has to be changed at the first sign-in')
    .argument('<name>', 'lower case letters, digits, - and .')
    .option('--display-name <text>', 'what the console calls them')
    .option('--groups <list>', 'groups that grants may name', list)
    .action(
      async (name: string, { dataDir, ...wanted }: At & { displayName?: string; groups?: string[] }) => {
        const { createUser } = await import('#people/user-commands.ts');
        process.stdout.write(await createUser(at(dataDir), { name, ...wanted }));
      },
    );
  withDataDirectory(user.command('list'))
    .description('show users with their grants')
    .action(async ({ dataDir }: At) => {
      const { listUsers } = await import('#people/user-commands.ts');
      process.stdout.write(await listUsers(at(dataDir)));
    });
  withDataDirectory(user.command('delete'))
    .description('take a user away, with password and grants')
    .argument('<name>')
    .action(async (name: string, { dataDir }: At) => {
      const { deleteUser } = await import('#people/user-commands.ts');
      process.stdout.write(await deleteUser(at(dataDir), name));
    });
  withDataDirectory(user.command('grant'))
    .description('give a role: admin, admin-view, ops, dev, restricted, or any ClusterRole')
    .argument('<name>', 'the user')
    .argument('<role>')
    .option('--group', 'the name is that of a group')
    .option('--cluster <name>', 'in this cluster', 'default')
    .option('--all-clusters', 'in every cluster, and over the center itself')
    .option('--namespaces <list>', 'only there', list)
    .option('--pools <list>', 'only nodes of these pools', list)
    .option('--owners <list>', 'only nodes that came by tokens of these owners', list)
    .action(async (name: string, role: string, { dataDir, ...wanted }: At & GrantFlags) => {
      const { grantRole } = await import('#people/user-commands.ts');
      process.stdout.write(await grantRole(at(dataDir), { name, role, ...wanted }));
    });
  withDataDirectory(user.command('revoke'))
    .description('take a grant away')
    .argument('<grant>', 'its name, as `skerry user list` shows it')
    .action(async (grant: string, { dataDir }: At) => {
      const { revokeGrant } = await import('#people/user-commands.ts');
      process.stdout.write(await revokeGrant(at(dataDir), grant));
    });
  withDataDirectory(user.command('apply'))
    .description('bring Users, Grants, Owners, IdentityProviders and Secrets of a file to the center')
    .requiredOption('-f, --filename <file>', 'YAML; - for standard input')
    .action(async ({ dataDir, filename }: At & { filename: string }) => {
      const { applyFile } = await import('#people/user-commands.ts');
      process.stdout.write(await applyFile(at(dataDir), filename));
    });
  withDataDirectory(user.command('reset-password'))
    .description('print a new first password; whoever is signed in as the user is so no longer')
    .argument('<name>')
    .action(async (name: string, { dataDir }: At) => {
      const { resetPassword } = await import('#people/user-commands.ts');
      process.stdout.write(await resetPassword(at(dataDir), name));
    });
  withDataDirectory(user.command('token'))
    .description('print a new API token of a user, for scripts')
    .argument('<name>')
    .option('--days <number>', 'how long it is good for', wholeNumber({ min: 1, max: 366 }), 30)
    .option('--description <text>', 'what it is for')
    .option('--read-only', 'nothing but reading')
    .option('--clusters <list>', 'only these clusters', list)
    .action(async (name: string, { dataDir, ...wanted }: At & TokenFlags) => {
      const { createToken } = await import('#people/user-commands.ts');
      process.stdout.write(await createToken(at(dataDir), { name, ...wanted }));
    });
}

export interface GrantFlags {
  readonly group?: boolean;
  readonly cluster: string;
  readonly allClusters?: boolean;
  readonly namespaces?: string[];
  readonly pools?: string[];
  readonly owners?: string[];
}

export interface TokenFlags {
  readonly days: number;
  readonly description?: string;
  readonly readOnly?: boolean;
  readonly clusters?: string[];
}

function at(dataDir: string) {
  return { data: dataOf({ dataDir }), clock: systemClock, random: Math.random };
}
