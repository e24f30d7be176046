/** The center's people by command line: recovery when nobody can sign in, and the first steps of an installation. */
import { isApiError } from '@skerry/api';
import { type Clock, SkerryError, silentLogger } from '@skerry/base';
import { type Grant, type LocalPeople, localPeople } from '@skerry/center';
import type { ApiClient } from '@skerry/client';
import type { GrantFlags, TokenFlags } from '#commands/user.ts';
import { managementClient } from '#compose/management-credential.ts';
import { applyObjects } from './apply-objects.ts';
import type { DataDirectory } from '#data-directory.ts';
import { table } from '#terminal/table.ts';

export interface Where {
  readonly data: DataDirectory;
  readonly clock: Clock;
  readonly random: () => number;
}

export function createUser(
  where: Where,
  { name, ...wanted }: { readonly name: string; readonly displayName?: string; readonly groups?: string[] },
): Promise<string> {
  return withPeople(where, async ({ users }) => passwordText(name, await users.create(name, wanted)));
}

export function listUsers(where: Where): Promise<string> {
  return withPeople(where, async (people) => {
    const { users, grants } = await people.list();
    const heading = ['NAME', 'SIGNS IN BY', 'LAST SIGN-IN', 'GRANT', 'ROLE', 'WHERE', 'STATE'];
    const rows: string[][] = [];
    const rest = new Set(grants);
    for (const { metadata, spec, status } of users) {
      const name = metadata?.name ?? '';
      const own = grants.filter(({ spec: { subject } }) => subject.kind === 'User' && subject.name === name);
      const by = spec.disabled ? 'disabled' : (spec.oidc?.provider ?? 'password');
      const head = [name, by, status?.lastSignIn ?? '<never>'];
      if (own.length === 0) rows.push([...head, '<none>', '', '']);
      for (const [index, grant] of own.entries()) {
        rest.delete(grant);
        rows.push([...(index === 0 ? head : ['', '', '']), ...grantCells(grant)]);
      }
    }
    for (const grant of rest) {
      rows.push([
        `${grant.spec.subject.kind.toLowerCase()} ${grant.spec.subject.name}`,
        '',
        '',
        ...grantCells(grant),
      ]);
    }
    return table(heading, rows);
  });
}

export function deleteUser(where: Where, name: string): Promise<string> {
  return withPeople(where, async ({ users }) => {
    await users.delete(name);
    return `user ${name} deleted\n`;
  });
}

export function grantRole(
  where: Where,
  {
    name,
    role,
    group,
    cluster,
    allClusters,
    ...limits
  }: GrantFlags & { readonly name: string; readonly role: string },
): Promise<string> {
  return withPeople(where, async (people) => {
    const subject = { kind: group ? ('Group' as const) : ('User' as const), name };
    const grant = await people.grant({ subject, role, cluster: allClusters ? '*' : cluster, ...limits });
    return `${grant}\n`;
  });
}

export function revokeGrant(where: Where, grant: string): Promise<string> {
  return withPeople(where, async (people) => {
    await people.revoke(grant);
    return `grant ${grant} revoked\n`;
  });
}

export function resetPassword(where: Where, name: string): Promise<string> {
  return withPeople(where, async ({ users }) => passwordText(name, await users.resetPassword(name)));
}

export function createToken(
  where: Where,
  { name, ...wanted }: TokenFlags & { readonly name: string },
): Promise<string> {
  return withPeople(where, async (people) => `${await people.createToken(name, wanted)}\n`);
}

export function applyFile(where: Where, file: string): Promise<string> {
  return withClient(where, (client) => applyObjects(client, file));
}

function withPeople(where: Where, work: (people: LocalPeople) => Promise<string>): Promise<string> {
  const { clock, random } = where;
  return withClient(where, (client) => work(localPeople({ client, clock, log: silentLogger, random })));
}

async function withClient(where: Where, work: (client: ApiClient) => Promise<string>): Promise<string> {
  const client = managementClient(where.data, where.clock);
  try {
    return await work(client);
  } catch (error) {
    if (isApiError(error)) throw new SkerryError('user-command-refused', error.message, { cause: error });
    throw error;
  } finally {
    client.close();
  }
}

function passwordText(name: string, password: string): string {
  return `${name} signs in once with the password ${password} and then chooses another; it is good for seven days\n`;
}

function grantCells({ metadata, spec, status }: Grant): string[] {
  const limits = [
    spec.namespaces && `namespaces ${spec.namespaces.join(',')}`,
    spec.pools && `pools ${spec.pools.join(',')}`,
    spec.owners && `owners ${spec.owners.join(',')}`,
  ].filter((limit) => limit !== undefined);
  const place = spec.cluster === '*' ? 'all clusters' : spec.cluster;
  return [metadata?.name ?? '', spec.role, [place, ...limits].join('; '), stateOf(status)];
}

/** Whether it holds in its clusters, or where and why not. */
function stateOf(status: Grant['status']): string {
  const failed = status?.clusters?.find(({ applied }) => !applied);
  if (failed) return `not applied in ${failed.name}: ${failed.message ?? ''}`;
  return status?.clusters?.length ? 'applied' : 'pending';
}
