/** Revisions of a Deployment: which ReplicaSet carries its template, and the number that `kubectl rollout history` lists. */
import type { Deployment, PodTemplateSpec, ReplicaSet } from '@skerry/api';
import { isSame } from '#runtime/canonical.ts';
import {
  byAge,
  desiredReplicasAnnotation,
  limits,
  maxReplicasAnnotation,
  replicasOf,
} from '#apps/deployment/rollout.ts';

export const templateHashLabel = 'pod-template-hash';
export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';

export const rollbackAnnotation = 'deprecated.deployment.rollback.to';

/** Of the Deployment's annotations these say something about it alone. */
export const notCopied: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  rollbackAnnotation,
]);

const historyLengthMax = 2_000;

/** 0 where none is written. A set that was adopted may bring a number beyond what a double tells apart. */
export function revisionOf(object: Deployment | ReplicaSet): bigint {
  const text = object.metadata.annotations?.[revisionAnnotation] ?? '';
  return /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
}

export function compareRevisions(a: ReplicaSet, b: ReplicaSet): number {
  const [left, right] = [revisionOf(a), revisionOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

export function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec | undefined {
  if (!template?.metadata?.labels?.[templateHashLabel]) return template;
  const { [templateHashLabel]: _, ...labels } = template.metadata.labels;
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** The oldest set with the Deployment's template; there is more than one only after a race. */
export function findNewSet(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const template = withoutHash(deployment.spec?.template);
  return sets.toSorted(byAge).find((set) => isSame(withoutHash(set.spec?.template), template));
}

/** The annotations that a set should carry: the Deployment's own, the revision, and what it was sized for. */
export function annotationsFor(
  deployment: Deployment,
  { set, revision }: { readonly set: ReplicaSet | undefined; readonly revision: bigint },
): Record<string, string> {
  const annotations: Record<string, string> = { ...set?.metadata.annotations };
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!notCopied.has(name)) annotations[name] = value;
  }
  const old = set ? revisionOf(set) : 0n;
  if (old < revision) {
    annotations[revisionAnnotation] = String(revision);
    if (old > 0n) {
      const history = annotations[revisionHistoryAnnotation];
      const next = history ? `${history},${old}` : String(old);
      annotations[revisionHistoryAnnotation] =
        next.length > historyLengthMax ? next.slice(next.indexOf(',') + 1) : next;
    }
  }
  return annotations;
}

export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const wanted = replicasOf(deployment);
  return {
    [desiredReplicasAnnotation]: String(wanted),
    [maxReplicasAnnotation]: String(wanted + limits(deployment).maxSurge),
  };
}
