import type { Node } from '@skerry/api';
import type { InformerHandler } from '@skerry/client';
import { isNodeReady, skipsOfflineNodes } from '#daemon/node-view.ts';
import type { DaemonOwner } from '#daemon/owner.ts';
import { isSame } from '#runtime/canonical.ts';

/** Tells of sets that a change of a node is about: all, but for its readiness, which only some look at. */
export function followNodes<T extends DaemonOwner>(
  sets: () => readonly T[],
  look: (set: T) => void,
): InformerHandler<Node> {
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
      for (const set of sets()) if (skipsOfflineNodes(set)) look(set);
    },
  };
}
