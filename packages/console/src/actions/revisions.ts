/**
 * Revisions of a Deployment are its ReplicaSets, those of a DaemonSet or StatefulSet its ControllerRevisions. Newest first.
 */
import { getObject, listObjects, patchObject, type ApiObject, type Place } from '#api/objects.ts';
import { kindOf } from '#kinds/built-in.ts';
import type { KindEntry } from '#kinds/kind.ts';
import { selectorText } from '#kinds/selector.ts';
import { listAt, numberAt, textAt, valueAt } from '#kinds/values.ts';

export interface Revision {
  readonly revision: number;
  readonly images: readonly string[];
  readonly created: string | undefined;
  readonly cause: string | undefined;
  /** What a patch sets to go back to it. */
  readonly template: object;
}

const controllerRevisions = {
  group: 'apps',
  version: 'v1',
  plural: 'controllerrevisions',
  isNamespaced: true,
} as const;
const revisionAnnotation = 'deployment.kubernetes.io/revision';
const causeAnnotation = 'kubernetes.io/change-cause';
const hashLabel = 'pod-template-hash';

export async function fetchRevisions(
  cluster: string,
  kind: KindEntry,
  place: Place,
): Promise<readonly Revision[]> {
  const owner = await getObject(cluster, kind, place);
  const isDeployment = kind.resource === 'deployments.apps';
  const { items } = await listObjects(
    cluster,
    isDeployment ? kindOf('replicasets.apps') : controllerRevisions,
    {
      namespace: place.namespace,
      labelSelector: selectorText(valueAt(owner, 'spec', 'selector')),
    },
  );
  return items
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid))
    .map((item) => (isDeployment ? ofReplicaSet(item) : ofControllerRevision(item)))
    .filter(({ revision }) => revision > 0)
    .sort((one, other) => other.revision - one.revision);
}

export async function rollBack(
  cluster: string,
  kind: KindEntry,
  place: Place,
  { template }: Revision,
): Promise<void> {
  if (kind.resource === 'deployments.apps') {
    await patchObject(cluster, kind, place, [{ op: 'replace', path: '/spec/template', value: template }], {
      type: 'json',
    });
  } else {
    await patchObject(cluster, kind, place, template, { type: 'strategic' });
  }
}

function ofReplicaSet(replicaSet: ApiObject): Revision {
  const template = valueAt(replicaSet, 'spec', 'template') as {
    metadata?: { labels?: Record<string, string> };
  };
  const { [hashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return {
    revision: Number(replicaSet.metadata.annotations?.[revisionAnnotation] ?? 0),
    images: imagesOf(template),
    created: replicaSet.metadata.creationTimestamp,
    cause: replicaSet.metadata.annotations?.[causeAnnotation],
    template: { ...template, metadata: { ...template.metadata, labels } },
  };
}

function ofControllerRevision(revision: ApiObject): Revision {
  const data = (valueAt(revision, 'data') ?? {}) as object;
  return {
    revision: numberAt(revision, 'revision') ?? 0,
    images: imagesOf(valueAt(data, 'spec', 'template')),
    created: revision.metadata.creationTimestamp,
    cause: revision.metadata.annotations?.[causeAnnotation],
    template: data,
  };
}

function imagesOf(template: unknown): readonly string[] {
  return listAt(template, 'spec', 'containers').flatMap((container) => textAt(container, 'image') ?? []);
}
