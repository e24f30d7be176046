/**
 * Volumes, claims and attribute classes get a finalizer when they are made, so that deleting one waits until nobody uses
 * it; controllers take it off.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#storageobjectinuseprotection
 */
import { type AdmissionPlugin, isAbout } from '#admission/plugin.ts';

const finalizers = [
  { group: '', resource: 'persistentvolumes', finalizer: 'kubernetes.io/pv-protection' },
  { group: '', resource: 'persistentvolumeclaims', finalizer: 'kubernetes.io/pvc-protection' },
  {
    group: 'storage.k8s.io',
    resource: 'volumeattributesclasses',
    finalizer: 'kubernetes.io/vac-protection',
  },
] as const;

export const storageProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  mutate(ctx) {
    if (ctx.operation !== 'CREATE' || !ctx.object) return;
    const about = finalizers.find((target) => isAbout(ctx, target));
    if (!about) return;
    const metadata = (ctx.object.metadata ??= {});
    if (metadata.finalizers?.includes(about.finalizer)) return;
    metadata.finalizers = [...(metadata.finalizers ?? []), about.finalizer];
  },
};
