/** Annotations by which the parts that bind and make volumes speak to each other; the names are Kubernetes' own. */
export const bindCompleted = 'pv.kubernetes.io/bind-completed';
export const boundByController = 'pv.kubernetes.io/bound-by-controller';
export const provisionedBy = 'pv.kubernetes.io/provisioned-by';
export const storageProvisioner = 'volume.kubernetes.io/storage-provisioner';
export const betaStorageProvisioner = 'volume.beta.kubernetes.io/storage-provisioner';
export const selectedNode = 'volume.kubernetes.io/selected-node';
/** Of a volume whose provisioner deletes what it stands for before the object goes. */
export const provisionerFinalizer = 'external-provisioner.volume.kubernetes.io/finalizer';

export function withAnnotation<T extends { metadata: { annotations?: Record<string, string> } }>(
  object: T,
  annotations: Record<string, string>,
): T {
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } },
  };
}

export function withoutAnnotation<T extends { metadata: { annotations?: Record<string, string> } }>(
  object: T,
  name: string,
): T {
  const { [name]: _dropped, ...annotations } = object.metadata.annotations ?? {};
  return { ...object, metadata: { ...object.metadata, annotations } };
}
