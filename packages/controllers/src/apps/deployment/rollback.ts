/**
 * Going back to an earlier revision as the first API of Deployments asked for it; later ones carry the wish as an annotation.
 * `kubectl rollout undo` doesn't use it: it sends the earlier template itself.
 */
import type { Deployment, ReplicaSet } from '@skerry/api';
import type { RecordedEvent } from '@skerry/client';
import { isSame } from '#runtime/canonical.ts';
import { notCopied, revisionOf, rollbackAnnotation, withoutHash } from '#apps/deployment/revision.ts';

/** 0 stands for the revision before the present one. */
export function rollbackRevisionOf({ metadata }: Deployment): bigint | undefined {
  const text = metadata.annotations?.[rollbackAnnotation] ?? '';
  return /^[+-]?\d{1,18}$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
}

/** The Deployment without the wish, with the template of the revision where there is one, and what to tell of it. */
export function rolledBack(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  wanted: bigint,
): { deployment: Deployment; event: RecordedEvent } {
  const revision = wanted === 0n ? revisionBefore(sets) : wanted;
  const source = sets.find((set) => revision !== 0n && revisionOf(set) === revision);
  if (!source) {
    const message =
      revision === 0n ? 'Unable to find last revision.' : 'Unable to find the revision to rollback to.';
    const event = { type: 'Warning', reason: 'DeploymentRollbackRevisionNotFound', message } as const;
    return { deployment: withoutWish(deployment), event };
  }
  const template = withoutHash(source.spec?.template) ?? {};
  const name = `deployment "${deployment.metadata.name}"`;
  if (isSame(template, withoutHash(deployment.spec?.template))) {
    const message = `The rollback revision contains the same template as current ${name}`;
    const event = { type: 'Warning', reason: 'DeploymentRollbackTemplateUnchanged', message } as const;
    return { deployment: withoutWish(deployment), event };
  }
  const back = withoutWish(deployment);
  const message = `Rolled back ${name} to revision ${revision}`;
  return {
    deployment: {
      ...back,
      metadata: { ...back.metadata, annotations: annotationsOf(back, source) },
      spec: { ...deployment.spec, selector: deployment.spec?.selector ?? {}, template },
    },
    event: { type: 'Normal', reason: 'DeploymentRollback', message },
  };
}

/** The second highest; 0 where there is none. */
function revisionBefore(sets: readonly ReplicaSet[]): bigint {
  let [last, before] = [0n, 0n];
  for (const revision of sets.map(revisionOf)) {
    if (revision >= last) [last, before] = [revision, last];
    else if (revision > before) before = revision;
  }
  return before;
}

function withoutWish(deployment: Deployment): Deployment {
  const { [rollbackAnnotation]: _, ...annotations } = deployment.metadata.annotations ?? {};
  return { ...deployment, metadata: { ...deployment.metadata, annotations } };
}

/** Those of the set, but for what each says of itself alone. */
function annotationsOf(deployment: Deployment, set: ReplicaSet): Record<string, string> {
  const entriesOf = (of: Deployment | ReplicaSet) => Object.entries(of.metadata.annotations ?? {});
  return Object.fromEntries([
    ...entriesOf(deployment).filter(([name]) => notCopied.has(name)),
    ...entriesOf(set).filter(([name]) => !notCopied.has(name)),
  ]);
}
