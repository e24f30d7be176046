/** What is asked of every stored kind alike, from its examples. */
import type { Case, Step } from '../case.ts';
import { examples } from '../examples/index.ts';
import type { Example } from '../examples/example.ts';

/** Collection of the kind, in the case's namespace where it has one. */
export function collectionOf({ apiVersion, resource, clusterScoped }: Example): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return clusterScoped ? `${root}/${resource}` : `${root}/namespaces/{{ns}}/${resource}`;
}

export function nameOf({ names }: Example, which: 'a' | 'b' = 'a'): string {
  return names?.[which === 'a' ? 0 : 1] ?? `{{ns}}-${which}`;
}

export function pathOf(example: Example, which: 'a' | 'b' = 'a'): string {
  return `${collectionOf(example)}/${nameOf(example, which)}`;
}

/** `minimal` is named a, `full` is named b. */
export function objectOf(example: Example, form: 'minimal' | 'full', metadata: object = {}): object {
  const { apiVersion, kind } = example;
  const name = nameOf(example, form === 'minimal' ? 'a' : 'b');
  return { apiVersion, kind, metadata: { name, ...metadata }, ...example[form] };
}

export function createStep(
  example: Example,
  form: 'minimal' | 'full',
  { metadata, ...step }: Partial<Step> & { readonly metadata?: object } = {},
): Step {
  return { method: 'POST', path: collectionOf(example), body: objectOf(example, form, metadata), ...step };
}

/** Deletes what a case made outside its namespace, so that the next run finds its name free. */
function cleaned(example: Example, steps: readonly Step[]): Step[] {
  if (!example.clusterScoped) return [...steps];
  const gone = (which: 'a' | 'b'): Step => ({
    method: 'DELETE',
    path: `${pathOf(example, which)}?gracePeriodSeconds=0`,
    onlyCode: true,
  });
  const asText = JSON.stringify(steps);
  return [
    ...steps,
    ...(asText.includes(nameOf(example, 'a')) ? [gone('a')] : []),
    ...(asText.includes(nameOf(example, 'b')) ? [gone('b')] : []),
  ];
}

/** One case for each kind, or for those that `steps` has something to ask of. */
export function forEveryKind(
  area: string,
  name: string,
  steps: (example: Example) => readonly Step[],
): Case[] {
  return examples.flatMap((example) => {
    const own = steps(example);
    if (own.length === 0) return [];
    return [
      {
        area,
        name: `${example.apiVersion} ${example.kind}: ${name}`,
        steps: cleaned(example, own),
        ...(example.clusterScoped ? {} : { namespace: true }),
      },
    ];
  });
}
