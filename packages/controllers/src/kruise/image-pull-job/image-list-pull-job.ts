/**
 * ImageListPullJobs: one ImagePullJob for each image, made anew when the template changes.
 * https://openkruise.io/docs/user-manuals/imagelistpulljob
 */
import { isApiError } from '@skerry/api';
import { keyOf } from '@skerry/client';
import { revisionHashLabel } from '#runtime/revision-history.ts';
import type { ImageListPullJob, ImageListPullJobStatus, ImagePullJob } from '#kruise/kinds/image-pull.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import type { KruiseContext } from '#kruise/kruise-context.ts';
import { slowStart } from '#runtime/batch.ts';
import { hashName } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, Requeue } from '#runtime/controller.ts';
import { controllerOf, indexByController, ownerReferenceTo } from '#runtime/ownership.ts';
import { splitKey, timestamp, writeStatus } from '#runtime/status.ts';

const ref = kruiseResources.imageListPullJobs;

export function createImageListPullJobController(context: KruiseContext): Controller | undefined {
  const { client, informers, clock, events, gates } = context;
  if (!gates.ImagePullJobGate) return undefined;
  const lists = informers.informer<ImageListPullJob>(ref);
  const jobs = indexByController(informers.informer<ImagePullJob>(kruiseResources.imagePullJobs));
  const queue = createQueue(context);

  const enqueue = (list: ImageListPullJob) => queue.add(keyOf(list));
  lists.addHandler({ onAdd: enqueue, onUpdate: enqueue });
  const enqueueOwner = (job: ImagePullJob) => {
    const owner = controllerOf(job);
    if (owner?.kind === ref.kind) queue.add(`${job.metadata.namespace}/${owner.name}`);
  };
  jobs.addHandler({ onAdd: enqueueOwner, onUpdate: enqueueOwner, onDelete: enqueueOwner });

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace, name } = splitKey(key);
    const list = lists.get(namespace, name);
    if (!list?.spec || list.metadata.deletionTimestamp) return undefined;
    if (list.status?.completionTime) return forgetLater(list);
    const { images, ...template } = list.spec;
    const hash = hashName(template);
    const owned = jobs
      .byIndex('controller', list.metadata.uid ?? '')
      .filter(({ metadata }) => !metadata.deletionTimestamp);
    const isCurrent = (job: ImagePullJob) =>
      job.metadata.labels?.[revisionHashLabel] === hash && images.includes(job.spec?.image ?? '');
    const byImage = new Map(owned.filter(isCurrent).map((job) => [job.spec?.image, job]));
    await make(
      list,
      images.filter((image) => !byImage.has(image)).map((image) => jobFor(list, { image, hash })),
    );
    for (const job of owned) if (byImage.get(job.spec?.image) !== job) await remove(job);
    await writeStatus<ImageListPullJob>(
      client,
      ref,
      list,
      statusOf(list, [...byImage.values()], clock.now()),
    );
    return undefined;
  }

  async function make(list: ImageListPullJob, made: readonly ImagePullJob[]): Promise<void> {
    if (made.length === 0) return;
    let created = 0;
    const { error } = await slowStart(made.length, async (index) => {
      try {
        await client.resource<ImagePullJob>(kruiseResources.imagePullJobs).create(made[index]!);
        created++;
      } catch (caught) {
        if (!isApiError(caught, 'AlreadyExists')) throw caught;
      }
    });
    if (created > 0) {
      const message = `Create ${created} ImagePullJob`;
      events.record(list, { type: 'Normal', reason: 'Successful create ImagePullJob', message });
    }
    if (error !== undefined) throw error;
  }

  async function remove({ metadata }: ImagePullJob): Promise<void> {
    const { name = '', namespace, uid } = metadata;
    await client
      .resource(kruiseResources.imagePullJobs)
      .delete(name, { namespace, preconditions: { uid } })
      .catch((error: unknown) => {
        if (!isApiError(error, 'NotFound')) throw error;
      });
  }

  async function forgetLater(list: ImageListPullJob): Promise<Requeue | undefined> {
    const { ttlSecondsAfterFinished } = list.spec?.completionPolicy ?? {};
    if (ttlSecondsAfterFinished === undefined) return undefined;
    const endedMs = Date.parse(list.status?.completionTime ?? '');
    const leftMs = endedMs + ttlSecondsAfterFinished * 1000 - clock.now();
    if (leftMs > 0) return { afterMs: leftMs };
    const { name = '', namespace, uid } = list.metadata;
    await client.resource(ref).delete(name, { namespace, preconditions: { uid } });
    return undefined;
  }

  return createController({
    name: 'imagelistpulljob-controller',
    context,
    waitFor: [lists, jobs],
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

/** Named after the image and the template, so that none is made twice. */
function jobFor(
  list: ImageListPullJob,
  { image, hash }: { readonly image: string; readonly hash: string },
): ImagePullJob {
  const { images: _, ...template } = list.spec ?? { images: [] };
  return {
    metadata: {
      name: `${(list.metadata.name ?? '').slice(0, 240)}-${hashName({ image, hash })}`,
      namespace: list.metadata.namespace,
      labels: { [revisionHashLabel]: hash },
      ownerReferences: [ownerReferenceTo(list, ref)],
    },
    spec: { ...structuredClone(template), image },
  };
}

function statusOf(
  list: ImageListPullJob,
  jobs: readonly ImagePullJob[],
  nowMs: number,
): ImageListPullJobStatus {
  const desired = list.spec?.images.length ?? 0;
  const begun = jobs.filter(({ status }) => status?.startTime);
  const count = (holds: (status: NonNullable<ImagePullJob['status']>) => boolean) =>
    begun.filter(({ status }) => status && holds(status)).length;
  const completed = count(({ desired: all = 0, failed = 0, succeeded = 0 }) => all === failed + succeeded);
  const failedImageStatuses = begun
    .filter(({ status }) => (status?.failed ?? 0) > 0)
    .map(({ metadata, spec }) => ({
      imagePullJob: metadata.name,
      name: spec?.image,
      message: `Please check for details which nodes failed by 'kubectl get ImagePullJob ${metadata.name}'.`,
    }))
    .sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
  const isEnded = list.spec?.completionPolicy?.type !== 'Never' && desired === completed;
  return {
    startTime: list.status?.startTime ?? timestamp(nowMs),
    ...(isEnded ? { completionTime: timestamp(nowMs) } : {}),
    desired,
    active: count(({ active = 0 }) => active > 0),
    completed,
    succeeded: count(({ desired: all = 0, succeeded = 0 }) => all === succeeded),
    ...(failedImageStatuses.length > 0 ? { failedImageStatuses } : {}),
  };
}
