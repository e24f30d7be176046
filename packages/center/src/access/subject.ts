/**
 * What clusters call the center's people. The prefix keeps them apart from users that a cluster knows by itself, above all from
 * those that Kubernetes keeps for itself (`system:…`): whatever an identity provider says, nobody becomes one of them.
 */
import type { Person } from '#people/directory.ts';

const prefix = 'skerry:';

export interface Subject {
  readonly user: string;
  readonly groups: readonly string[];
}

export function subjectOf({ user, groups }: Person): Subject {
  return { user: clusterUser(user), groups: groups.map(clusterGroup) };
}

export function clusterUser(user: string): string {
  return prefix + user;
}

export function clusterGroup(group: string): string {
  return prefix + group;
}
