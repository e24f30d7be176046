/**
 * ImagePullJobs: nodes are told to pull an image, so many at a time as the job allows, through their NodeImages; what they
 * say of it makes the job's status. A node that does not answer fails, and does not hold up the others for longer.
 * https://openkruise.io/docs/user-manuals/imagepulljob
 */
import { isApiError } from '@skerry/api';
import type { Node, NodeImage, Pod, Secret } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { isNodeReady } from '#daemon/node-view.ts';
import { jobProgress } from '#kruise/image-pull-job/job-progress.ts';
import { withOrder } from '#kruise/image-pull-job/order.ts';
import { PullSecrets } from '#kruise/image-pull-job/pull-secrets.ts';
import { concernsPod, targetsOf } from '#kruise/image-pull-job/targets.ts';
import type { ImagePullJob } from '#kruise/kinds/image-pull.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import { follow } from '#kruise/kruise-context.ts';
import type { KruiseContext } from '#kruise/kruise-context.ts';
import { daemonConfigNamespace } from '#kruise/manifests/namespaces.ts';
import { indexByJob } from '#kruise/node-image/node-image.ts';
import { atOnce } from '#runtime/batch.ts';
import { isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, Requeue } from '#runtime/controller.ts';
import { SeenVersions } from '#runtime/seen-versions.ts';
import { splitKey, writeStatus } from '#runtime/status.ts';

const ref = kruiseResources.imagePullJobs;
const parallelMax = 32;

export function createImagePullJobController(context: KruiseContext): Controller | undefined {
  const { client, informers, shared, clock, random, gates } = context;
  if (!gates.ImagePullJobGate) return undefined;
  const jobs = informers.informer<ImagePullJob>(ref);
  const images = indexByJob(informers.informer<NodeImage>(kruiseResources.nodeImages));
  const copies = informers.informer<Secret>(resources.secrets, { namespace: daemonConfigNamespace });
  const pods = shared.informer<Pod>(resources.pods);
  const nodes = shared.informer<Node>(resources.nodes);
  const secrets = new PullSecrets({ client, copies });
  const seen = new SeenVersions(clock);
  const queue = createQueue(context);

  const enqueue = (job: ImagePullJob) => queue.add(keyOf(job));
  const enqueueActive = () => {
    for (const job of jobs.list()) if (!job.status?.completionTime) enqueue(job);
  };
  jobs.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
  images.addHandler({
    onAdd: enqueueActive,
    onDelete: enqueueActive,
    onUpdate(image, old) {
      if (!isSame(image.metadata.labels, old.metadata.labels)) return enqueueActive();
      const owners = new Set([image, old].flatMap(ownersOf));
      for (const key of owners) queue.add(key);
    },
  });
  jobs.addIndex('pods', ({ metadata, spec, status }) =>
    spec?.podSelector && !status?.completionTime ? [metadata.namespace ?? ''] : [],
  );
  const lookAtPod = (pod: Pod) => {
    for (const job of jobs.byIndex('pods', pod.metadata.namespace ?? '')) {
      if (concernsPod(job, pod)) enqueue(job);
    }
  };
  follow(context, pods, {
    onAdd: lookAtPod,
    onDelete: lookAtPod,
    onUpdate(pod, old) {
      const isMoved =
        pod.spec?.nodeName !== old.spec?.nodeName ||
        pod.status?.phase !== old.status?.phase ||
        !isSame(pod.metadata.labels, old.metadata.labels);
      if (!isMoved) return;
      lookAtPod(pod);
      lookAtPod(old);
    },
  });

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace, name } = splitKey(key);
    const job = jobs.get(namespace, name);
    if (!job?.spec || job.metadata.deletionTimestamp) {
      await secrets.release(key);
      return undefined;
    }
    if (job.status?.completionTime) {
      await secrets.release(key);
      return forgetLater(job);
    }
    const targets = targetsOf(job, { images, pods });
    const isListed = ({ metadata }: Node) => images.get(undefined, metadata.name ?? '') !== undefined;
    const mayGrow = nodes.list().some((node) => isNodeReady(node) && !isListed(node));
    const progress = jobProgress(job, targets, { nowMs: clock.now(), mayGrow });
    if (targets.every((target) => seen.isCurrent(target, key))) {
      await order(job, progress.untold, progress.status.active ?? 0);
    }
    await writeStatus<ImagePullJob>(client, ref, job, progress.status);
    return progress.waitMs === undefined ? undefined : { afterMs: Math.max(1_000, progress.waitMs) };
  }

  async function forgetLater(job: ImagePullJob): Promise<Requeue | undefined> {
    const { ttlSecondsAfterFinished } = job.spec?.completionPolicy ?? {};
    if (ttlSecondsAfterFinished === undefined) return undefined;
    const endedMs = Date.parse(job.status?.completionTime ?? '');
    const leftMs = endedMs + ttlSecondsAfterFinished * 1000 - clock.now();
    if (leftMs > 0) return { afterMs: leftMs };
    const { name = '', namespace, uid } = job.metadata;
    await client.resource(ref).delete(name, { namespace, preconditions: { uid } });
    return undefined;
  }

  /** Tells as many more nodes as may pull at the same time. */
  async function order(job: ImagePullJob, untold: readonly string[], underWay: number): Promise<void> {
    const parallelism = Number(job.spec?.parallelism ?? 1);
    const next = untold.slice(0, Math.max(0, parallelism - underWay));
    if (next.length === 0) return;
    const references = await secrets.hold(job);
    await atOnce(parallelMax, next, async (name) => {
      const fresh = await client.resource<NodeImage>(kruiseResources.nodeImages).get(name);
      const ordered = withOrder(fresh, job, {
        secrets: references,
        nowMs: clock.now(),
        random: random(),
      });
      if (!ordered) return;
      const updated = await client.resource<NodeImage>(kruiseResources.nodeImages).update(ordered);
      seen.expect(updated, keyOf(job));
    });
  }

  const controller = createController({
    name: 'imagepulljob-controller',
    context,
    waitFor: [jobs, images, copies, pods, nodes],
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
  return {
    name: controller.name,
    queue,
    async run(signal) {
      // Copies for jobs that went while nobody looked.
      copies.addHandler({
        onAdd() {
          for (const key of secrets.users()) queue.add(key);
        },
      });
      await controller.run(signal);
    },
  };
}

/** Keys of the jobs that have orders in a NodeImage. */
function ownersOf({ spec }: NodeImage): string[] {
  return Object.values(spec?.images ?? {}).flatMap(({ tags }) =>
    tags.flatMap(({ ownerReferences = [] }) =>
      ownerReferences.map(({ namespace, name }) => `${namespace}/${name}`),
    ),
  );
}
