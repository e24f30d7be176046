/**
 * Join tokens as an administrator handles them: made, listed without their secrets, deleted. What a token is worth is kept
 * in its Secret alone (`@skerry/pki`), so deleting the Secret ends it at once.
 */
import { isApiError, type Secret } from '@skerry/api';
import { type Clock, SkerryError } from '@skerry/base';
import { type ApiClient, resources } from '@skerry/client';
import {
  bootstrapSecretData,
  bootstrapSecretName,
  bootstrapSecretType,
  createJoinToken,
  formatJoinToken,
  tokenUses,
} from '@skerry/pki';
import { nodePoolResource } from '#join/node-pool-resource.ts';

export interface JoinTokenOptions {
  /** The only pool that machines may join with it; any pool when unset. */
  readonly pool?: string;
  /** Whose machines these are. */
  readonly owner?: string;
  /** An hour unless told; 0: for ever. */
  readonly ttlSeconds?: number;
  /** How many machines; unbounded when unset. */
  readonly uses?: number;
  /** `sha256:<hex>` of the cluster authority's public key. */
  readonly caHash: string;
  readonly clock: Clock;
}

export interface JoinTokenRow {
  readonly id: string;
  readonly pool?: string;
  readonly owner?: string;
  readonly usesLeft?: number;
  /** RFC 3339. */
  readonly expires?: string;
}

const namespace = 'kube-system';
const defaultTtlSeconds = 3_600;
/** Ids are drawn by chance; three taken ones in a row mean that something else is wrong. */
const attemptsMax = 3;

/** Makes a token and gives the one word a machine joins with. Throws `pool-not-found`. */
export async function issueJoinToken(client: ApiClient, options: JoinTokenOptions): Promise<string> {
  const { pool, owner, ttlSeconds = defaultTtlSeconds, uses, caHash, clock } = options;
  if (pool !== undefined) await requirePool(client, pool);
  for (let attempt = 1; ; attempt++) {
    const token = createJoinToken(caHash);
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: bootstrapSecretName(token.id), namespace },
      type: bootstrapSecretType,
      stringData: bootstrapSecretData({
        token,
        pool,
        owner,
        uses,
        ...(ttlSeconds > 0 ? { expiresMs: clock.now() + ttlSeconds * 1_000 } : {}),
      }),
    };
    try {
      await client.resource<Secret>(resources.secrets).create(secret, { namespace });
      return formatJoinToken(token);
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists') || attempt >= attemptsMax) throw error;
    }
  }
}

/** All tokens, by id; also those that have expired and wait to be cleaned up. */
export async function listJoinTokens(client: ApiClient): Promise<JoinTokenRow[]> {
  const { items } = await client.resource<Secret>(resources.secrets).list({ namespace });
  return items
    .filter((secret) => secret.type === bootstrapSecretType)
    .map(({ data = {} }) => {
      const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
      const { uses, usedBy } = tokenUses(data);
      return {
        id: text('token-id'),
        ...(text('pool') ? { pool: text('pool') } : {}),
        ...(text('owner') ? { owner: text('owner') } : {}),
        ...(text('expiration') ? { expires: text('expiration') } : {}),
        ...(uses === undefined ? {} : { usesLeft: Math.max(uses - usedBy.length, 0) }),
      };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Ends a token. Machines that joined with it stay. Throws `token-not-found`. */
export async function deleteJoinToken(client: ApiClient, id: string): Promise<void> {
  try {
    await client.resource<Secret>(resources.secrets).delete(bootstrapSecretName(id), { namespace });
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
    throw new SkerryError(
      'token-not-found',
      `there is no join token with id ${id}; \`skerry token list\` shows those there are`,
      { cause: error },
    );
  }
}

async function requirePool(client: ApiClient, pool: string): Promise<void> {
  try {
    await client.resource(nodePoolResource).get(pool);
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
    throw poolNotFound(pool, error);
  }
}

export function poolNotFound(pool: string, cause?: unknown): SkerryError {
  return new SkerryError(
    'pool-not-found',
    `node pool ${pool} does not exist; \`kubectl get nodepools\` shows those there are`,
    { cause },
  );
}
