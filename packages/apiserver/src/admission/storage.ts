/** Storage and ingress: what names no class gets the default one; claims grow only where their class allows it. */
import {
  type Ingress,
  type IngressClass,
  type PersistentVolumeClaim,
  type StorageClass,
  forbidden,
} from '@skerry/api';
import { type AdmissionPlugin, isAbout } from '#admission/plugin.ts';
import type { ObjectReader } from '#security.ts';

const claims = { group: '', resource: 'persistentvolumeclaims' };
const storageClasses = { group: 'storage.k8s.io', resource: 'storageclasses' };
const ingresses = { group: 'networking.k8s.io', resource: 'ingresses' };
const ingressClasses = { group: 'networking.k8s.io', resource: 'ingressclasses' };

export function defaultStorageClass({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    mutate(ctx) {
      if (ctx.operation !== 'CREATE' || !isAbout(ctx, claims)) return;
      const claim = ctx.object as unknown as PersistentVolumeClaim;
      // An empty class is a choice: a volume without a class.
      if (claim.spec?.storageClassName !== undefined) return;
      const name = newestDefault(
        read.list<StorageClass>(storageClasses),
        'storageclass.kubernetes.io/is-default-class',
      )?.metadata.name;
      if (name) claim.spec = { ...claim.spec, storageClassName: name };
    },
  };
}

/** Claims only grow, and only where their class lets them. */
export function claimResize({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    validate(ctx) {
      if (ctx.operation !== 'UPDATE' || !isAbout(ctx, claims)) return;
      const next = ctx.object as unknown as PersistentVolumeClaim;
      const old = ctx.oldObject as unknown as PersistentVolumeClaim;
      const size = (of: PersistentVolumeClaim) => of.spec?.resources?.requests?.['storage'];
      if (size(next) === size(old)) return;
      const name = old.spec?.storageClassName;
      const found = name ? read.get<StorageClass>(storageClasses, name) : undefined;
      if (found?.allowVolumeExpansion === true) return;
      throw forbidden(
        claims,
        ctx.name,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
    },
  };
}

export function defaultIngressClass({ read }: { readonly read: ObjectReader }): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    mutate(ctx) {
      if (ctx.operation !== 'CREATE' || !isAbout(ctx, ingresses)) return;
      const ingress = ctx.object as unknown as Ingress;
      if (ingress.spec?.ingressClassName !== undefined) return;
      if (ingress.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
      const name = newestDefault(
        read.list<IngressClass>(ingressClasses),
        'ingressclass.kubernetes.io/is-default-class',
      )?.metadata.name;
      if (name) ingress.spec = { ...ingress.spec, ingressClassName: name };
    },
  };
}

/** Of several defaults the newest counts; of the same age, the first by name. */
function newestDefault<T extends StorageClass | IngressClass>(
  classes: readonly T[],
  annotation: string,
): T | undefined {
  const age = ({ metadata }: T) => metadata.creationTimestamp ?? '';
  return classes
    .filter(({ metadata }) => metadata.annotations?.[annotation] === 'true')
    .sort((a, b) =>
      age(a) === age(b)
        ? (a.metadata.name ?? '') < (b.metadata.name ?? '')
          ? -1
          : 1
        : age(a) > age(b)
          ? -1
          : 1,
    )[0];
}
