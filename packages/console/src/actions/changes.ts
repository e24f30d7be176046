/**
 * What was changed in this tab, the last twenty, so that it can be taken back: a scale, an edit, the deletion of what can be made
 * again from its text. Taking back writes what was there before, on a trial first, and only where nobody has changed the object since;
 * whoever has, would lose it otherwise. Pods, nodes, claims and the like, whose text isn't what they were, are not among them.
 */
import { useSyncExternalStore } from 'react';
import { addressOf, createObject, getObject, type ApiObject, type Place } from '#api/objects.ts';
import { queryClient } from '#api/queries.ts';
import { request } from '#api/request.ts';
import { StatusError } from '#api/status-error.ts';
import { objectPath, type KindEntry } from '#kinds/kind.ts';

type ChangedKind = Pick<KindEntry, 'resource' | 'group' | 'version' | 'plural' | 'isNamespaced'>;

export interface Change {
  readonly id: number;
  readonly atMs: number;
  readonly cluster: string;
  readonly kind: ChangedKind;
  readonly place: Place;
  readonly what: 'scale' | 'edit' | 'delete';
  readonly before: ApiObject;
  /** Nothing where it was deleted. */
  readonly after?: ApiObject;
}

export class ChangedSince extends Error {}

const changesMax = 20;

/** Kinds that are all in their text, and whose deletion takes nothing else away that can't be made again. */
const remakable: ReadonlySet<string> = new Set([
  'deployments.apps',
  'daemonsets.apps',
  'statefulsets.apps',
  'cronjobs.batch',
  'services',
  'configmaps',
  'ingresses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
  'resourcequotas',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
  'daemonsets.apps.kruise.io',
]);

export function isRemakable(resource: string): boolean {
  return remakable.has(resource);
}

let changes: readonly Change[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

export function noteChange(change: Omit<Change, 'id' | 'atMs'>): Change {
  const noted = { ...change, id: nextId++, atMs: Date.now() };
  set([noted, ...changes].slice(0, changesMax));
  return noted;
}

export function useChanges(): readonly Change[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => changes,
  );
}

/** @throws ChangedSince; StatusError where the server refuses it */
export async function takeBack(change: Change): Promise<void> {
  if (change.what === 'delete') await remake(change);
  else await putBack(change);
  set(changes.filter(({ id }) => id !== change.id));
  await queryClient.invalidateQueries({ queryKey: ['object', change.cluster] });
}

async function remake({ cluster, kind, place, before }: Change): Promise<void> {
  const object = fresh(before);
  const where = { namespace: place.namespace };
  try {
    await createObject(cluster, kind, object, { ...where, dryRun: true });
  } catch (error) {
    if (error instanceof StatusError && error.code === 409) throw new ChangedSince();
    throw error;
  }
  await createObject(cluster, kind, object, where);
}

async function putBack({ cluster, kind, place, before, after }: Change): Promise<void> {
  const now = await getObject(cluster, kind, place);
  if (!after || !isSame(now, after)) throw new ChangedSince();
  const { status: _status, ...rest } = before;
  const body = {
    ...rest,
    metadata: { ...before.metadata, resourceVersion: now.metadata.resourceVersion },
  };
  const { namespace, name } = place;
  const path = addressOf(cluster, objectPath(kind, { ...(namespace ? { namespace } : {}), name }));
  await request(path, { method: 'PUT', body, query: { dryRun: 'All' } });
  await request(path, { method: 'PUT', body, query: { fieldManager: 'skerry-console' } });
}

/** What only the server writes, and what its controllers write about their own work, says nothing about who meant what. */
const ofServer = ['resourceVersion', 'generation', 'managedFields', 'uid', 'creationTimestamp', 'selfLink'];
const ofControllers = ['deployment.kubernetes.io/revision', 'deprecated.daemonset.template.generation'];

export function isSame(one: ApiObject, other: ApiObject): boolean {
  return canonical(meant(one)) === canonical(meant(other));
}

function meant({ status: _status, apiVersion: _version, kind: _kind, ...object }: ApiObject): object {
  const annotations = without(object.metadata.annotations ?? {}, ofControllers);
  return { ...object, metadata: { ...without(object.metadata, ofServer), annotations } };
}

/** As it can be made anew: without what said which one it was. */
export function fresh({ status: _status, ...object }: ApiObject): ApiObject {
  return {
    ...object,
    metadata: without(object.metadata, [
      ...ofServer,
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
    ]) as ApiObject['metadata'],
  };
}

function without(map: object, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(
          Object.entries(part)
            .filter(([, one]) => one !== undefined)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : part,
  );
}

function set(next: readonly Change[]): void {
  changes = next;
  for (const listener of listeners) listener();
}
