/** Putting the order of an ImagePullJob into a NodeImage; free of I/O. */
import type { NodeImage, NodeImageSpec, NodeImageTag } from '@skerry/api';
import type { ImagePullJob } from '#kruise/kinds/image-pull.ts';
import { kruiseGroup, kruiseVersion } from '#kruise/kinds/refs.ts';
import { nameAndTag } from '#kruise/image-pull-job/image-name.ts';
import { timestamp } from '#runtime/status.ts';

type SecretReference = NonNullable<NodeImageSpec['pullSecrets']>[number];

export interface OrderOptions {
  readonly secrets: readonly SecretReference[];
  readonly nowMs: number;
  /** 0 to below 1: spreads when orders are forgotten. */
  readonly random: number;
}

/** A copy with the order in it; undefined where it is there already. */
export function withOrder(image: NodeImage, job: ImagePullJob, options: OrderOptions): NodeImage | undefined {
  const named = nameAndTag(job.spec?.image ?? '');
  if (!named) return undefined;
  const copy = structuredClone(image);
  const images = ((copy.spec ??= {}).images ??= {});
  const spec = (images[named.name] ??= { tags: [] });
  const known = spec.tags.find(({ tag }) => tag === named.tag);
  if (known?.ownerReferences?.some(({ uid }) => uid === job.metadata.uid)) return undefined;
  if (job.spec?.sandboxConfig) spec.sandboxConfig = job.spec.sandboxConfig;
  else delete spec.sandboxConfig;
  addSecrets(spec, options.secrets);
  const tag = known ?? { tag: named.tag, version: lastVersion(image, named) };
  // A new version makes the node pull again, for this job.
  tag.version = (tag.version ?? 0) + 1;
  tag.createdAt = timestamp(options.nowMs);
  tag.ownerReferences = [...(tag.ownerReferences ?? []), ownerOf(job)];
  tag.pullPolicy ??= policyOf(job, options.random);
  if (job.spec?.imagePullPolicy) tag.imagePullPolicy = job.spec.imagePullPolicy;
  if (!known) spec.tags.push(tag);
  spec.tags.sort((a, b) => (a.tag < b.tag ? -1 : 1));
  return copy;
}

/** Of an order that has been forgotten, but not yet by the node. */
function lastVersion({ status }: NodeImage, { name, tag }: { name: string; tag: string }): number {
  return status?.imageStatuses?.[name]?.tags.find((one) => one.tag === tag)?.version ?? -1;
}

function addSecrets(spec: NodeImageSpec, secrets: readonly SecretReference[]): void {
  for (const secret of secrets) {
    const known = (spec.pullSecrets ?? []).some(
      ({ namespace, name }) => namespace === secret.namespace && name === secret.name,
    );
    if (!known) spec.pullSecrets = [...(spec.pullSecrets ?? []), secret];
  }
}

function ownerOf({ metadata }: ImagePullJob) {
  const { name, namespace, uid } = metadata;
  return { apiVersion: `${kruiseGroup}/${kruiseVersion}`, kind: 'ImagePullJob', name, namespace, uid };
}

const daySeconds = 24 * 3_600;
const neverDeadlineSeconds = 1_800;
/** How long an order stays after its end, beyond the job's own time. */
const keptSeconds = 300;

function policyOf({ spec }: ImagePullJob, random: number): NodeImageTag['pullPolicy'] {
  const { timeoutSeconds = 600, backoffLimit = 3 } = spec?.pullPolicy ?? {};
  const { type, activeDeadlineSeconds, ttlSecondsAfterFinished } = spec?.completionPolicy ?? {};
  const spread = Math.floor(random * keptSeconds);
  if (type === 'Never') {
    return {
      timeoutSeconds,
      backoffLimit,
      ttlSecondsAfterFinished: daySeconds + 4 * spread - 2 * keptSeconds,
      activeDeadlineSeconds: Math.max(neverDeadlineSeconds, timeoutSeconds),
    };
  }
  const ownSeconds = ttlSecondsAfterFinished ?? activeDeadlineSeconds ?? timeoutSeconds * backoffLimit;
  return {
    timeoutSeconds,
    backoffLimit,
    ttlSecondsAfterFinished: ownSeconds + keptSeconds + spread,
    ...(activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds }),
  };
}
