import { ApiError, badRequest, conflict, invalid, notFound, type AnyObject } from '@skerry/api';
import type { KindTable, Served } from '#registry/kind-table.ts';
import { metadataOf, type Registry, type Target } from '#registry/registry.ts';
import type { TokenIssuer } from '#security.ts';

interface TokenRequest extends AnyObject {
  spec?: {
    audiences?: string[];
    expirationSeconds?: number;
    boundObjectRef?: { kind?: string; apiVersion?: string; name?: string; uid?: string };
  };
}

const boundKinds = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const;
const secondsMin = 600;
const secondsMax = 2 ** 32;

/**
 * Answers a TokenRequest: a signed token for the account, bound to a living object when one is named.
 * Rules: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
 */
export async function requestToken(
  registry: Registry,
  parts: { kinds: KindTable; served: Served; issuer: TokenIssuer | undefined },
  target: Target,
  request: TokenRequest,
): Promise<AnyObject> {
  const { issuer, kinds, served } = parts;
  if (!issuer) throw new ApiError('NotFound', 'this server issues no tokens', { details: {} });
  const account = (await registry.get(served, target)).object;
  const { spec = {} } = request;
  checkNames(request, target, metadataOf(account).uid ?? '');
  checkSeconds(spec.expirationSeconds);
  const reference = spec.boundObjectRef;
  const bound = reference && boundObject(kinds, target, reference);
  const issued = await issuer.issue({
    namespace: target.namespace,
    serviceAccount: { name: target.name, uid: metadataOf(account).uid ?? '' },
    audiences: spec.audiences?.length ? spec.audiences : undefined,
    expirationSeconds: spec.expirationSeconds,
    ...(bound
      ? {
          bound: {
            kind: bound.kind,
            name: metadataOf(bound.object).name ?? '',
            uid: metadataOf(bound.object).uid ?? '',
          },
        }
      : {}),
    ...(bound?.kind === 'Pod' ? nodeOf(kinds, bound.object) : {}),
  });
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: target.name, namespace: target.namespace, creationTimestamp: registry.timestamp() },
    spec: {
      audiences: [...issued.audiences],
      expirationSeconds: issued.expirationSeconds,
      boundObjectRef: reference ?? null,
    },
    status: { token: issued.token, expirationTimestamp: issued.expirationTimestamp },
  };
}

/** A request may name its account, and then must name this one. */
function checkNames(request: TokenRequest, target: Target, uid: string): void {
  const { name, namespace, uid: asked } = metadataOf(request);
  const kind = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
  if (name && name !== target.name) {
    throw invalid(kind, target.name, [
      {
        reason: 'FieldValueInvalid',
        path: 'metadata.name',
        message: `Invalid value: ${JSON.stringify(name)}: must match the service account name if specified`,
      },
    ]);
  }
  if (namespace && namespace !== target.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (asked && asked !== uid) {
    throw conflict(
      { group: kind.group, resource: kind.kind },
      target.name,
      `the UID in the token request (${asked}) does not match the UID of the service account (${uid})`,
    );
  }
}

function checkSeconds(seconds: unknown): void {
  if (seconds === undefined || seconds === null) return;
  const why =
    typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < secondsMin
      ? 'may not specify a duration less than 10 minutes'
      : seconds > secondsMax
        ? 'may not specify a duration larger than 2^32 seconds'
        : undefined;
  if (!why) return;
  throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
    {
      reason: 'FieldValueInvalid',
      path: 'spec.expirationSeconds',
      message: `Invalid value: ${JSON.stringify(seconds)}: ${why}`,
    },
  ]);
}

type Bound = NonNullable<NonNullable<TokenRequest['spec']>['boundObjectRef']>;

function boundObject(
  kinds: KindTable,
  target: Target,
  { kind, apiVersion, name = '', uid }: Bound,
): { kind: keyof typeof boundKinds; object: AnyObject } {
  if ((kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node') || (apiVersion && apiVersion !== 'v1')) {
    const groupVersion = apiVersion?.includes('/') ? apiVersion : `/${apiVersion ?? ''}`;
    throw badRequest(`cannot bind token to object of type ${groupVersion}, Kind=${kind ?? ''}`);
  }
  if (!name) throw badRequest('Name parameter required.');
  const resource = boundKinds[kind];
  const served = kinds.anyVersion('', resource);
  const item = served?.stored.cache.get(kind === 'Node' ? '' : target.namespace, name);
  if (!item) throw notFound({ group: '', resource }, name);
  const { object } = item;
  if (kind === 'Pod') {
    const account = (object.spec as { serviceAccountName?: string } | undefined)?.serviceAccountName ?? '';
    if (account !== target.name) {
      throw badRequest(
        `cannot bind token for serviceaccount "${target.name}" to pod running with different serviceaccount name.`,
      );
    }
  }
  const actual = metadataOf(object).uid;
  if (uid && uid !== actual) {
    throw conflict(
      { group: '', resource: kind },
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  return { kind, object };
}

function nodeOf(kinds: KindTable, pod: AnyObject): { node?: { name: string; uid: string } } {
  const name = (pod.spec as { nodeName?: string } | undefined)?.nodeName;
  const node = name ? kinds.anyVersion('', 'nodes')?.stored.cache.get('', name) : undefined;
  return node ? { node: { name: node.name, uid: metadataOf(node.object).uid ?? '' } } : {};
}
