/**
 * What the caller may do, asked of each cluster once and kept for a while, so that what would be refused isn't offered. Only about
 * what belongs to no namespace: whoever is limited to namespaces may see pods in theirs, and views know that.
 */
import { paths, type CanIAnswer, type CanIQuestion } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { useNamespaces } from './namespaces.ts';
import { request } from './request.ts';

/** The management API, as `can-i` calls it. */
export const managementRights = '@management';

/** `list nodes`, `create nodepools.apps.openyurt.io`. */
export type Right = `${'list' | 'create' | 'update' | 'delete'} ${string}`;

const ofClusters: readonly Right[] = [
  'list nodes',
  'create components.center.skerry.io',
  'update components.center.skerry.io',
  'delete components.center.skerry.io',
  'list nodepools.apps.openyurt.io',
  'create joinscripts.center.skerry.io',
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
  'update clusters.center.skerry.io',
  'delete clusters.center.skerry.io',
  'list clusters.center.skerry.io',
  'list users.center.skerry.io',
  'list grants.center.skerry.io',
  'list components.center.skerry.io',
  'create users.center.skerry.io',
  'update users.center.skerry.io',
  'delete users.center.skerry.io',
  'create grants.center.skerry.io',
  'delete grants.center.skerry.io',
  'list owners.center.skerry.io',
  'create owners.center.skerry.io',
  'list identityproviders.center.skerry.io',
  'create identityproviders.center.skerry.io',
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

const namespacesAskedMax = 20;

/**
 * Whether the caller may make one: in the namespace that is looked at, or else anywhere, as far as that can be told by asking
 * about the first namespaces that they see. Allowed while it isn't known: the server has the last word.
 */
export function useMayCreate(
  cluster: string,
  { group, plural, isNamespaced }: { group: string; plural: string; isNamespaced: boolean },
  namespace?: string,
): boolean {
  const namespaces = useNamespaces(cluster);
  const asked =
    !isNamespaced || namespaces.length === 0
      ? [undefined]
      : namespace
        ? [namespace]
        : [undefined, ...namespaces.slice(0, namespacesAskedMax)];
  const { data } = useQuery({
    queryKey: ['may-create', cluster, group, plural, asked],
    queryFn: async () => {
      const body: CanIQuestion = {
        questions: asked.map((one) => ({
          verb: 'create',
          group,
          resource: plural,
          ...(one ? { namespace: one } : {}),
        })),
      };
      const { answers } = await request<CanIAnswer>(paths.canI(cluster), { method: 'POST', body });
      return answers.some(({ allowed }) => allowed) || namespaces.length > namespacesAskedMax;
    },
    staleTime: 60_000,
    retry: false,
  });
  return data ?? true;
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
