/** API groups, their versions and kinds, as a tree that can be searched. */
import type { ApiGroup, ResourceType } from '#api/cluster-types.ts';

export interface GroupNode {
  readonly name: string;
  readonly versions: readonly {
    readonly version: string;
    readonly kinds: readonly ResourceType[] | undefined;
  }[];
}

/** Groups that come with every cluster; the others were added by definitions, and come first. */
export function isBuiltInGroup(name: string): boolean {
  return name === '' || !name.includes('.') || name.endsWith('.k8s.io');
}

export function inTreeOrder(groups: readonly ApiGroup[]): readonly ApiGroup[] {
  return groups.toSorted(
    (one, other) =>
      Number(isBuiltInGroup(one.name)) - Number(isBuiltInGroup(other.name)) ||
      one.name.localeCompare(other.name),
  );
}

export function isListable({ verbs }: ResourceType): boolean {
  return verbs.includes('list');
}

/** What has a word in its group, kind or plural; nothing is left out when none is given. */
export function searchTree(
  groups: readonly ApiGroup[],
  types: readonly ResourceType[],
  wanted: string,
): readonly GroupNode[] {
  const word = wanted.trim().toLowerCase();
  const fits = (text: string): boolean => text.toLowerCase().includes(word);
  return inTreeOrder(groups).flatMap(({ name, versions }): GroupNode[] => {
    const found = versions.flatMap((version) => {
      const kinds = types.filter(
        (type) =>
          type.group === name &&
          type.version === version &&
          isListable(type) &&
          (fits(name) || fits(type.kind) || fits(type.plural)),
      );
      return kinds.length > 0 ? [{ version, kinds }] : [];
    });
    return found.length > 0 ? [{ name, versions: found }] : [];
  });
}
