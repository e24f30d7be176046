import { ApiError, badRequest } from '@skerry/api';
import type { Authorizer, UserInfo } from '#security.ts';

const extraPrefix = 'impersonate-extra-';

/**
 * The user that a request acts as: the one who asks, or the one named by `Impersonate-*` headers when the asker may
 * `impersonate` the user, each group, the uid and each extra.
 * Rules: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
 */
export async function impersonated(
  user: UserInfo,
  headers: Readonly<Record<string, string | undefined>>,
  authorizer: Authorizer,
): Promise<UserInfo> {
  const name = headers['impersonate-user'];
  const groups = listed(headers['impersonate-group']);
  const uid = headers['impersonate-uid'];
  const extra: Record<string, string[]> = {};
  for (const [header, value] of Object.entries(headers)) {
    if (header.startsWith(extraPrefix)) {
      extra[extraKey(header)] = listed(value);
    }
  }
  const wantsMore = groups.length > 0 || uid !== undefined || Object.keys(extra).length > 0;
  if (!name) {
    if (wantsMore) throw badRequest('requested to impersonate without a user: Impersonate-User is missing');
    return user;
  }
  const may = async (group: string, resource: string, what: string, subresource = '', namespace = '') => {
    const decision = await authorizer.authorize({
      user,
      verb: 'impersonate',
      group,
      version: 'v1',
      resource,
      subresource,
      namespace,
      name: what,
    });
    if (decision.allowed) return;
    throw new ApiError(
      'Forbidden',
      `${resource} ${JSON.stringify(what)} is forbidden: User ${JSON.stringify(user.name)} cannot impersonate resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} at the cluster scope`,
      { details: { name: what, ...(group ? { group } : {}), kind: resource } },
    );
  };
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  if (account) await may('', 'serviceaccounts', account[2]!, '', account[1]);
  else await may('', 'users', name);
  for (const group of groups) await may('', 'groups', group);
  if (uid !== undefined) await may('authentication.k8s.io', 'uids', uid);
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) await may('authentication.k8s.io', 'userextras', value, key);
  }
  const own =
    account && groups.length === 0
      ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`]
      : groups;
  const everyone = name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: own.includes(everyone) ? own : [...own, everyone],
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

function extraKey(header: string): string {
  try {
    return decodeURIComponent(header.slice(extraPrefix.length));
  } catch (cause) {
    throw new ApiError('BadRequest', `the header ${header} is not well encoded`, { cause });
  }
}

function listed(value: string | undefined): string[] {
  return value ? value.split(',').map((part) => part.trim()) : [];
}
