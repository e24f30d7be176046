/**
 * Before an update in place reaches a node, the node can pull the new images, so that its containers stand still only for
 * their restart: one ImagePullJob for each image that changed, for the nodes whose pods are still old.
 * https://openkruise.io/docs/user-manuals/advanceddaemonset#pre-download-image-for-in-place-update
 */
import { isApiError } from '@skerry/api';
import type { ControllerRevision, Pod } from '@skerry/api';
import type { ApiClient, EventRecorder, Informer } from '@skerry/client';
import { resources } from '@skerry/client';
import { hashOf, revisionHashLabel } from '#runtime/revision-history.ts';
import type { History } from '#runtime/revision-history.ts';
import { partitionOf, rollingUpdateOf } from '#kruise/daemon-set/update-plan.ts';
import { templateOf } from '#kruise/in-place/in-place-change.ts';
import type { AdvancedDaemonSet } from '#kruise/kinds/daemon-set.ts';
import type { ImagePullJob } from '#kruise/kinds/image-pull.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import { isControlledBy, ownerReferenceTo } from '#runtime/ownership.ts';
import { resolveIntOrPercent } from '#runtime/pods.ts';

const createdLabel = 'apps.kruise.io/pre-predownload-created';
const ignoredLabel = 'apps.kruise.io/image-predownload-ignored';
const annotation = {
  parallelism: 'apps.kruise.io/image-predownload-parallelism',
  timeoutSeconds: 'apps.kruise.io/image-predownload-timeout-seconds',
  minUpdatedReadyPods: 'apps.kruise.io/image-predownload-min-updated-ready-pods',
};
const defaultTimeoutSeconds = 300;

export interface PreDownloadContext {
  readonly client: ApiClient;
  readonly events: EventRecorder;
  readonly jobs: Informer<ImagePullJob>;
  /** Whether sets that don't ask for it have it, too. */
  readonly always: boolean;
}

export function wantsPreDownload({ metadata }: AdvancedDaemonSet, { always }: { always: boolean }): boolean {
  return always || Object.values(annotation).some((name) => metadata.annotations?.[name] !== undefined);
}

/** Makes the jobs of a new revision, once; takes all jobs away when every node has it. */
export async function preDownload(
  context: PreDownloadContext,
  set: AdvancedDaemonSet,
  { history, pods }: { readonly history: History; readonly pods: readonly Pod[] },
): Promise<void> {
  const { current, old } = history;
  const { updatedNumberScheduled, desiredNumberScheduled = 0, updateRevision } = set.status ?? {};
  const hash = hashOf(current);
  if (updatedNumberScheduled === desiredNumberScheduled && updateRevision === hash) {
    await removeJobs(context, set);
    return;
  }
  const labels = current.metadata.labels ?? {};
  if (createdLabel in labels || ignoredLabel in labels || old.length === 0) return;
  if (isOneBatch(set, desiredNumberScheduled)) {
    await label(context, current, ignoredLabel);
    return;
  }
  if (!haveEnoughUpdated(set, { hash, pods, total: desiredNumberScheduled })) return;
  for (const [container, image] of changedImages(current, old)) {
    await createJob(context, set, pullJob(set, { current, container, image }));
  }
  await label(context, current, createdLabel);
}

/** Then every node pulls at the same time in any case. */
function isOneBatch(set: AdvancedDaemonSet, total: number): boolean {
  const { maxUnavailable = 1 } = rollingUpdateOf(set) ?? {};
  const missing = resolveIntOrPercent(maxUnavailable, { total, round: 'up' });
  return partitionOf(set, total) === 0 && missing >= total;
}

