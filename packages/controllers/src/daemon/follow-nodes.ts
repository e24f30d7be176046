import type { Node } from '@skerry/api';
import type { InformerHandler } from '@skerry/client';
import { isNodeReady } from '#daemon/node-view.ts';
import type { DaemonOwner } from '#daemon/owner.ts';
import { isSame } from '#runtime/canonical.ts';

export interface FollowNodesOptions<T extends DaemonOwner> {
  readonly sets: () => readonly T[];
  readonly looksAtReadiness: (set: T) => boolean;
  readonly look: (set: T) => void;
}

/** Tells of sets that a change of a node is about: all, but for its readiness, which only some look at. */
export function followNodes<T extends DaemonOwner>({
  sets,
  looksAtReadiness,
  look,
}: FollowNodesOptions<T>): InformerHandler<Node> {
  const lookAtAll = () => {
    for (const set of sets()) look(set);
  };
  return {
    onAdd: lookAtAll,
    onDelete: lookAtAll,
    onUpdate(node, old) {
      const isPlacementSame =
        isSame(node.metadata.labels, old.metadata.labels) && isSame(node.spec, old.spec);
      if (!isPlacementSame) return lookAtAll();
      if (isNodeReady(node) === isNodeReady(old)) return;
      for (const set of sets()) if (looksAtReadiness(set)) look(set);
    },
  };
}
