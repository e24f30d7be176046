/**
 * Who is asking. An Authorization header is judged alone: static token, bootstrap token or ServiceAccount token, each
 * recognised by its form, and a bad one is 401 whatever certificate the connection has. Without the header, the verified
 * client certificate speaks (common name is the user, organizations are the groups). Without both, nobody does.
 */
import { createHash } from 'node:crypto';
import type { Clock, Logger } from '@skerry/base';
import { bearerToken, unauthorized } from '#authn/bearer.ts';
import { bootstrapTokenUser } from '#authn/bootstrap-token.ts';
import { ServiceAccountTokens } from '#authn/service-account-tokens.ts';
import type { AuthenticationRequest, Authenticator, ObjectReader, UserInfo } from '#security.ts';
import type { VerificationKey } from '#signing/jwt.ts';

/** A token in a file (0600) that a process of the same installation presents over the Unix socket. */
export interface StaticToken {
  readonly token: string;
  readonly user: UserInfo;
}

export interface AuthenticatorOptions {
  readonly read: ObjectReader;
  readonly clock: Clock;
  readonly log: Logger;
  readonly staticTokens: readonly StaticToken[];
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keys: readonly VerificationKey[];
}

const authenticatedGroup = 'system:authenticated';

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { read, clock, log, audiences } = options;
  const staticUsers = new Map(options.staticTokens.map(({ token, user }) => [digest(token), user]));
  const serviceAccounts = new ServiceAccountTokens(options);

  function userOfToken(
    token: string,
    wanted: readonly string[],
  ): { user: UserInfo; audiences: readonly string[] } | undefined {
    const forServer = wanted.filter((audience) => audiences.includes(audience));
    const known = staticUsers.get(digest(token)) ?? bootstrapTokenUser({ read, clock, token });
    if (known) return forServer.length > 0 ? { user: known, audiences: forServer } : undefined;
    return serviceAccounts.verify(token, wanted);
  }

  return {
    async authenticate(request) {
      const token = bearerToken(request.headers['authorization']);
      if (token === undefined) return userOfPeer(request);
      const found = userOfToken(token, audiences);
      if (!found) {
        log.debug('bearer token refused', { remoteAddress: request.remoteAddress, path: request.path });
        throw unauthorized();
      }
      return authenticated(found.user);
    },
    async reviewToken(token, wanted) {
      const found = userOfToken(token, wanted.length > 0 ? wanted : audiences);
      return found && { ...found, user: authenticated(found.user) };
    },
  };
}

function userOfPeer({ peer }: AuthenticationRequest): UserInfo | undefined {
  if (!peer || peer.user === '') return undefined;
  const extra = peer.fingerprint
    ? { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${peer.fingerprint}`] }
    : undefined;
  return authenticated({ name: peer.user, groups: peer.groups, ...(extra ? { extra } : {}) });
}

function authenticated(user: UserInfo): UserInfo {
  if (user.groups.includes(authenticatedGroup)) return user;
  return { ...user, groups: [...user.groups, authenticatedGroup] };
}

/** Looking a token up by its digest takes the same time whatever part of it is right. */
function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
