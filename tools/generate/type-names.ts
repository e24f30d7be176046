import { capitalize } from './model-types.ts';

/** Written by hand in `object.ts` and `status.ts` of `@skerry/api`. */
export const handWritten: ReadonlySet<string> = new Set([
  'ObjectMeta',
  'OwnerReference',
  'ManagedFieldsEntry',
  'ListMeta',
  'Status',
  'StatusCause',
  'StatusDetails',
  'WatchEvent',
]);

/**
 * A TypeScript name for each full type name: the last segment where it is free. Kinds come before parts of kinds, newer
 * versions before older ones, core before other groups and flowcontrol after them; who comes later is suffixed with its version where the group is
 * the same (`HorizontalPodAutoscalerV1`), or prefixed with its group (`EventsEvent`).
 */
export function typeNames(fullNames: readonly string[], kinds: ReadonlySet<string>): Map<string, string> {
  const parts = (fullName: string): { group: string; version: string; kind: string } => {
    const segments = fullName.split('.');
    return { kind: segments.at(-1) ?? '', version: segments.at(-2) ?? '', group: segments.at(-3) ?? '' };
  };
  const rank = (fullName: string): string => {
    const { group, version } = parts(fullName);
    const age = 1000 - Number(/\d+/.exec(version)?.[0] ?? 0);
    const nearness = group === 'core' ? 0 : group === 'flowcontrol' ? 2 : 1;
    return `${kinds.has(fullName) ? 0 : 1} ${nearness} ${age} ${fullName}`;
  };
  const owners = new Map<string, string>();
  const names = new Map<string, string>();
  for (const fullName of [...fullNames].sort((a, b) => (rank(a) < rank(b) ? -1 : 1))) {
    const { group, version, kind } = parts(fullName);
    const owner = owners.get(kind);
    let name = kind;
    if (owner !== undefined)
      name = parts(owner).group === group ? kind + capitalize(version) : capitalize(group) + kind;
    if (owners.has(name)) throw new Error(`${fullName} and ${owners.get(name)} would both be ${name}`);
    owners.set(name, fullName);
    names.set(fullName, name);
  }
  return names;
}
