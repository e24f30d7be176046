/**
 * Secrets of the type `kubernetes.io/service-account-token`, which someone made for a ServiceAccount that they name: they
 * get a token that does not end, the authority and the namespace, and go with their account. Such tokens are the old way;
 * here they are tokens of the API server like all others, bound to the Secret, so that deleting it ends them at once.
 * https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
 */
import { isApiError, type Secret, type ServiceAccount } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import type { RootCertificateSettings } from '#core/service-account/service-account.ts';

const secretType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';
/** The longest that a token may live: 136 years. */
const lifetimeSeconds = 2 ** 32;

interface TokenRequest {
  readonly status?: { readonly token?: string };
}

export function createTokenSecretController(
  context: ControllerContext,
  { authority }: RootCertificateSettings,
): Controller {
  const { client, informers } = context;
  const secrets = informers.informer<Secret>(resources.secrets, { fieldSelector: `type=${secretType}` });
  const accounts = informers.informer<ServiceAccount>(resources.serviceAccounts);
  const queue = createQueue(context);
  const enqueue = (secret: Secret) => queue.add(keyOf(secret));
  secrets.addHandler({ onAdd: enqueue, onUpdate: enqueue });
  accounts.addHandler({
    onDelete: ({ metadata }) => {
      const { namespace, name } = metadata;
      for (const secret of secrets.list(namespace)) if (accountOf(secret) === name) enqueue(secret);
    },
  });

  async function reconcile(key: string): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    const secret = secrets.get(namespace, name);
    const account = secret && accountOf(secret);
    if (!secret || !account || secret.metadata.deletionTimestamp) return;
    const store = client.resource<Secret>(resources.secrets);
    // Asked of the server itself: what the informer has not seen yet is not gone.
    const found = await client
      .resource<ServiceAccount>(resources.serviceAccounts)
      .get(account, { namespace })
      .catch((error: unknown) => ignoreNotFound(error));
    const uid = secret.metadata.annotations?.[uidAnnotation];
    if (!found || (uid !== undefined && uid !== found.metadata.uid)) {
      const preconditions = { uid: secret.metadata.uid };
      await store.delete(name, { namespace, preconditions }).catch(ignoreNotFound);
      return;
    }
    const data = await filled(secret, account);
    if (!data) return;
    const annotations = { ...secret.metadata.annotations, [uidAnnotation]: found.metadata.uid ?? '' };
    const next = { ...secret, metadata: { ...secret.metadata, annotations }, data };
    // Whoever was faster, or has deleted it, brings it here again.
    await store.update(next).catch((error: unknown) => {
      if (!isApiError(error, 'Conflict')) ignoreNotFound(error);
    });
  }

  /** The data with what it lacks; undefined when it lacks nothing. */
  async function filled(secret: Secret, account: string): Promise<Secret['data']> {
    const { namespace = '', name = '', uid } = secret.metadata;
    const data = secret.data ?? {};
    const added: Record<string, string> = {};
    const encode = (text: string) => Buffer.from(text).toString('base64');
    if (authority && data['ca.crt'] !== encode(authority.certificatePem)) {
      added['ca.crt'] = encode(authority.certificatePem);
    }
    if (!data['namespace']) added['namespace'] = encode(namespace);
    if (!data['token']) {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
      const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name, uid };
      const body = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: lifetimeSeconds, boundObjectRef },
      };
      const { status } = await client.request<TokenRequest>('POST', path, { body });
      added['token'] = encode(status?.token ?? '');
    }
    return Object.keys(added).length > 0 ? { ...data, ...added } : undefined;
  }

  return createController({
    name: 'serviceaccount-token-controller',
    context,
    waitFor: [secrets, accounts],
    queue,
    reconcile,
  });
}

function accountOf({ metadata }: Secret): string | undefined {
  return metadata.annotations?.[nameAnnotation];
}

function ignoreNotFound(error: unknown): undefined {
  if (!isApiError(error, 'NotFound')) throw error;
  return undefined;
}
