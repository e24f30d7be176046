/** Users with their first passwords: what the management API alone can't do, since a password is told once. */
import { ApiError } from '@skerry/api';
import { type ClusterAccess, managementCluster } from '#access/cluster-access.ts';
import type { GivenPassword } from '#contract/session.ts';
import { paths } from '#contract/paths.ts';
import type { Caller } from '#http/caller.ts';
import { Fields } from '#http/fields.ts';
import { jsonResponse, type Route } from '#http/route.ts';
import type { UserStore } from '#people/user-store.ts';

export function userRoutes({ users, access }: { users: UserStore; access: ClusterAccess }): Route[] {
  const require = async (caller: Caller, verb: 'create' | 'update', name: string) => {
    const question = {
      verb,
      group: 'center.skerry.io',
      resource: 'users',
      ...(verb === 'update' ? { name } : {}),
    };
    if (await access.may(caller, managementCluster, question)) return;
    throw new ApiError('Forbidden', `you may not ${verb} users of the center`);
  };
  return [
    {
      method: 'POST',
      pattern: paths.users,
      action: 'create user',
      stepUp: true,
      async handle(request) {
        const fields = new Fields(await request.json());
        const user = fields.text('name', { lengthMax: 63 });
        request.audit.object = `user ${user}`;
        await require(request.caller, 'create', user);
        const displayName = fields.optionalText('displayName', { lengthMax: 200 });
        const groups = fields.optionalTexts('groups');
        const password = await users.create(user, {
          ...(displayName ? { displayName } : {}),
          ...(groups ? { groups } : {}),
        });
        return jsonResponse({ user, password } satisfies GivenPassword, { status: 201 });
      },
    },
    {
      method: 'POST',
      pattern: `${paths.users}/:name/reset-password`,
      action: 'reset password',
      stepUp: true,
      async handle({ caller, params, audit }) {
        const user = params['name'] ?? '';
        audit.object = `user ${user}`;
        await require(caller, 'update', user);
        const password = await users.resetPassword(user);
        return jsonResponse({ user, password } satisfies GivenPassword);
      },
    },
  ];
}
