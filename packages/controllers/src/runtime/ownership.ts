/**
 * Who controls what. An object belongs to the one owner reference with `controller: true`. A controller takes in objects
 * that match its selector and belong to nobody, and lets go of its own that match no longer.
 * Rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/
 */
import type { KubeObject, OwnerReference, Selector } from '@skerry/api';
import type { ApiClient, Informer, ResourceRef } from '@skerry/client';
import { isApiError } from '@skerry/api';

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  const uid = controllerOf(object)?.uid;
  return uid !== undefined && uid === owner.metadata?.uid;
}

export function ownerReferenceTo(owner: KubeObject, ref: ResourceRef): OwnerReference {
  return {
    apiVersion: ref.group === '' ? ref.version : `${ref.group}/${ref.version}`,
    kind: ref.kind,
    name: owner.metadata?.name ?? '',
    uid: owner.metadata?.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Adds the indexes that `claim` reads: objects by their controller's uid, and those without one by namespace. */
export function indexByController<T extends KubeObject>(informer: Informer<T>): Informer<T> {
  informer.addIndex('controller', (object) => {
    const owner = controllerOf(object);
    return owner ? [owner.uid] : [];
  });
  informer.addIndex('uncontrolled', (object) =>
    controllerOf(object) ? [] : [object.metadata?.namespace ?? ''],
  );
  return informer;
}

export interface ClaimOptions<T extends KubeObject> {
  readonly client: ApiClient;
  readonly owner: KubeObject;
  readonly ownerRef: ResourceRef;
  readonly selector: Selector;
  readonly resource: ResourceRef;
  readonly informer: Informer<T>;
  /** What else makes an object one of the owner's; one that isn't is let go, and never taken in. */
  readonly isMember?: (object: T) => boolean;
}

/** The objects that the owner controls after adopting and releasing; an owner that is being deleted does neither. */
export async function claim<T extends KubeObject>(options: ClaimOptions<T>): Promise<T[]> {
  const { client, owner, ownerRef, selector, resource, informer, isMember } = options;
  const isWanted = (object: T) => selector.matches(object.metadata?.labels) && (isMember?.(object) ?? true);
  const { uid = '', namespace = '', deletionTimestamp } = owner.metadata ?? {};
  const claimed: T[] = [];
  for (const object of informer.byIndex('controller', uid)) {
    if (isWanted(object)) claimed.push(object);
    else if (deletionTimestamp) continue;
    else
      await setOwners(
        object,
        (object.metadata?.ownerReferences ?? []).filter((o) => o.uid !== uid),
      );
  }
  if (deletionTimestamp || selector.empty) return claimed;
  const orphans = informer
    .byIndex('uncontrolled', namespace)
    .filter((o) => !o.metadata?.deletionTimestamp && isWanted(o));
  if (orphans.length === 0) return claimed;
  // The copy may be old: an owner that has gone, or has been made anew, must not adopt.
  const fresh = await client.resource(ownerRef).get(owner.metadata?.name ?? '', { namespace });
  if (fresh.metadata?.uid !== uid || fresh.metadata.deletionTimestamp) return claimed;
  for (const object of orphans) {
    const owners = [...(object.metadata?.ownerReferences ?? []), ownerReferenceTo(owner, ownerRef)];
    const adopted = await setOwners(object, owners);
    if (adopted) claimed.push(adopted);
  }
  return claimed;

  async function setOwners(object: T, ownerReferences: OwnerReference[]): Promise<T | undefined> {
    const { name = '', uid, resourceVersion } = object.metadata ?? {};
    const patch = {
      metadata: {
        uid,
        resourceVersion,
        ownerReferences: ownerReferences.length > 0 ? ownerReferences : null,
      },
    };
    try {
      return await client.resource<T>(resource).patch(name, patch, { type: 'merge', namespace });
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}