/** A set may want to see some pods well with the new images before all nodes pull them. */
function haveEnoughUpdated(
  { metadata }: AdvancedDaemonSet,
  { hash, pods, total }: { readonly hash: string; readonly pods: readonly Pod[]; readonly total: number },
): boolean {
  const asked = metadata.annotations?.[annotation.minUpdatedReadyPods];
  if (asked === undefined) return true;
  const ready = pods.filter(
    (pod) =>
      pod.metadata.labels?.[revisionHashLabel] === hash &&
      pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
  ).length;
  return ready >= resolveIntOrPercent(asked, { total, round: 'up' });
}

function changedImages(current: ControllerRevision, old: readonly ControllerRevision[]): Map<string, string> {
  const imagesOf = (revision: ControllerRevision) =>
    new Map((templateOf(revision).spec?.containers ?? []).map(({ name, image = '' }) => [name, image]));
  const before = old.map(imagesOf);
  const changed = new Map<string, string>();
  for (const [name, image] of imagesOf(current)) {
    const known = before.flatMap((images) => images.get(name) ?? []);
    if (known.length === 0 || known.some((other) => other !== image)) changed.set(name, image);
  }
  return changed;
}

function pullJob(
  set: AdvancedDaemonSet,
  { current, container, image }: { current: ControllerRevision; container: string; image: string },
): ImagePullJob {
  const hash = hashOf(current);
  const { template, selector } = set.spec ?? {};
  const labels = { ...template?.metadata?.labels, [revisionHashLabel]: hash };
  return {
    metadata: {
      name: `${current.metadata.name}-${container}`,
      namespace: set.metadata.namespace,
      labels,
      ownerReferences: [ownerReferenceTo(set, kruiseResources.daemonSets)],
    },
    spec: {
      image,
      pullSecrets: (template?.spec?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []),
      podSelector: {
        ...selector,
        matchExpressions: [
          ...(selector?.matchExpressions ?? []),
          { key: revisionHashLabel, operator: 'NotIn', values: [current.metadata.name ?? '', hash] },
        ],
      },
      parallelism: wholeNumber(set, annotation.parallelism) ?? 1,
      pullPolicy: {
        backoffLimit: 1,
        timeoutSeconds: wholeNumber(set, annotation.timeoutSeconds) ?? defaultTimeoutSeconds,
      },
      completionPolicy: { type: 'Always', ttlSecondsAfterFinished: 600 },
      sandboxConfig: { labels, annotations: { ...template?.metadata?.annotations } },
    },
  };
}

function wholeNumber({ metadata }: AdvancedDaemonSet, name: string): number | undefined {
  const value = metadata.annotations?.[name];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

async function createJob(
  { client, events }: PreDownloadContext,
  set: AdvancedDaemonSet,
  job: ImagePullJob,
): Promise<void> {
  const { name } = job.metadata;
  try {
    await client.resource<ImagePullJob>(kruiseResources.imagePullJobs).create(job);
  } catch (error) {
    if (isApiError(error, 'AlreadyExists')) return;
    throw error;
  }
  const message = `created ImagePullJob ${name} for image: ${job.spec?.image}`;
  events.record(set, { type: 'Normal', reason: 'CreatedImagePullJob', message });
}

async function label(
  { client }: PreDownloadContext,
  revision: ControllerRevision,
  key: string,
): Promise<void> {
  const { name = '', namespace } = revision.metadata;
  await client
    .resource(resources.controllerRevisions)
    .patch(name, { metadata: { labels: { [key]: 'true' } } }, { type: 'merge', namespace });
}

async function removeJobs({ client, jobs }: PreDownloadContext, set: AdvancedDaemonSet): Promise<void> {
  for (const job of jobs.byIndex('controller', set.metadata.uid ?? '')) {
    if (job.metadata.deletionTimestamp || !isControlledBy(job, set)) continue;
    const { name = '', namespace, uid } = job.metadata;
    await client
      .resource(kruiseResources.imagePullJobs)
      .delete(name, { namespace, preconditions: { uid } })
      .catch((error: unknown) => {
        if (!isApiError(error, 'NotFound')) throw error;
      });
  }
}
