/** Who may bring machines in: whoever may for the whole cluster, and members of an owner for that owner. */
import { useQuery } from '@tanstack/react-query';
import { managementKinds, type OwnerObject } from '#kinds/management.ts';
import { listObjects, management } from './objects.ts';
import { useRights } from './rights.ts';
import { useSignedIn } from './session.ts';

export function useOwners() {
  return useQuery({
    queryKey: ['owners'],
    queryFn: () => listObjects<OwnerObject>(management, managementKinds.owners),
    retry: false,
    staleTime: 60_000,
  });
}

/** False until it is known. */
export function useMayAddNodes(cluster: string): boolean {
  const may = useRights(cluster, { whileUnknown: false });
  const { user, groups } = useSignedIn();
  const { data } = useOwners();
  if (may('create joinscripts.center.skerry.io')) return true;
  const members = data?.items.flatMap(({ spec }) => spec.members ?? []) ?? [];
  return members.some(({ kind, name }) => (kind === 'User' ? name === user : groups.includes(name)));
}
