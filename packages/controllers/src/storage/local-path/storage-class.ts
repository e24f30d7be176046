/**
 * The class that a cluster has from its first start: folders on the disk of the node where a claim's first pod runs. The
 * default one where no other is; what people change of it stays.
 */
import { isApiError, isDefaultStorageClass } from '@skerry/api';
import type { StorageClass } from '@skerry/api';
import { resources, type ApiClient } from '@skerry/client';

export const localPathProvisioner = 'skerry.io/local-path';
export const localPathClassName = 'local-path.skerry.io';

export async function installLocalPathClass(client: ApiClient): Promise<void> {
  const classes = client.resource<StorageClass>(resources.storageClasses);
  const { items } = await classes.list();
  if (items.some(({ metadata }) => metadata.name === localPathClassName)) return;
  const isDefault = !items.some(isDefaultStorageClass);
  await classes
    .create({
      metadata: {
        name: localPathClassName,
        ...(isDefault ? { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } : {}),
      },
      provisioner: localPathProvisioner,
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'WaitForFirstConsumer',
      allowVolumeExpansion: true,
    })
    .catch((error: unknown) => {
      if (!isApiError(error, 'AlreadyExists')) throw error;
    });
}
