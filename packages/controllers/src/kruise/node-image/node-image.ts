/**
 * NodeImages: one for every node, made when the node is ready first, with the node's labels, and gone with it. Orders that
 * nobody wants any more are taken out, and those that the node does not answer fail.
 *
 * A node of ours learns from an annotation that there is a NodeImage to watch: where OpenKruise is not installed, nodes
 * need not ask for a kind that is not there.
 */
import { isApiError, nodeImageAnnotation } from '@skerry/api';
import type { KubeObject, Node, NodeImage } from '@skerry/api';
import { resources } from '@skerry/client';
import { isNodeReady } from '#daemon/node-view.ts';
import type { ImagePullJob } from '#kruise/kinds/image-pull.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import { follow } from '#kruise/kruise-context.ts';
import type { KruiseContext } from '#kruise/kruise-context.ts';
import { keptOrders, settledStatus } from '#kruise/node-image/orders.ts';
import { isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, Requeue } from '#runtime/controller.ts';
import { writeStatus } from '#runtime/status.ts';

const ref = kruiseResources.nodeImages;

export function createNodeImageController(context: KruiseContext): Controller | undefined {
  const { client, informers, shared, clock, events, gates } = context;
  if (!gates.ImagePullJobGate) return undefined;
  const images = indexByJob(informers.informer<NodeImage>(ref));
  const jobs = informers.informer<ImagePullJob>(kruiseResources.imagePullJobs);
  const nodes = shared.informer<Node>(resources.nodes);
  const queue = createQueue(context);

  const look = ({ metadata }: KubeObject) => queue.add(metadata?.name ?? '');
  images.addHandler({ onAdd: look, onUpdate: look, onDelete: look });
  jobs.addHandler({
    onDelete({ metadata }) {
      for (const image of images.byIndex('job', metadata.uid ?? '')) look(image);
    },
  });
  follow<Node>(context, nodes, {
    onAdd: look,
    onDelete: look,
    onUpdate(node, old) {
      const matters =
        isNodeReady(node) !== isNodeReady(old) ||
        !isSame(node.metadata.labels, old.metadata.labels) ||
        node.metadata.annotations?.[nodeImageAnnotation] !== old.metadata.annotations?.[nodeImageAnnotation];
      if (matters) look(node);
    },
  });

  async function reconcile(name: string): Promise<Requeue | undefined> {
    const node = nodes.get(undefined, name);
    const image = images.get(undefined, name);
    if (!node || node.metadata.deletionTimestamp) {
      if (image && !image.metadata.deletionTimestamp) await remove(image);
      return undefined;
    }
    if (!image) {
      if (isNodeReady(node)) await make(node);
      return undefined;
    }
    if (image.metadata.deletionTimestamp) return undefined;
    await tellNode(node, image);
    return keep(node, image);
  }

  async function make({ metadata }: Node): Promise<void> {
    const image: NodeImage = { metadata: { name: metadata.name, labels: { ...metadata.labels } }, spec: {} };
    await client.resource<NodeImage>(ref).create(image);
  }

  async function remove({ metadata }: NodeImage): Promise<void> {
    await client
      .resource<NodeImage>(ref)
      .delete(metadata.name ?? '', { preconditions: { uid: metadata.uid } });
  }

  async function tellNode({ metadata }: Node, image: NodeImage): Promise<void> {
    const { uid = '' } = image.metadata;
    if (metadata.annotations?.[nodeImageAnnotation] === uid) return;
    const patch = { metadata: { annotations: { [nodeImageAnnotation]: uid } } };
    await client.resource<Node>(resources.nodes).patch(metadata.name ?? '', patch, { type: 'merge' });
  }

  async function keep(node: Node, image: NodeImage): Promise<Requeue | undefined> {
    const nowMs = clock.now();
    const exists = (owner: { namespace?: string; name?: string; uid?: string }) =>
      jobs.get(owner.namespace, owner.name ?? '')?.metadata.uid === owner.uid;
    const kept = keptOrders(image, { exists, nowMs });
    const labels = node.metadata.labels ?? {};
    if (kept.images || !isSame(image.metadata.labels ?? {}, labels)) {
      await client.resource<NodeImage>(ref).update({
        ...image,
        metadata: { ...image.metadata, labels: { ...labels } },
        spec: { ...image.spec, images: kept.images ?? image.spec?.images },
      });
      return undefined;
    }
    const settled = settledStatus(image, nowMs);
    if (settled.status) await writeStatus<NodeImage>(client, ref, image, settled.status);
    for (const { image: name, tag, message } of settled.failed) {
      const text = `Failed to pull image ${name} on node ${image.metadata.name} for ${message}`;
      const event = { type: 'Warning', reason: 'PullImageFailed', message: text } as const;
      events.record(image, event);
      for (const { apiVersion, kind, ...metadata } of tag.ownerReferences ?? []) {
        events.record({ apiVersion, kind, metadata }, event);
      }
    }
    const waits = [kept.waitMs, settled.waitMs].filter((wait) => wait !== undefined);
    return waits.length > 0 ? { afterMs: Math.max(1, Math.min(...waits)) } : undefined;
  }

  return createController({
    name: 'nodeimage-controller',
    context,
    waitFor: [images, jobs, nodes],
    queue,
    async reconcile(key) {
      try {
        return await reconcile(key);
      } catch (error) {
        if (isApiError(error, 'NotFound')) return undefined;
        throw error;
      }
    },
  });
}

/** NodeImages by the uid of jobs that have orders in them. */
export function indexByJob<
  T extends { addIndex(name: string, valuesOf: (image: NodeImage) => string[]): void },
>(images: T): T {
  images.addIndex('job', ({ spec }) =>
    Object.values(spec?.images ?? {}).flatMap(({ tags }) =>
      tags.flatMap(({ ownerReferences = [] }) => ownerReferences.flatMap(({ uid }) => uid ?? [])),
    ),
  );
  return images;
}
