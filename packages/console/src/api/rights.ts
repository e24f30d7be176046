/**
 * What the caller may do, asked of each cluster once and kept for a while, so that what would be refused isn't offered. Only about
 * what belongs to no namespace: whoever is limited to namespaces may see pods in theirs, and views know that.
 */
import { paths, type CanIAnswer, type CanIQuestion } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { request } from './request.ts';

/** The management API, as `can-i` calls it. */
export const managementRights = '@management';

/** `list nodes`, `create nodepools.apps.openyurt.io`. */
export type Right = `${'list' | 'create'} ${string}`;

const ofClusters: readonly Right[] = [
  'list nodes',
  'list nodepools.apps.openyurt.io',
  'create nodepools.apps.openyurt.io',
  'list namespaces',
  'list persistentvolumes',
  'list storageclasses.storage.k8s.io',
  'list clusterroles.rbac.authorization.k8s.io',
  'list clusterrolebindings.rbac.authorization.k8s.io',
  'list customresourcedefinitions.apiextensions.k8s.io',
];
const ofManagement: readonly Right[] = [
  'create clusters.center.skerry.io',
  'list clusters.center.skerry.io',
  'list users.center.skerry.io',
  'list grants.center.skerry.io',
  'list components.center.skerry.io',
];

/** @returns whether the right is held; what counts while that isn't known is up to who asks */
export function useRights(cluster: string, { whileUnknown = true } = {}): (right: Right) => boolean {
  const rights = cluster === managementRights ? ofManagement : ofClusters;
  const { data } = useQuery({
    queryKey: ['rights', cluster],
    queryFn: () => ask(cluster, rights),
    staleTime: 60_000,
    retry: false,
    enabled: cluster !== '',
  });
  return (right) => data?.get(right) ?? whileUnknown;
}

async function ask(cluster: string, rights: readonly Right[]): Promise<ReadonlyMap<Right, boolean>> {
  const body: CanIQuestion = {
    questions: rights.map((right) => {
      const [verb = '', name = ''] = right.split(' ');
      const [resource = '', ...group] = name.split('.');
      return { verb, group: group.join('.'), resource };
    }),
  };
  const { answers } = await request<CanIAnswer>(paths.canI(cluster), { method: 'POST', body });
  return new Map(rights.map((right, index) => [right, answers[index]?.allowed ?? true]));
}
