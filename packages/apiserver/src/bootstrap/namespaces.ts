import { isApiError } from '@skerry/api';
import type { ServerAccess } from '#security.ts';

const namespaces = { group: '', resource: 'namespaces' };
const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Creates the namespaces that every cluster has, where they are missing. */
export async function ensureNamespaces({ read, write }: Pick<ServerAccess, 'read' | 'write'>): Promise<void> {
  await Promise.all(
    systemNamespaces
      .filter((name) => !read.get(namespaces, name))
      .map(async (name) => {
        try {
          await write.create(namespaces, { metadata: { name } });
        } catch (error) {
          if (!isApiError(error, 'AlreadyExists')) throw error;
        }
      }),
  );
}
