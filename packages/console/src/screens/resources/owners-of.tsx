import { links } from '@skerry/center/contract';
import type { ApiObject, OwnerReference } from '#api/objects.ts';
import { Link } from '#app/link.tsx';
import { builtInKinds } from '#kinds/built-in.ts';

/** What an object belongs to, each with the way to it. */
export function OwnersOf({ cluster, object }: { readonly cluster: string; readonly object: ApiObject }) {
  const { ownerReferences = [], namespace } = object.metadata;
  return ownerReferences.map((owner) => (
    <span key={owner.uid}>
      <Link
        to={links.object(cluster, resourceOf(owner), {
          name: owner.name,
          ...(namespace ? { namespace } : {}),
        })}
      >
        {owner.kind}/{owner.name}
      </Link>{' '}
    </span>
  ));
}

/** By the built-in kinds; of others the plural is guessed, which is right for nearly all. */
function resourceOf({ apiVersion, kind }: OwnerReference): string {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  const known = builtInKinds.find((one) => one.kind === kind && one.group === group);
  return known?.resource ?? `${kind.toLowerCase()}s${group ? `.${group}` : ''}`;
}
