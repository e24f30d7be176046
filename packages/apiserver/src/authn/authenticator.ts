/**
 * Who is asking. An Authorization header is judged alone: static token, bootstrap token, ServiceAccount token or token of
 * a configured issuer, each recognised by its form, and a bad one is 401 whatever certificate the connection has. Without the header, the verified
 * client certificate speaks (common name is the user, organizations are the groups). Without both, nobody does.
 */
import { createHash } from 'node:crypto';
import type { Clock, Logger } from '@skerry/base';
import { endedKeyExtra } from '@skerry/pki';
import type { TokenKey } from '@skerry/serving';
import { bearerToken, unauthorized } from '#authn/bearer.ts';
import { requireNotDeleted, type DeletedNodes } from '#authn/deleted-nodes.ts';
import type { JwtAuthenticator } from '#oidc/jwt-authenticator.ts';
import { bootstrapTokenUser } from '#authn/bootstrap-token.ts';
import { ServiceAccountTokens } from '#authn/service-account-tokens.ts';
import type { AuthenticationRequest, Authenticator, ObjectReader, UserInfo } from '#security.ts';

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
  /** Whose ServiceAccount tokens are accepted. */
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly keys: readonly TokenKey[];
  /** Users of foreign issuers. */
  readonly foreignIssuers?: Pick<JwtAuthenticator, 'authenticate'>;
  /** Nodes whose certificates no longer count. */
  readonly deletedNodes?: DeletedNodes;
}

const authenticatedGroup = 'system:authenticated';

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { read, clock, log, audiences } = options;
  const staticUsers = new Map(options.staticTokens.map(({ token, user }) => [digest(token), user]));
  const serviceAccounts = new ServiceAccountTokens(options);

  const ownUser = (token: string) =>
    staticUsers.get(digest(token)) ?? bootstrapTokenUser({ read, clock, token });

  return {
    async authenticate(request) {
      const token = bearerToken(request.headers['authorization']);
      if (token === undefined) {
        if (request.peer) requireNotDeleted(options.deletedNodes, request.peer);
        return userOfPeer(request);
      }
      const user =
        ownUser(token) ??
        serviceAccounts.authenticate(token) ??
        (await options.foreignIssuers?.authenticate(token));
      if (user) return authenticated(user);
      log.debug('bearer token refused', { remoteAddress: request.remoteAddress, path: request.path });
      throw unauthorized();
    },
    async reviewToken(token, asked) {
      const wanted = asked.length > 0 ? asked : audiences;
      const own = ownUser(token) ?? (await options.foreignIssuers?.authenticate(token));
      if (!own) {
        const found = serviceAccounts.review(token, wanted);
        return 'fault' in found ? found : { ...found, user: authenticated(found.user) };
      }
      // Tokens of the installation itself, and of foreign issuers, are for the API server alone.
      const forServer = wanted.filter((audience) => audiences.includes(audience));
      return forServer.length > 0 ? { user: authenticated(own), audiences: forServer } : { fault: '' };
    },
  };
}

function userOfPeer({ peer }: AuthenticationRequest): UserInfo | undefined {
  if (!peer || peer.user === '') return undefined;
  const { user, groups, fingerprint, endedKeyHash } = peer;
  const extra = {
    ...(fingerprint ? { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] } : {}),
    ...(endedKeyHash ? { [endedKeyExtra]: [endedKeyHash] } : {}),
  };
  return authenticated({ name: user, groups, ...(Object.keys(extra).length > 0 ? { extra } : {}) });
}

function authenticated(user: UserInfo): UserInfo {
  if (user.groups.includes(authenticatedGroup)) return user;
  return { ...user, groups: [...user.groups, authenticatedGroup] };
}

/** Looking a token up by its digest takes the same time whatever part of it is right. */
function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
