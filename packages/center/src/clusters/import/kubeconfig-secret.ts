/** Where the kubeconfig of an imported cluster is kept: a Secret of the management API, which seals Secrets in its store. */
import { isApiError, type Secret } from '@skerry/api';
import { type ApiClient, type ForeignKubeconfig, parseForeignKubeconfig, resources } from '@skerry/client';
import { SkerryError } from '@skerry/base';
import { centerNamespace } from '#management/resources.ts';

export const kubeconfigSecretType = 'center.skerry.io/kubeconfig';
const key = 'kubeconfig';

/** Follows from the cluster's name, so that a Cluster can't be pointed at another's credentials. */
export function kubeconfigSecretName(cluster: string): string {
  return `kubeconfig-${cluster}`;
}

/** The Secret for a kubeconfig; to be made before its Cluster. The text is checked. Fails with `kubeconfig-refused`. */
export function kubeconfigSecret(cluster: string, text: string): Secret {
  parseForeignKubeconfig(text);
  return {
    metadata: { name: kubeconfigSecretName(cluster), namespace: centerNamespace },
    type: kubeconfigSecretType,
    data: { [key]: Buffer.from(text).toString('base64') },
  };
}

/** Checked again: whoever may write Secrets could have put anything there. */
export async function readKubeconfigSecret(client: ApiClient, cluster: string): Promise<ForeignKubeconfig> {
  const name = kubeconfigSecretName(cluster);
  let secret: Secret;
  try {
    secret = await client.resource<Secret>(resources.secrets).get(name, { namespace: centerNamespace });
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
    throw new SkerryError('kubeconfig-refused', `there is no Secret ${name} with its kubeconfig`);
  }
  if (secret.type !== kubeconfigSecretType)
    throw new SkerryError('kubeconfig-refused', `the Secret ${name} is not of type ${kubeconfigSecretType}`);
  return parseForeignKubeconfig(Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8'));
}

/** Another one whenever the Secret was written. */
export async function kubeconfigStamp(client: ApiClient, cluster: string): Promise<string> {
  const secrets = client.resource<Secret>(resources.secrets);
  const { metadata } = await secrets.get(kubeconfigSecretName(cluster), { namespace: centerNamespace });
  return metadata?.resourceVersion ?? '';
}

export async function deleteKubeconfigSecret(client: ApiClient, cluster: string): Promise<void> {
  try {
    await client
      .resource(resources.secrets)
      .delete(kubeconfigSecretName(cluster), { namespace: centerNamespace });
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
  }
}
