/** How far an ImagePullJob is, from what nodes say; free of I/O. */
import type { NodeImage } from '@skerry/api';
import type { ImagePullJob, ImagePullJobStatus } from '#kruise/kinds/image-pull.ts';
import { nameAndTag } from '#kruise/image-pull-job/image-name.ts';
import { statusOfTag } from '#kruise/node-image/orders.ts';
import { timestamp } from '#runtime/status.ts';

export interface JobProgress {
  readonly status: ImagePullJobStatus;
  /** Names of nodes that have not been told yet, in order. */
  readonly untold: readonly string[];
  /** When the job's time is over by itself. */
  readonly waitMs: number | undefined;
}

export interface ProgressOptions {
  readonly nowMs: number;
  /** Whether more nodes may be about to come, so that a job with no more to do has not ended. */
  readonly mayGrow?: boolean;
}

export function jobProgress(
  job: ImagePullJob,
  targets: readonly NodeImage[],
  { nowMs, mayGrow = false }: ProgressOptions,
): JobProgress {
  const groups = sorted(job, targets);
  const { type = 'Always', activeDeadlineSeconds } = job.spec?.completionPolicy ?? {};
  const startTime = job.status?.startTime ?? timestamp(nowMs);
  const status: ImagePullJobStatus = {
    startTime,
    desired: targets.length,
    active: groups.active.length,
    succeeded: groups.succeeded.length,
    failed: groups.failed.length,
    ...(groups.failed.length > 0 ? { failedNodes: groups.failed } : {}),
  };
  const running = { ...status, message: message(status) };
  if (type === 'Never') return { status: running, untold: groups.untold, waitMs: undefined };
  if (!mayGrow && groups.succeeded.length + groups.failed.length === targets.length) {
    const completionTime = timestamp(nowMs);
    const ended = { ...status, completionTime, message: 'job has completed' };
    return { status: ended, untold: [], waitMs: undefined };
  }
  const leftMs =
    activeDeadlineSeconds === undefined
      ? undefined
      : Date.parse(startTime) + activeDeadlineSeconds * 1000 - nowMs;
  return leftMs !== undefined && leftMs <= 0
    ? { status: overdue(status, groups, nowMs), untold: [], waitMs: undefined }
    : { status: running, untold: groups.untold, waitMs: leftMs };
}

type Groups = Record<'active' | 'succeeded' | 'failed' | 'untold', string[]>;

function sorted(job: ImagePullJob, targets: readonly NodeImage[]): Groups {
  const groups: Groups = { active: [], succeeded: [], failed: [], untold: [] };
  const image = nameAndTag(job.spec?.image ?? '');
  for (const target of targets.toSorted((a, b) =>
    (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1,
  )) {
    groups[image ? groupOf(job, target, image) : 'failed'].push(target.metadata.name ?? '');
  }
  return groups;
}

function groupOf(
  { metadata }: ImagePullJob,
  target: NodeImage,
  { name, tag }: { name: string; tag: string },
): keyof Groups {
  const order = target.spec?.images?.[name]?.tags.find((one) => one.tag === tag);
  if (!order?.ownerReferences?.some(({ uid }) => uid === metadata.uid)) return 'untold';
  const phase = statusOfTag(target, name, order)?.phase;
  if (phase === 'Succeeded') return 'succeeded';
  return phase === 'Failed' ? 'failed' : 'active';
}

function overdue(status: ImagePullJobStatus, groups: Groups, nowMs: number): ImagePullJobStatus {
  const failedNodes = [...groups.failed, ...groups.active, ...groups.untold].sort();
  return {
    ...status,
    active: 0,
    failed: failedNodes.length,
    failedNodes,
    completionTime: timestamp(nowMs),
    message: 'job exceeds activeDeadlineSeconds',
  };
}

function message({ desired = 0, succeeded = 0, failed = 0 }: ImagePullJobStatus): string {
  if (desired === 0) return 'job is running, no progress';
  return `job is running, progress ${((100 * (succeeded + failed)) / desired).toFixed(1)}%`;
}
