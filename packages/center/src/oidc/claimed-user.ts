/**
 * From claims to a user of the center. Who somebody is, is the provider's word `sub` and nothing else; the name is chosen once,
 * at the first sign-in, and is never one that somebody else has, so that no claim makes anybody another user.
 */
import { createHash } from 'node:crypto';
import { isApiError } from '@skerry/api';
import type { ApiClient } from '@skerry/client';
import { type Claims, refuse } from '#oidc/provider.ts';
import type { Directory } from '#people/directory.ts';
import { type IdentityProvider, peopleResources, type User, userNamePattern } from '#people/kinds.ts';

const groupsMax = 500;
const subjectLengthMax = 255;

export interface ClaimedUser {
  readonly user: string;
  readonly userUid: string;
  readonly displayName: string;
  readonly groups: readonly string[];
  readonly providerSession?: string;
  /** Clusters don't know the person, or not all of the groups, yet. */
  readonly isNew: boolean;
}

/** The user, made if it is a new one. Throws `sign-in-refused`. */
export async function claimedUser(
  claims: Claims,
  { provider, directory, client }: { provider: IdentityProvider; directory: Directory; client: ApiClient },
): Promise<ClaimedUser> {
  const id = provider.metadata?.name ?? '';
  const subject = claims['sub'];
  if (typeof subject !== 'string' || subject === '' || subject.length > subjectLengthMax) {
    throw refuse('the provider does not say who you are');
  }
  const named = groupsOf(claims[provider.spec.groupsClaim ?? 'groups']);
  const { allowedGroups } = provider.spec;
  if (allowedGroups && !named.some((group) => allowedGroups.includes(group))) {
    throw refuse('none of your groups may sign in here');
  }
  const isTheirs = ({ spec }: User) => spec.oidc?.provider === id && spec.oidc.subject === subject;
  const known =
    directory.users.list().find(isTheirs) ?? (await createUser(claims, { id, subject, provider, client }));
  if (known.spec.disabled) throw refuse('you may not sign in here any more');
  const user = known.metadata?.name ?? '';
  await directory.seen(directory.users, user);
  const groups = named.map((group) => `${id}:${group}`);
  return {
    user,
    userUid: known.metadata?.uid ?? '',
    displayName: known.spec.displayName ?? user,
    groups,
    ...(typeof claims['sid'] === 'string' ? { providerSession: claims['sid'] } : {}),
    isNew:
      !groups.every((group) => known.status?.groups?.includes(group)) ||
      known.status?.lastSignIn === undefined,
  };
}

/** A text is a list of one; what is no text is nothing. */
function groupsOf(claim: unknown): string[] {
  const listed: unknown[] = Array.isArray(claim) ? claim : [claim];
  return listed
    .filter(
      (group) => typeof group === 'string' && group !== '' && group.length <= 200 && !/\p{Cc}/u.test(group),
    )
    .slice(0, groupsMax) as string[];
}

async function createUser(
  claims: Claims,
  {
    id,
    subject,
    provider,
    client,
  }: { id: string; subject: string; provider: IdentityProvider; client: ApiClient },
): Promise<User> {
  const mark = createHash('sha256').update(`${id}\n${subject}`).digest('hex').slice(0, 8);
  const wanted = nameOf(claims, provider.spec.userClaim ?? 'preferred_username');
  const names = wanted ? [wanted, `${wanted.slice(0, 54)}-${mark}`] : [`${id.slice(0, 54)}-${mark}`];
  const shown = claims['name'];
  for (const name of names) {
    try {
      return await client.resource<User>(peopleResources.users).create({
        metadata: { name },
        spec: {
          oidc: { provider: id, subject },
          ...(typeof shown === 'string' && shown !== '' ? { displayName: shown.slice(0, 200) } : {}),
        },
      });
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
    }
  }
  throw refuse('there is another user of your name');
}

/** The local part of an address counts where there is one: names of users hold no `@`. */
function nameOf(claims: Claims, claim: string): string | undefined {
  const value = claims[claim] ?? claims['email'];
  if (typeof value !== 'string') return undefined;
  const [local = ''] = value.toLowerCase().split('@');
  const name = local
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(0, 63);
  return userNamePattern.test(name) ? name : undefined;
}
