/** What installing, changing or removing a component would do, asked of the cluster itself without doing it. */
import { type AnyObject, isApiError } from '@skerry/api';
import { stringify } from 'yaml';
import type { ComponentPlan, TaskSaying } from '#contract/index.ts';
import { type ClusterObjects, isSameObject, nameOf, wordsOf } from '#components/cluster-objects.ts';
import { componentLabel, type ObjectName } from '#components/component.ts';
import { textDiff } from '#components/text-diff.ts';

type Change = ComponentPlan['changes'][number];

/** Changes of applying `manifests` over what is there, and of removing what `before` lists and they don't have. */
export async function planChanges(
  objects: ClusterObjects,
  { manifests, before }: { readonly manifests: readonly AnyObject[]; readonly before: readonly ObjectName[] },
): Promise<Change[]> {
  const changes: Change[] = [];
  for (const manifest of manifests) {
    const name = nameOf(manifest);
    const old = await objects.get(name);
    const next = await dryRun(objects, manifest);
    const diff = textDiff(old ? shown(old) : '', shown(next));
    if (!old) changes.push({ object: wordsOf(name), change: 'create', diff });
    else if (diff !== '') changes.push({ object: wordsOf(name), change: 'update', diff });
  }
  for (const name of prunable(before, manifests)) {
    const old = await objects.get(name);
    if (old) changes.push({ object: wordsOf(name), change: 'delete', diff: textDiff(shown(old), '') });
  }
  return changes;
}

/** What was there and is no longer wanted, last first. */
export function prunable(before: readonly ObjectName[], manifests: readonly AnyObject[]): ObjectName[] {
  const wanted = manifests.map(nameOf);
  return before.filter((name) => !wanted.some((other) => isSameObject(name, other))).toReversed();
}

/** Objects of the same names that are not the component's: taking them over would be theft. */
export async function foreignObjects(
  objects: ClusterObjects,
  manifests: readonly AnyObject[],
  { component, before }: { readonly component: string; readonly before: readonly ObjectName[] },
): Promise<TaskSaying[]> {
  const foreign: TaskSaying[] = [];
  for (const manifest of manifests) {
    const name = nameOf(manifest);
    // A namespace holds more than one component.
    if (name.kind === 'Namespace' || before.some((known) => isSameObject(known, name))) continue;
    const owner = (await objects.get(name))?.metadata?.labels?.[componentLabel];
    if (owner === component) continue;
    if (owner !== undefined || (await objects.get(name)) !== undefined)
      foreign.push(
        owner === undefined
          ? { code: 'notOfThis', values: { object: wordsOf(name) } }
          : { code: 'ofAnother', values: { object: wordsOf(name), component: owner } },
      );
  }
  return foreign;
}

/** What would be; the manifest itself where its kind or namespace is yet to come. */
async function dryRun(objects: ClusterObjects, manifest: AnyObject): Promise<AnyObject> {
  if (!(await objects.ref(nameOf(manifest)))) return manifest;
  try {
    return await objects.apply(manifest, { dryRun: true });
  } catch (error) {
    if (isApiError(error, 'NotFound')) return manifest;
    throw error;
  }
}

/** Without what the server keeps for itself. */
function shown(object: AnyObject): string {
  const { status: _status, metadata = {}, ...rest } = object;
  const { name, namespace, labels, annotations } = metadata;
  return stringify(
    { ...rest, metadata: { name, namespace, labels, annotations } },
    { lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries: true },
  );
}
