/** What OpenKruise's objects are unless they say so: filled in by the mutating webhooks, in either version. */
import type { AdvancedDaemonSet } from '#kruise/kinds/daemon-set.ts';
import type { BroadcastJob } from '#kruise/kinds/broadcast-job.ts';
import type { NodeImage } from '@skerry/api';
import type { ImageListPullJob, ImagePullJob, ImagePullTemplate } from '#kruise/kinds/image-pull.ts';
import type { ReviewedKind } from '#kruise/manifests/webhooks.ts';

export const pullTimeoutSeconds = 600;
export const pullBackoffLimit = 3;
const unlimited = 2 ** 31 - 1;

export const setDefaults: Readonly<Record<ReviewedKind, (object: never, now: string) => void>> = {
  daemonset: setDaemonSetDefaults,
  broadcastjob: setBroadcastJobDefaults,
  imagepulljob: setImagePullJobDefaults,
  imagelistpulljob: setImageListPullJobDefaults,
  nodeimage: setNodeImageDefaults,
};

function setDaemonSetDefaults({ spec }: AdvancedDaemonSet): void {
  if (!spec) return;
  spec.burstReplicas ??= 250;
  spec.revisionHistoryLimit ??= 10;
  const strategy = (spec.updateStrategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type !== 'RollingUpdate') return;
  const rolling = (strategy.rollingUpdate ??= {});
  // Of v1alpha1, before there was maxSurge.
  if (rolling.rollingUpdateType === 'Surging') {
    rolling.maxSurge ??= 1;
    rolling.maxUnavailable ??= 0;
    rolling.rollingUpdateType = 'Standard';
  }
  rolling.rollingUpdateType ||= 'Standard';
  if (rolling.maxUnavailable === undefined && rolling.maxSurge === undefined) {
    rolling.maxUnavailable = 1;
    rolling.maxSurge = 0;
  }
}

function setBroadcastJobDefaults({ spec }: BroadcastJob): void {
  if (!spec) return;
  spec.completionPolicy ??= {};
  spec.completionPolicy.type ||= 'Always';
  spec.parallelism ??= unlimited;
  spec.failurePolicy ??= {};
  spec.failurePolicy.type ||= 'FailFast';
}

function setPullDefaults(spec: ImagePullTemplate): void {
  spec.completionPolicy ??= {};
  spec.completionPolicy.type ||= 'Always';
  spec.pullPolicy ??= {};
  spec.pullPolicy.timeoutSeconds ??= pullTimeoutSeconds;
  spec.pullPolicy.backoffLimit ??= pullBackoffLimit;
}

function setImagePullJobDefaults({ spec }: ImagePullJob): void {
  if (!spec) return;
  setPullDefaults(spec);
  spec.imagePullPolicy ||= 'IfNotPresent';
}

function setImageListPullJobDefaults({ spec }: ImageListPullJob): void {
  if (spec) setPullDefaults(spec);
}

function setNodeImageDefaults({ spec }: NodeImage, now: string): void {
  for (const image of Object.values(spec?.images ?? {})) {
    for (const tag of image.tags ?? []) {
      tag.createdAt ??= now;
      tag.pullPolicy ??= {};
      tag.pullPolicy.timeoutSeconds ??= pullTimeoutSeconds;
      tag.pullPolicy.backoffLimit ??= pullBackoffLimit;
    }
    image.tags?.sort((a, b) => (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0));
  }
}
