/** Whether a component can go: nobody needs it, and nothing is left that its definitions define. */
import type { AnyObject } from '@skerry/api';
import type { ClusterObjects } from '#components/cluster-objects.ts';
import type { ObjectName } from '#components/component.ts';
import type { TaskSaying } from '#contract/index.ts';

const shownMax = 20;

interface DefinitionSpec {
  readonly group: string;
  readonly scope: string;
  readonly names: { readonly plural: string; readonly kind: string };
  readonly versions: readonly { readonly name: string; readonly storage: boolean }[];
}

/** Objects of the component's definitions that somebody made; empty where there is none. */
export async function remainingObjects(
  objects: ClusterObjects,
  inventory: readonly ObjectName[],
  ownResources: readonly string[],
): Promise<TaskSaying[]> {
  const remaining: TaskSaying[] = [];
  for (const name of inventory.filter(({ kind }) => kind === 'CustomResourceDefinition')) {
    if (ownResources.includes(name.name)) continue;
    const definition = await objects.get(name);
    const spec = definition?.['spec'] as DefinitionSpec | undefined;
    const version = spec?.versions.find(({ storage }) => storage)?.name;
    if (!spec || version === undefined) continue;
    const ref = {
      group: spec.group,
      version,
      kind: spec.names.kind,
      resource: spec.names.plural,
      namespaced: spec.scope === 'Namespaced',
    };
    const found = await objects.some(ref, shownMax + 1);
    remaining.push(
      ...found
        .slice(0, shownMax)
        .map((object): TaskSaying => ({ code: 'stillThere', values: { object: words(ref, object) } })),
    );
    if (found.length > shownMax)
      remaining.push({ code: 'moreStillThere', values: { resource: `${ref.resource}.${ref.group}` } });
  }
  return remaining;
}

function words(ref: { resource: string; group: string }, { metadata }: AnyObject): string {
  const place = metadata?.namespace ? `${metadata.namespace}/` : '';
  return `${ref.resource}.${ref.group} ${place}${metadata?.name}`;
}
