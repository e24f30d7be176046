/** The center's people for commands on its own machine: over the management API, without sessions. */
import type { Clock, Logger } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import { createApiToken, type NewApiToken } from '#people/api-tokens.ts';
import { type Grant, peopleResources, type User } from '#people/kinds.ts';
import { Passwords } from '#people/passwords.ts';
import { Throttle } from '#people/throttle.ts';
import { UserStore } from '#people/user-store.ts';

export interface LocalPeople {
  readonly users: UserStore;
  list(): Promise<{ readonly users: readonly User[]; readonly grants: readonly Grant[] }>;
  /** Returns the name of the Grant. */
  grant(spec: Grant['spec']): Promise<string>;
  /** Takes away by name of the Grant. Throws 404. */
  revoke(name: string): Promise<void>;
  createToken(user: string, wanted: NewApiToken): Promise<string>;
}

export function localPeople({
  client,
  clock,
  log,
  random,
}: {
  client: ApiClient;
  clock: Clock;
  log: Logger;
  random: () => number;
}): LocalPeople {
  const passwords = new Passwords({ client, clock, throttle: new Throttle({ clock, random }) });
  const grants = client.resource<Grant>(peopleResources.grants);
  const users = client.resource<User>(peopleResources.users);
  return {
    users: new UserStore({ client, passwords, clock, log }),
    async list() {
      const [userList, grantList] = await Promise.all([users.list(), grants.list()]);
      return { users: userList.items, grants: grantList.items };
    },
    async grant(spec) {
      if (spec.subject.kind === 'User') await users.get(spec.subject.name);
      const suffix = Array.from({ length: 5 }, () => Math.floor(random() * 36).toString(36)).join('');
      const stem = `${spec.subject.name}-${spec.role}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
      const name = `${stem.slice(0, 50).replace(/^-|-$/g, '')}-${suffix}`;
      await grants.create({ metadata: { name }, spec });
      return name;
    },
    revoke: (name) => grants.delete(name),
    async createToken(user, wanted) {
      await users.get(user);
      return createApiToken(client, { ...wanted, user, clock });
    },
  };
}
