import type { StorageClass } from '#types.generated.ts';

const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

export function isDefaultStorageClass({ metadata }: Pick<StorageClass, 'metadata'>): boolean {
  return defaultAnnotations.some((key) => metadata?.annotations?.[key] === 'true');
}
