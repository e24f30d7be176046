import type { PersistentVolume, PersistentVolumeClaim, Pod } from '@skerry/api';
import type { ObjectReader } from '#security.ts';

interface Driver {
  readonly spec?: { readonly tokenRequests?: readonly { readonly audience?: string }[] };
}

/** Whom a pod's volumes have tokens for: projected ones, and those that the drivers of its CSI volumes ask for. '' is the API server. */
export function mountedAudiences(pod: Pod, read: ObjectReader): ReadonlySet<string> {
  const audiences = new Set<string>();
  const namespace = pod.metadata.namespace ?? '';
  for (const volume of pod.spec?.volumes ?? []) {
    for (const source of volume.projected?.sources ?? []) {
      if (source.serviceAccountToken) audiences.add(source.serviceAccountToken.audience ?? '');
    }
    const claim = volume.ephemeral
      ? `${pod.metadata.name ?? ''}-${volume.name}`
      : volume.persistentVolumeClaim?.claimName;
    const driver = volume.csi?.driver ?? (claim ? driverOf(read, namespace, claim) : undefined);
    if (driver === undefined) continue;
    const found = read.get({ group: 'storage.k8s.io', resource: 'csidrivers' }, driver) as Driver | undefined;
    for (const { audience = '' } of found?.spec?.tokenRequests ?? []) audiences.add(audience);
  }
  return audiences;
}

function driverOf(read: ObjectReader, namespace: string, claimName: string): string | undefined {
  const claims = { group: '', resource: 'persistentvolumeclaims' };
  const volumeName = read.get<PersistentVolumeClaim>(claims, claimName, namespace)?.spec?.volumeName;
  if (!volumeName) return undefined;
  const volume = read.get<PersistentVolume>({ group: '', resource: 'persistentvolumes' }, volumeName);
  return volume?.spec?.csi?.driver;
}
