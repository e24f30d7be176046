/**
 * Names that a join token has in the cluster: the Secret that keeps it, that Secret's keys, and what of it travels with
 * the user. Standard keys are Kubernetes' own; `pool`, `owner`, `uses`, `used` and `used-by` are Skerry's.
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#bootstrap-token-secret-format
 */
import type { JoinToken } from '#join-token.ts';

export const bootstrapSecretType = 'bootstrap.kubernetes.io/token';

export function bootstrapSecretName(tokenId: string): string {
  return `bootstrap-token-${tokenId}`;
}

/** Keys in the `extra` of a user that came with a bootstrap token, and so of its certificate requests. */
export const bootstrapExtra = {
  tokenId: 'skerry.io/token-id',
  pool: 'skerry.io/pool',
  owner: 'skerry.io/owner',
} as const;

/** Prefix of the group that a node's certificate carries for the pool it was admitted to. */
export const poolGroupPrefix = 'skerry.io:pool:';

/** Prefix of the group that says whose token the node came by. */
export const ownerGroupPrefix = 'skerry.io:owner:';

export interface BootstrapSecretOptions {
  readonly token: JoinToken;
  readonly description?: string;
  /** The only pool that machines may join with it; any when unset. */
  readonly pool?: string;
  readonly owner?: string;
  /** How many nodes may join with it; unlimited when unset. */
  readonly uses?: number;
  /** Milliseconds since the epoch; never when unset. */
  readonly expiresMs?: number;
}

/** The text of each key of the Secret, for `stringData`. */
export function bootstrapSecretData(options: BootstrapSecretOptions): Record<string, string> {
  const { token, description, pool, owner, uses, expiresMs } = options;
  return {
    'token-id': token.id,
    'token-secret': token.secret,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    'auth-extra-groups': 'system:bootstrappers:skerry:nodes',
    ...(description ? { description } : {}),
    ...(pool ? { pool } : {}),
    ...(owner ? { owner } : {}),
    ...(uses === undefined ? {} : { uses: String(uses) }),
    ...(expiresMs === undefined
      ? {}
      : { expiration: new Date(expiresMs).toISOString().replace(/\.\d+Z$/, 'Z') }),
  };
}
