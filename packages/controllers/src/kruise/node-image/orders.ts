/**
 * The orders in a NodeImage, free of I/O: which are no longer wanted, and which a node did not answer in time.
 * An order is one tag of one image with a version; its answer is the status of that tag with the same version.
 */
import type {
  NodeImage,
  NodeImageSpec,
  NodeImageStatus,
  NodeImageTag,
  NodeImageTagStatus,
} from '@skerry/api';
import { kruiseGroup } from '#kruise/kinds/refs.ts';
import { isSame } from '#runtime/canonical.ts';
import { timestamp } from '#runtime/status.ts';

type Owner = NonNullable<NodeImageTag['ownerReferences']>[number];

/** A node that has said nothing of an order for so long is taken to have failed. */
export const silenceMaxMs = 10 * 60_000;

export function statusOfTag(
  { status }: NodeImage,
  name: string,
  { tag, version = 0 }: Pick<NodeImageTag, 'tag' | 'version'>,
): NodeImageTagStatus | undefined {
  const tags = status?.imageStatuses?.[name]?.tags ?? [];
  return tags.find((one) => one.tag === tag && (one.version ?? 0) === version);
}

export interface Kept {
  /** The images that stay, or nothing where all do. */
  readonly images: Record<string, NodeImageSpec> | undefined;
  /** When the next one goes by itself. */
  readonly waitMs: number | undefined;
}

/** Without orders whose jobs have all gone, and those whose time after their end is over. */
export function keptOrders(
  image: NodeImage,
  { exists, nowMs }: { readonly exists: (owner: Owner) => boolean; readonly nowMs: number },
): Kept {
  let waitMs: number | undefined;
  const images: Record<string, NodeImageSpec> = {};
  for (const [name, spec] of Object.entries(image.spec?.images ?? {})) {
    const tags: NodeImageTag[] = [];
    for (const tag of spec.tags) {
      if (tag.createdAt === undefined) continue;
      const owners = tag.ownerReferences?.filter((owner) => !isPullJob(owner) || exists(owner));
      if (tag.ownerReferences?.length && owners?.length === 0) continue;
      const leftMs = untilForgotten(tag, statusOfTag(image, name, tag), nowMs);
      if (leftMs !== undefined && leftMs <= 0) continue;
      if (leftMs !== undefined) waitMs = Math.min(waitMs ?? Infinity, leftMs);
      tags.push(owners ? { ...tag, ownerReferences: owners } : tag);
    }
    if (tags.length > 0) images[name] = { ...spec, tags };
  }
  return { images: isSame(images, image.spec?.images ?? {}) ? undefined : images, waitMs };
}

function isPullJob({ apiVersion = '', kind }: Owner): boolean {
  return kind === 'ImagePullJob' && apiVersion.startsWith(`${kruiseGroup}/`);
}

function untilForgotten(
  { pullPolicy }: NodeImageTag,
  status: NodeImageTagStatus | undefined,
  nowMs: number,
): number | undefined {
  const ttlSeconds = pullPolicy?.ttlSecondsAfterFinished;
  if (ttlSeconds === undefined || !status?.completionTime) return undefined;
  return Date.parse(status.completionTime) + ttlSeconds * 1000 - nowMs;
}

export interface Settled {
  /** With failures for what was not answered; nothing where there is none. */
  readonly status: NodeImageStatus | undefined;
  readonly failed: readonly {
    readonly image: string;
    readonly tag: NodeImageTag;
    readonly message: string;
  }[];
  readonly waitMs: number | undefined;
}

export function settledStatus(image: NodeImage, nowMs: number): Settled {
  const failed: { image: string; tag: NodeImageTag; message: string }[] = [];
  const imageStatuses = structuredClone(image.status?.imageStatuses) ?? {};
  let waitMs: number | undefined;
  for (const [name, { tags }] of Object.entries(image.spec?.images ?? {})) {
    for (const tag of tags) {
      const known = statusOfTag(image, name, tag);
      const due = deadlineOf(tag, known);
      if (!due) continue;
      const leftMs = due.atMs - nowMs;
      if (leftMs > 0) {
        waitMs = Math.min(waitMs ?? Infinity, leftMs);
        continue;
      }
      failed.push({ image: `${name}:${tag.tag}`, tag, message: due.message });
      const statuses = (imageStatuses[name] ??= { tags: [] });
      statuses.tags = [
        ...statuses.tags.filter((one) => one.tag !== tag.tag),
        {
          ...known,
          tag: tag.tag,
          version: tag.version ?? 0,
          phase: 'Failed' as const,
          completionTime: timestamp(nowMs),
          message: due.message,
        },
      ].sort((a, b) => (a.tag < b.tag ? -1 : 1));
    }
  }
  if (failed.length === 0) return { status: undefined, failed, waitMs };
  return { status: countedStatus(image, imageStatuses), failed, waitMs };
}

/** When an order that is not answered, or not done, has failed, and why. */
function deadlineOf(
  tag: NodeImageTag,
  known: NodeImageTagStatus | undefined,
): { atMs: number; message: string } | undefined {
  if (!tag.createdAt || known?.completionTime) return undefined;
  const orderedMs = Date.parse(tag.createdAt);
  if (!known) {
    return { atMs: orderedMs + silenceMaxMs, message: 'node has not responded for a long time' };
  }
  const seconds = tag.pullPolicy?.activeDeadlineSeconds;
  if (seconds === undefined) return undefined;
  return {
    atMs: orderedMs + seconds * 1000 + silenceMaxMs,
    message: 'pulling exceeds the activeDeadlineSeconds',
  };
}

/** The numbers, and only what the orders are about. */
export function countedStatus(
  image: NodeImage,
  statuses: NonNullable<NodeImageStatus['imageStatuses']>,
): NodeImageStatus {
  const counts = { desired: 0, succeeded: 0, failed: 0, pulling: 0, waiting: 0 };
  const imageStatuses: NonNullable<NodeImageStatus['imageStatuses']> = {};
  for (const [name, { tags }] of Object.entries(image.spec?.images ?? {})) {
    counts.desired += tags.length;
    const wanted = new Set(tags.map(({ tag }) => tag));
    const kept = (statuses[name]?.tags ?? []).filter(({ tag }) => wanted.has(tag));
    for (const { phase } of kept) {
      if (phase === 'Succeeded') counts.succeeded++;
      else if (phase === 'Failed') counts.failed++;
      else if (phase === 'Pulling') counts.pulling++;
      else counts.waiting++;
    }
    if (kept.length > 0) imageStatuses[name] = { tags: kept };
  }
  return { ...image.status, ...counts, imageStatuses };
}
