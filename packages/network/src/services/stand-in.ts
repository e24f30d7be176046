/**
 * Who has the load balancer addresses of a machine that is silent while nobody can ask the center: the next machine of its
 * pool, in the ring by name in which machines hear each other. All of them come to the same answer from what they hear
 * themselves; where they don't, the address is asked for on the network before it is taken.
 */
import { poolSuccessors } from '@skerry/api';

/** Undefined where none that would hear the machine is heard. */
export function standInFor(
  node: string,
  members: readonly string[],
  isSilent: (node: string) => boolean,
): string | undefined {
  const sorted = members.toSorted((a, b) => (a < b ? -1 : 1));
  return poolSuccessors(sorted, node, 1).find((each) => !isSilent(each));
}
