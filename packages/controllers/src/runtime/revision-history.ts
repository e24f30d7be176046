/**
 * The past templates of a set of pods, each in a ControllerRevision that `kubectl rollout history` lists and
 * `kubectl rollout undo` sends back as a strategic merge patch.
 */
import { isApiError, labelSelectorFrom } from '@skerry/api';
import type { ControllerRevision, LabelSelectorObject, ObjectMeta, Pod, PodTemplateSpec } from '@skerry/api';
import { resources } from '@skerry/client';
import type { ApiClient, Informer, ResourceRef } from '@skerry/client';
import { canonical, hashName, isSame } from '#runtime/canonical.ts';
import { claim, isControlledBy, ownerReferenceTo } from '#runtime/ownership.ts';

export const revisionHashLabel = 'controller-revision-hash';
export const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';

/** A set of pods whose templates are kept. */
export interface Revisioned {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec?: {
    selector: LabelSelectorObject;
    template: PodTemplateSpec;
    revisionHistoryLimit?: number;
  };
  status?: { collisionCount?: number };
}

export interface RevisionOptions {
  readonly ref: ResourceRef;
  readonly revisions: Informer<ControllerRevision>;
  /** The label of a revision that holds the hash of its template. */
  readonly hashLabel?: string;
}

export interface History {
  readonly current: ControllerRevision;
  readonly old: readonly ControllerRevision[];
}

export function hashOf(revision: ControllerRevision): string {
  return revision.metadata.labels?.[revisionHashLabel] ?? '';
}

/** Makes or renews the revision of the present template; the rest is returned as old. */
export async function syncHistory(
  client: ApiClient,
  set: Revisioned,
  { ref, revisions, hashLabel = revisionHashLabel }: RevisionOptions,
): Promise<History> {
  const known = await claim({
    client,
    owner: set,
    ownerRef: ref,
    selector: labelSelectorFrom(set.spec?.selector),
    resource: resources.controllerRevisions,
    informer: revisions,
  });
  const data = dataOf(set);
  const newestFirst = known.toSorted((a, b) => b.revision - a.revision);
  const equal = newestFirst.find((revision) => isSame(revision.data, data));
  const old = newestFirst.filter((revision) => revision !== equal);
  const next = (old[0]?.revision ?? 0) + 1;
  const store = client.resource<ControllerRevision>(resources.controllerRevisions);
  if (equal && equal.revision >= next) return { current: equal, old };
  if (equal) return { current: await store.update({ ...equal, revision: next }), old };
  return { current: await create(client, set, { ref, data, revision: next, hashLabel }), old };
}

/** With keys in order: clients compare revisions byte by byte with what they would write. */
function dataOf(set: Revisioned): Record<string, unknown> {
  return canonical({ spec: { template: { ...set.spec?.template, $patch: 'replace' } } });
}

async function create(
  client: ApiClient,
  set: Revisioned,
  given: { ref: ResourceRef; data: Record<string, unknown>; revision: number; hashLabel: string },
): Promise<ControllerRevision> {
  const { ref, data, revision, hashLabel } = given;
  const store = client.resource<ControllerRevision>(resources.controllerRevisions);
  const { name = '', namespace, annotations } = set.metadata;
  for (let collisions = set.status?.collisionCount ?? 0; ; collisions++) {
    const hash = hashName(data, collisions);
    const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...copied } = annotations ?? {};
    const made: ControllerRevision = {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name: `${name.slice(0, 242)}-${hash}`,
        namespace,
        labels: { ...set.spec?.template.metadata?.labels, [hashLabel]: hash },
        annotations: copied,
        ownerReferences: [ownerReferenceTo(set, ref)],
      },
      data: data as ControllerRevision['data'],
      revision,
    };
    try {
      return await store.create(made);
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
      const existing = await store.get(made.metadata.name ?? '', { namespace });
      if (isControlledBy(existing, set) && isSame(existing.data, data)) return existing;
      if (collisions > 16) throw error;
    }
  }
}

/** Deletes old revisions beyond the limit that no pod carries, lowest first. */
export async function trimHistory(
  client: ApiClient,
  set: Revisioned,
  { old, pods }: { readonly old: readonly ControllerRevision[]; readonly pods: () => readonly Pod[] },
): Promise<void> {
  const excess = old.length - (set.spec?.revisionHistoryLimit ?? 10);
  if (excess <= 0) return;
  const live = new Set(pods().map(({ metadata }) => metadata.labels?.[revisionHashLabel]));
  const idle = old.filter((revision) => !live.has(hashOf(revision)));
  await deleteLowest(client, idle, excess);
}

/** Deletes the first `count` revisions. */
export async function deleteLowest(
  client: ApiClient,
  revisions: readonly ControllerRevision[],
  count: number,
): Promise<void> {
  const lowestFirst = revisions.toSorted((a, b) => a.revision - b.revision);
  for (const { metadata } of lowestFirst.slice(0, Math.max(0, count))) {
    await client
      .resource(resources.controllerRevisions)
      .delete(metadata.name ?? '', {
        namespace: metadata.namespace,
        preconditions: { uid: metadata.uid },
      })
      .catch((error: unknown) => {
        if (!isApiError(error, 'NotFound')) throw error;
      });
  }
}
