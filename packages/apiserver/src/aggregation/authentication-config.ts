/**
 * `kube-system/extension-apiserver-authentication`: by what aggregated servers know this one, and its users' certificates.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/
 */
import type { AnyObject, ConfigMap } from '@skerry/api';
import { frontProxyName } from '@skerry/pki';
import { createIfAbsent } from '#authz/bootstrap-policy.ts';
import type { ServerAccess } from '#security.ts';

const configMaps = { group: '', resource: 'configmaps' };
const place = { name: 'extension-apiserver-authentication', namespace: 'kube-system' };

export async function publishAuthenticationConfig(
  access: Pick<ServerAccess, 'read' | 'write'>,
  authorities: { readonly clients: string; readonly frontProxy: string | undefined },
): Promise<void> {
  const data: Record<string, string> = {
    'client-ca-file': authorities.clients,
    ...(authorities.frontProxy === undefined
      ? {}
      : {
          'requestheader-allowed-names': JSON.stringify([frontProxyName]),
          'requestheader-client-ca-file': authorities.frontProxy,
          'requestheader-extra-headers-prefix': JSON.stringify(['X-Remote-Extra-']),
          'requestheader-group-headers': JSON.stringify(['X-Remote-Group']),
          'requestheader-uid-headers': JSON.stringify(['X-Remote-Uid']),
          'requestheader-username-headers': JSON.stringify(['X-Remote-User']),
        }),
  };
  const existing = access.read.get<ConfigMap>(configMaps, place.name, place.namespace);
  if (!existing) {
    await createIfAbsent(access, configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: place, data });
    return;
  }
  const next = { ...existing.data, ...data };
  if (JSON.stringify(next) === JSON.stringify(existing.data)) return;
  await access.write.update(configMaps, {
    ...(structuredClone(existing) as unknown as AnyObject),
    data: next,
  });
}
