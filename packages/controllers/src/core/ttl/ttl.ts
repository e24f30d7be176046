/**
 * Notes on each node for how many seconds a kubelet may go on using what it has read of Secrets and ConfigMaps: more in a
 * bigger cluster. Our own agent watches instead and needs no note; nodes of other kinds that join the cluster read it.
 * The bounds overlap, so that a cluster that grows and shrinks by one node writes nothing.
 */
import type { Node } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';

const annotation = 'node.alpha.kubernetes.io/ttl';
const steps = [
  { sizeMin: 0, sizeMax: 100, seconds: 0 },
  { sizeMin: 90, sizeMax: 500, seconds: 15 },
  { sizeMin: 450, sizeMax: 1000, seconds: 30 },
  { sizeMin: 900, sizeMax: 2000, seconds: 60 },
  { sizeMin: 1800, sizeMax: Infinity, seconds: 300 },
];

export function createTtlController(context: ControllerContext): Controller {
  const { client, informers } = context;
  const nodes = informers.informer<Node>(resources.nodes);
  const queue = createQueue(context);
  let step = 0;
  const resize = () => {
    const before = step;
    while (nodes.size > steps[step]!.sizeMax) step++;
    while (nodes.size < steps[step]!.sizeMin) step--;
    if (step !== before) for (const node of nodes.list()) queue.add(keyOf(node));
  };
  nodes.addHandler({
    onAdd(node) {
      resize();
      queue.add(keyOf(node));
    },
    onUpdate(node, old) {
      if (noteOf(node) !== noteOf(old)) queue.add(keyOf(node));
    },
    onDelete: resize,
  });
  return createController({
    name: 'ttl-controller',
    context,
    waitFor: [nodes],
    queue,
    async reconcile(key) {
      const node = nodes.get(undefined, key);
      const seconds = String(steps[step]!.seconds);
      if (!node || noteOf(node) === seconds) return;
      const patch = { metadata: { annotations: { [annotation]: seconds } } };
      await client.resource<Node>(resources.nodes).patch(key, patch, { type: 'merge' });
    },
  });
}

function noteOf({ metadata }: Node): string | undefined {
  return metadata.annotations?.[annotation];
}
