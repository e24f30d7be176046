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

/** Groups travel in headers, which hold ASCII: other characters are percent-encoded, in bindings as well. */
export function clusterGroup(group: string): string {
  return prefix + group.replaceAll(/[^\x20-\x7e]|%/gu, (character) => encodeURIComponent(character));
}
