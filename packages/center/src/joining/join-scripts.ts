/**
 * Join scripts: a join token of one pool and one owner, in words to paste on a machine. What a token is worth is its Secret in the
 * cluster alone, so that revoking is deleting. The token is in the text of the script and nowhere else: it reaches the machine
 * through its terminal, never as an argument that other users of the machine could see.
 */
import { ApiError, isApiError, type Node, type Secret } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { type ApiClient, resources } from '@skerry/client';
import {
  bootstrapSecretData,
  bootstrapSecretName,
  bootstrapSecretType,
  createJoinToken,
  formatJoinToken,
  hashCertificateKey,
  joinLine,
  tokenUses,
} from '@skerry/pki';
import type { JoinScript, JoinScriptRequest } from '#contract/streams.ts';

export const ttlMax = 7 * 24 * 3_600;
const namespace = 'kube-system';
const listMax = 500;
/** Ids are drawn by chance. */
const attemptsMax = 3;
const madeBy = 'center.skerry.io/made-by';

export interface ClusterToJoin {
  /** As the center's keeper. */
  readonly client: ApiClient;
  /** `https://host:port`, the PEM of its authority, and the key of its certificate as curl pins it. */
  readonly address: { readonly server: string; readonly ca?: string; readonly pin?: string };
}

/** Throws 404 where there is no such pool. */
export async function createJoinScript(
  { client, address }: ClusterToJoin,
  {
    pool,
    ttl,
    uses,
    owner,
    user,
    clock,
  }: JoinScriptRequest & { readonly user: string; readonly clock: Clock },
): Promise<JoinScript> {
  const { ca, pin } = address;
  if (!ca || !pin)
    throw new ApiError('BadRequest', 'the authority of the cluster is not known to the center');
  await client.resource(resources.nodePools).get(pool);
  const expiresMs = clock.now() + ttl * 1000;
  for (let attempt = 1; ; attempt++) {
    const token = createJoinToken(hashCertificateKey(ca));
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: bootstrapSecretName(token.id), namespace, annotations: { [madeBy]: user } },
      type: bootstrapSecretType,
      stringData: bootstrapSecretData({ token, pool, uses, expiresMs, ...(owner ? { owner } : {}) }),
    };
    try {
      const made = await client.resource<Secret>(resources.secrets).create(secret, { namespace });
      const script = joinLine({
        center: dialled(address.server),
        pin,
        pool,
        token: formatJoinToken(token),
      });
      return { ...describe(made, new Map()), script };
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists') || attempt >= attemptsMax) throw error;
    }
  }
}

/** Those that can still be used, and those that machines came by while their Secret is there. */
export async function listJoinScripts({ client }: ClusterToJoin): Promise<JoinScript[]> {
  const [secrets, nodes] = await Promise.all([
    client
      .resource<Secret>(resources.secrets)
      .list({ namespace, fieldSelector: `type=${bootstrapSecretType}`, limit: listMax }),
    client.resource<Node>(resources.nodes).list({ metadataOnly: true }),
  ]);
  const joined = new Map(
    nodes.items.map(({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? '']),
  );
  return secrets.items.map((secret) => describe(secret, joined));
}

/** Undefined where there is none. */
export async function getJoinScript({ client }: ClusterToJoin, id: string): Promise<JoinScript | undefined> {
  if (!/^[a-z0-9]{6}$/.test(id)) return undefined;
  try {
    const name = bootstrapSecretName(id);
    return describe(await client.resource<Secret>(resources.secrets).get(name, { namespace }), new Map());
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}

export function revokeJoinScript({ client }: ClusterToJoin, id: string): Promise<void> {
  return client.resource(resources.secrets).delete(bootstrapSecretName(id), { namespace });
}

function describe({ data = {} }: Secret, joined: ReadonlyMap<string, string>): JoinScript {
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString();
  const { uses, usedBy } = tokenUses(data);
  const owner = text('owner');
  return {
    id: text('token-id'),
    pool: text('pool'),
    ...(owner ? { owner } : {}),
    expires: text('expiration'),
    usesLeft: uses === undefined ? 0 : Math.max(uses - usedBy.length, 0),
    nodes: usedBy.flatMap((name) => {
      const at = joined.get(name);
      return at === undefined ? [] : [{ name, joined: at }];
    }),
  };
}

function dialled(server: string): string {
  const { hostname, port } = new URL(server);
  return `${hostname}:${port || '443'}`;
}
